"""Recording agencies and groups."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.electronic_codes import check_form
from services.tasks.tables import (
    Agency,
    AgencyAlias,
    AgencyIdentifier,
    AgencyPredecessor,
    Base,
    Group,
    GroupAlias,
    GroupMember,
)
from shared.audit import Actor, add_audit
from shared.errors import Conflict, InvalidInput
from shared.events import tasks as events
from shared.outbox import add_event, add_events


def _code_conflict(what_vi: str, what_en: str, code: str) -> Conflict:
    return Conflict(
        "code_exists",
        f"{what_vi} mã {code} đã có: dùng mã khác, hoặc đọc bản đã ghi.",
        f"{what_en} {code} exists already: use another code, or read the one recorded.",
        field="code",
    )


async def require_agencies(session: AsyncSession, codes: Iterable[str], field: str) -> None:
    """Refuse codes that name no agency."""
    wanted = set(codes)
    known = set(await session.scalars(select(Agency.code).where(Agency.code.in_(wanted))))
    if missing := sorted(wanted - known):
        raise InvalidInput(
            "agency_unknown",
            f"Không có cơ quan mã {', '.join(missing)}: tra mã tại /tasks/v1/agencies.",
            f"No agency has the code {', '.join(missing)}: look it up at /tasks/v1/agencies.",
            field=field,
        )


async def members_of(session: AsyncSession, group_codes: Iterable[str], day: date) -> tuple[str, ...]:
    """Codes of the agencies that belong to any of the groups on a day, in order."""
    wanted = set(group_codes)
    known = set(await session.scalars(select(Group.code).where(Group.code.in_(wanted))))
    if missing := sorted(wanted - known):
        raise InvalidInput(
            "group_unknown",
            f"Không có nhóm mã {', '.join(missing)}: tra tại /tasks/v1/groups.",
            f"No group has the code {', '.join(missing)}: look it up at /tasks/v1/groups.",
            field="assignments",
        )
    found = await session.scalars(
        select(GroupMember.agency_code)
        .join(Agency, Agency.code == GroupMember.agency_code)
        .where(
            GroupMember.group_code.in_(wanted),
            GroupMember.valid_from <= day,
            GroupMember.valid_to.is_(None) | (GroupMember.valid_to >= day),
        )
        .distinct()
        .order_by(GroupMember.agency_code)
    )
    return tuple(found)


async def record_agency(
    session: AsyncSession, state: events.AgencyRecorded, actor: Actor, at: datetime
) -> None:
    if await session.get(Agency, state.code):
        raise _code_conflict("Cơ quan", "Agency", state.code)
    if state.parent_code is not None:
        await require_agencies(session, [state.parent_code], "parent_code")
    await record_agencies(session, [state], at)
    await add_audit(session, actor, "record", "agency", state.code, at=at, name=state.name)


async def record_agencies(
    session: AsyncSession, states: Sequence[events.AgencyRecorded], at: datetime
) -> None:
    """Record many at once, parents before their children."""
    for state in states:
        for place, identifier in enumerate(state.identifiers):
            check_form(identifier.scheme, identifier.value, f"identifiers.{place}.value")
    apart = {"identifiers", "aliases", "predecessors"}
    rows: dict[type[Base], list[dict[str, Any]]] = {
        Agency: [state.model_dump(exclude=apart) | {"recorded_at": at} for state in states],
        AgencyIdentifier: [
            {"agency_code": state.code, **identifier.model_dump()}
            for state in states
            for identifier in state.identifiers
        ],
        AgencyAlias: [
            {"agency_code": state.code, "alias": alias} for state in states for alias in state.aliases
        ],
        AgencyPredecessor: [
            _predecessor(body, state.code) for state in states for body in state.predecessors
        ],
    }
    for table, values in rows.items():
        if values:
            await session.execute(insert(table), values)
    await add_events(session, [(state, 1) for state in states], at=at)


def _predecessor(body: events.Predecessor, successor_code: str) -> dict[str, Any]:
    return {
        **body.model_dump(include={"name", "short_name", "valid_to"}),
        "successor_code": successor_code,
        "position": body.successor_codes.index(successor_code) + 1,
    }


async def record_phrases(session: AsyncSession, phrases: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Record phrases of documents, each with the codes of the groups that it names."""
    rows = [{"alias": alias, "group_codes": list(codes)} for alias, codes in phrases]
    await session.execute(insert(GroupAlias), rows)


async def record_group(
    session: AsyncSession,
    code: str,
    name: str,
    members: Sequence[tuple[str, date | None, date | None]],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Record a group with its members: (agency code, member from, member until)."""
    if await session.get(Group, code):
        raise _code_conflict("Nhóm", "Group", code)
    await require_agencies(session, (member for member, _, _ in members), "members")
    await session.execute(insert(Group).values(code=code, name=name, recorded_at=at))
    rows = [
        {
            "group_code": code,
            "agency_code": member,
            "valid_from": start or date.min,
            "valid_to": end,
            "recorded_at": at,
            "ended_at": at if end else None,
        }
        for member, start, end in members
    ]
    if rows:
        await session.execute(insert(GroupMember), rows)
    state = events.GroupRecorded(code=code, name=name, member_codes=tuple(member for member, _, _ in members))
    await add_event(session, state, version=1, at=at)
    await add_audit(session, actor, "record", "group", code, at=at, name=name, members=len(rows))
