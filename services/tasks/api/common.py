"""What the routes of tasks share: its rules' settings, scopes, the moment asked about, and a task as the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.queries.status import moment
from services.tasks.queries.tasks import get_task
from services.tasks.schemas.common import Day
from services.tasks.schemas.tasks import TaskOut
from shared.errors import NotFound
from shared.http.app import CurrentContext, with_scope
from shared.http.auth import Caller
from shared.http.moments import KnownAt, known_instant, settled_instant
from shared.http.preconditions import set_etag
from shared.runtime.clock import local_date
from shared.runtime.database import AnyRow, Change


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator may set about the rules."""

    due_soon_days: int
    before_includes_day: bool


def current_rules(request: Request) -> Rules:
    rules = request.app.state.rules
    assert isinstance(rules, Rules)  # noqa: S101 - app.state is untyped
    return rules


CurrentRules = Annotated[Rules, Depends(current_rules)]
Reader = Annotated[Caller, with_scope("tasks.read")]
Reporter = Annotated[Caller, with_scope("tasks.report")]
Manager = Annotated[Caller, with_scope("tasks.manage")]
EARLIEST = date(1945, 9, 2)
AsOf = Annotated[Day | None, Query(description="the day asked about; today by default")]
CodeInPath = Annotated[str, Path(max_length=64)]
CodeFilter = Annotated[str | None, Query(min_length=1, max_length=64)]


def asked_moment(
    context: CurrentContext, rules: CurrentRules, as_of: AsOf = None, known_at: KnownAt = None
) -> dict[str, Any]:
    """The day and the state of knowledge that a question is about."""
    now = context.clock.now()
    return moment(as_of or local_date(now), known_instant(known_at, now, EARLIEST), rules.due_soon_days)


def moment_of_change(change: Change, rules: Rules) -> dict[str, Any]:
    """The moment after a change: asked any earlier, its own facts would not be known yet."""
    return moment(local_date(change.at), change.at, rules.due_soon_days)


Moment = Annotated[dict[str, Any], Depends(asked_moment)]


async def settled_moment(context: CurrentContext, asked: Moment) -> dict[str, Any]:
    """The moment asked for, moved back before any change that is under way: figures must come back the same for ever."""
    return asked | {"known_at": await settled_instant(context, asked["known_at"])}


SettledMoment = Annotated[dict[str, Any], Depends(settled_moment)]


async def find_task(connection: AsyncConnection, task_id: UUID, asked: Mapping[str, Any]) -> AnyRow:
    row = await get_task(connection, task_id, asked)
    if row is None:
        raise NotFound(
            "task_unknown",
            f"Không có nhiệm vụ {task_id} tính đến {asked['as_of']:%d/%m/%Y}: kiểm tra mã, as_of và known_at.",
            f"There is no task {task_id} as of {asked['as_of']}: check the id, as_of and known_at.",
        )
    return row


async def changed_task(change: Change, task_id: UUID, rules: Rules, response: Response) -> TaskOut:
    """The task as the change left it, read in the change's own transaction."""
    await change.session.flush()
    row = await find_task(await change.session.connection(), task_id, moment_of_change(change, rules))
    set_etag(response, row.version)
    return TaskOut.of(row)
