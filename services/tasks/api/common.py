"""What the routes of tasks share: its rules' settings, scopes, and values worked out from a request."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.commands import NewAssignment, Role
from services.tasks.queries.status import moment
from services.tasks.schemas import AssignmentIn
from services.tasks.use_cases.tasks import members_of
from shared.app import Context, CurrentContext, with_scope
from shared.auth import Caller
from shared.clock import LOCAL_ZONE, local_date
from shared.errors import InvalidInput
from shared.horizon import settled
from shared.pagination import DEFAULT_LIMIT, MAX_LIMIT


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
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
PageCursor = Annotated[str | None, Query(max_length=500)]
EARLIEST = date(1945, 9, 2)
AsOf = Annotated[
    date | None,
    Query(ge=EARLIEST, le=date(2200, 12, 31), description="the day asked about; today by default"),
]
KnownAt = Annotated[
    datetime | None, Query(description="by what was recorded up to this instant; now by default")
]
CodeInPath = Annotated[str, Path(max_length=64)]
DEFAULT_PAGE = DEFAULT_LIMIT


def asked_moment(
    context: CurrentContext, rules: CurrentRules, as_of: AsOf = None, known_at: KnownAt = None
) -> dict[str, Any]:
    """The day and the state of knowledge that a question is about. A naive instant is local time.

    What will be recorded is not known: an instant to come is answered as now, so that the answer holds for ever.
    """
    now = context.clock.now()
    known = known_at or now
    known = known if known.tzinfo else known.replace(tzinfo=LOCAL_ZONE)
    if known.year < EARLIEST.year:
        raise InvalidInput(
            "known_at_too_early",
            f"known_at phải từ năm {EARLIEST.year} trở đi.",
            f"known_at must not lie before {EARLIEST.year}.",
            field="known_at",
        )
    return moment(as_of or local_date(now), min(known, now), rules.due_soon_days)


def moment_of_change(context: Context, rules: Rules) -> dict[str, Any]:
    """The moment after a change: asked any earlier, its own facts would not be known yet."""
    now = context.clock.now()
    return moment(local_date(now), now, rules.due_soon_days)


Moment = Annotated[dict[str, Any], Depends(asked_moment)]


async def settled_moment(context: CurrentContext, asked: Moment) -> dict[str, Any]:
    """The moment asked for, moved back before any change that is under way: figures must come back the same for ever."""
    async with context.database.reading() as connection:
        return asked | {"known_at": await settled(connection, asked["known_at"])}


SettledMoment = Annotated[dict[str, Any], Depends(settled_moment)]


async def resolve_assignments(
    session: AsyncSession, wanted: tuple[AssignmentIn, ...], day: date
) -> tuple[tuple[NewAssignment, ...], tuple[str, ...]]:
    """Assignments to agencies, and the members of the groups that lead. A group in another role means each member."""
    direct = [NewAssignment(item.agency_code, Role(item.role)) for item in wanted if item.agency_code]
    leading_groups = [item.group_code for item in wanted if item.group_code and item.role == "lead"]
    for item in wanted:
        if item.group_code and item.role != "lead":
            members = await members_of(session, [item.group_code], day)
            direct += [NewAssignment(member, Role(item.role)) for member in members]
    members = await members_of(session, leading_groups, day) if leading_groups else ()
    return tuple(direct), members
