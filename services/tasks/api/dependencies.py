"""Dependencies of the routes: rules from the settings, scopes, `as_of` and `known_at`, and the representation of a task."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from services.tasks.queries import projection
from services.tasks.queries.status import parameters
from services.tasks.queries.tasks import get_task
from services.tasks.schemas.fields import Day
from shared.errors import NotFound
from shared.http.auth import Caller
from shared.http.preconditions import set_etag
from shared.http.routes import CurrentActor, CurrentChange, CurrentContext, get_context, rules_of, with_scope
from shared.http.stable_reads import KnownAt, StableRead, check_known_at, stable_read_of_today
from shared.http.visibility import Visibility
from shared.keys.viewers import EVERYTHING, Viewer
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date
from shared.runtime.database import AnyRow, Change
from shared.runtime.stable_reads import AsOf


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's settings of the rules."""

    due_soon_days: int
    before_includes_day: bool


current_rules = rules_of(Rules)
CurrentRules = Annotated[Rules, Depends(current_rules)]
READ = "tasks.read"
Reader = Annotated[Caller, with_scope(READ, Visibility.PUBLIC)]
TaskReader = Annotated[Caller, with_scope(READ, Visibility.PUBLIC_FORM)]
ConcernedReader = Annotated[Caller, with_scope(READ, Visibility.CONCERNED)]
Reporter = Annotated[Caller, with_scope("tasks.report", Visibility.OWN)]
Manager = Annotated[Caller, with_scope("tasks.manage", Visibility.OFFICE)]
EARLIEST = date(1945, 9, 2)
# later than any change: all that is recorded counts, whoever's clock dated it
ALL_RECORDED = datetime(9999, 1, 1, tzinfo=UTC)
DayAsked = Annotated[Day | None, Query(description="the day asked about; today by default")]
CodeInPath = Annotated[str, Path(max_length=64)]
CodeFilter = Annotated[str | None, Query(min_length=1, max_length=64)]


async def asked_parameters(
    context: CurrentContext, rules: CurrentRules, as_of: DayAsked = None, known_at: KnownAt = None
) -> dict[str, Any]:
    """`as_of`, `known_at` and the rules as parameters of statements."""
    check_known_at(known_at, EARLIEST)
    asked = AsOf(as_of or local_date(context.clock.now()), known_at or ALL_RECORDED)
    return parameters(asked, rules.due_soon_days)


Asked = Annotated[dict[str, Any], Depends(asked_parameters)]


@dataclass(frozen=True, slots=True)
class ManagedChange:
    """A change by a caller with the scope `tasks.manage`; `response` takes the headers of its answer."""

    change: Change
    actor: Actor
    rules: Rules
    response: Response

    @property
    def session(self) -> AsyncSession:
        return self.change.session

    @property
    def at(self) -> datetime:
        return self.change.at

    async def connection(self) -> AsyncConnection:
        """The change's own connection, with all that it wrote."""
        await self.session.flush()
        return await self.session.connection()

    def parameters(self) -> dict[str, Any]:
        """Parameters of a query at the instant of the change; at an earlier instant it would not be known."""
        return parameters(AsOf(local_date(self.at), self.at), self.rules.due_soon_days)

    def set_location(self, path: str) -> None:
        self.response.headers["Location"] = f"/tasks/v1/{path}"


async def managed_change(
    change: CurrentChange, actor: CurrentActor, rules: CurrentRules, response: Response, _: Manager
) -> ManagedChange:
    return ManagedChange(change, actor, rules, response)


CurrentManagedChange = Annotated[ManagedChange, Depends(managed_change)]


def asks_today(request: Request, asked: Mapping[str, Any]) -> bool:
    """True for a question about today or a later day without `known_at`: by all that is recorded."""
    today = local_date(get_context(request).clock.now())
    return "known_at" not in request.query_params and asked["as_of"] >= today


async def read_stably(
    context: CurrentContext, as_of: DayAsked = None, known_at: KnownAt = None
) -> AsyncIterator[StableRead]:
    async with stable_read_of_today(context, as_of, known_at, EARLIEST) as stable:
        yield stable


Stable = Annotated[StableRead, Depends(read_stably, scope="function")]


async def find_task(
    connection: AsyncConnection, task_id: UUID, asked: Mapping[str, Any], viewer: Viewer
) -> AnyRow:
    """A task by the facts of a day."""
    row = await get_task(connection, task_id, asked, viewer)
    if row is None:
        raise task_unknown(task_id, asked["as_of"])
    return row


def task_unknown(task_id: UUID, as_of: date) -> NotFound:
    return NotFound(
        "task_unknown",
        f"Không có nhiệm vụ {task_id} tính đến {as_of:%d/%m/%Y}: kiểm tra mã, as_of và known_at.",
        f"There is no task {task_id} as of {as_of}: check the id, as_of and known_at.",
    )


async def task_today(
    connection: AsyncConnection, task_id: UUID, asked: Mapping[str, Any], viewer: Viewer
) -> Response:
    """The answer that a task is today, from the projection."""
    row = await projection.get_task(connection, task_id, asked, viewer)
    if row is None:
        raise task_unknown(task_id, asked["as_of"])
    response = Response(row.json, media_type="application/json")
    set_etag(response, row.version if row.concerned else None)
    return response


async def changed_task(change: ManagedChange, task_id: UUID, status: int = 200) -> Response:
    """The answer of a change of a task, read in its transaction; for the office, which alone makes it."""
    answer = await task_today(await change.connection(), task_id, change.parameters(), EVERYTHING)
    answer.status_code = status
    answer.headers.update(change.response.headers)
    return answer
