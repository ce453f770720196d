"""Recording groups, their names in documents, and their memberships with first and last days."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.agency_names import Spelling, check_apart, check_free, check_letters
from services.tasks.domain.groups import Membership, added, check_memberships, ended
from services.tasks.queries.agency_names import Names, load_names
from services.tasks.tables import Agency, Group, GroupAlias, GroupMember
from services.tasks.use_cases.agencies import code_conflict, lock_names, require_agencies
from shared.errors import InvalidInput, NotFound, Versions, check_version
from shared.events import tasks as events
from shared.log.outbox import add_event
from shared.naming.directory import Entry, directory_of
from shared.runtime.audit import Actor, add_audit
from shared.runtime.clock import local_date


@dataclass(frozen=True, slots=True)
class MembershipEnd:
    """A member's last day."""

    agency_code: str
    valid_to: date


@dataclass(frozen=True, slots=True)
class GroupAmendment:
    """Changes to a group; None leaves a value as it is. `aliases`: all phrases that name this group alone."""

    name: str | None = None
    aliases: tuple[str, ...] | None = None
    add_members: tuple[Membership, ...] = ()
    end_members: tuple[MembershipEnd, ...] = ()


async def record_group(
    session: AsyncSession,
    code: str,
    name: str,
    members: Sequence[Membership],
    *,
    aliases: Sequence[str] = (),
    actor: Actor,
    at: datetime,
) -> None:
    """Record a group with its members; its name is a phrase that names it, as its aliases are.

    Raises:
        InvalidInput: agency_unknown, membership_days, name_letters, name_without_letters.
        Conflict: code_exists, member_exists, name_taken, alias_alike.
    """
    await lock_names(session)
    if await session.get(Group, code):
        raise code_conflict("Nhóm", "Group", code)
    check_memberships(members, "members")
    await require_agencies(session, (each.agency_code for each in members), "members")
    await _check_phrases(session, code, _spellings(name, aliases))
    phrases = tuple(dict.fromkeys((name, *aliases)))
    await add_group(session, code, name, members, phrases=phrases, actor=actor, at=at)


async def add_group(
    session: AsyncSession,
    code: str,
    name: str,
    members: Sequence[Membership],
    *,
    phrases: Sequence[str],
    actor: Actor,
    at: datetime,
) -> None:
    """Record what was checked before; `phrases` are all that name this group alone."""
    await session.execute(insert(Group).values(code=code, name=name, recorded_at=at))
    await _add_members(session, code, members, at)
    await record_phrases(session, [(phrase, [code]) for phrase in phrases])
    await add_audit(session, actor, "record", "group", code, at=at, name=name, members=len(members))
    await _record_change(session, code, name, 1, at)


async def amend_group(
    session: AsyncSession,
    code: str,
    wanted: GroupAmendment,
    *,
    expected_version: Versions,
    actor: Actor,
    at: datetime,
) -> None:
    """Change a group's name or phrases, add members or end memberships; a value equal to the recorded one is no change.

    A name that is replaced stays as a phrase, so that documents which print it still find the group.

    Raises:
        NotFound: group_unknown.
        StaleVersion: version_stale.
        InvalidInput: agency_unknown, membership_days, name_letters, name_without_letters.
        Conflict: member_exists, member_unknown, name_taken, alias_alike.
    """
    await lock_names(session)
    group = await session.get(Group, code, with_for_update={"key_share": True})
    if group is None:
        raise group_unknown(code)
    check_version(expected_version, group.version)
    detail = await _set_names(session, group, wanted)
    if wanted.end_members or wanted.add_members:
        detail |= await _change_members(session, code, wanted, at)
    if not detail:
        return
    group.version += 1
    await session.flush()
    await add_audit(session, actor, "amend", "group", code, at=at, **detail)
    await _record_change(session, code, group.name, group.version, at)


async def _set_names(session: AsyncSession, group: Group, wanted: GroupAmendment) -> dict[str, object]:
    """Set name and aliases; returns old and new value of each that changed."""
    before, name = await _phrases(session, group.code), wanted.name or group.name
    aliases = before if wanted.aliases is None else wanted.aliases
    after = {name, group.name, *aliases}
    new = [each for each in _spellings(name, aliases) if each.text not in before]
    if new:
        await _check_phrases(session, group.code, new)
    if gone := set(before) - after:
        await session.execute(delete(GroupAlias).where(GroupAlias.alias.in_(gone)))
    await record_phrases(session, [(phrase, [group.code]) for phrase in sorted(after - set(before))])
    changed: dict[str, list[object]] = {
        "name": [group.name, name],
        "aliases": [sorted(before), sorted(after)],
    }
    group.name = name
    return {what: values for what, values in changed.items() if values[0] != values[1]}


def group_unknown(code: str) -> NotFound:
    return NotFound(
        "group_unknown", f"Không có nhóm mã {code}.", f"No group has the code {code}.", field="code"
    )


async def _change_members(
    session: AsyncSession, code: str, wanted: GroupAmendment, at: datetime
) -> dict[str, object]:
    """End memberships, then add new ones: an agency may rejoin later."""
    known = await _members(session, code)
    for place, end in enumerate(wanted.end_members):
        member = ended(known, end.agency_code, end.valid_to, f"end_members.{place}")
        known[known.index(member)] = replace(member, valid_to=end.valid_to)
        await session.execute(
            update(GroupMember)
            .filter_by(group_code=code, agency_code=member.agency_code, valid_from=member.valid_from)
            .values(valid_to=end.valid_to, ended_at=at)
        )
    added(known, wanted.add_members, "add_members")
    await require_agencies(session, (each.agency_code for each in wanted.add_members), "add_members")
    await _add_members(session, code, wanted.add_members, at)
    return {
        "ended": [[each.agency_code, each.valid_to.isoformat()] for each in wanted.end_members],
        "added": [[each.agency_code, each.valid_from.isoformat()] for each in wanted.add_members],
    }


async def _members(session: AsyncSession, code: str) -> list[Membership]:
    asked = (
        select(GroupMember.agency_code, GroupMember.valid_from, GroupMember.valid_to)
        .where(GroupMember.group_code == code)
        .order_by(GroupMember.agency_code, GroupMember.valid_from)
    )
    return [Membership(*row) for row in await session.execute(asked)]


async def _add_members(session: AsyncSession, code: str, members: Sequence[Membership], at: datetime) -> None:
    rows = [
        {
            "group_code": code,
            "agency_code": each.agency_code,
            "valid_from": each.valid_from,
            "valid_to": each.valid_to,
            "recorded_at": at,
            "ended_at": at if each.valid_to else None,
        }
        for each in members
    ]
    if rows:
        await session.execute(insert(GroupMember), rows)


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


async def record_phrases(session: AsyncSession, phrases: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Record phrases of documents, each with the codes of the groups that it names."""
    rows = [{"alias": alias, "group_codes": list(codes)} for alias, codes in phrases]
    if rows:
        await session.execute(insert(GroupAlias), rows)


async def _phrases(session: AsyncSession, code: str) -> list[str]:
    """The aliases of this group alone, sorted."""
    found = await session.scalars(select(GroupAlias.alias).where(GroupAlias.group_codes == [code]))
    return sorted(found)


def _spellings(name: str, aliases: Sequence[str]) -> list[Spelling]:
    return [Spelling("name", name), *(Spelling(f"aliases.{n}", alias) for n, alias in enumerate(aliases))]


async def _check_phrases(session: AsyncSession, code: str, new: Sequence[Spelling]) -> None:
    check_letters(new)
    names = await load_names(await session.connection())
    await asyncio.to_thread(_check_apart_from, names, Entry("group", (code,)), new)


def _check_apart_from(names: Names, owner: Entry, new: Sequence[Spelling]) -> None:
    """Runs in a thread, as for agencies."""
    before = names.directory()
    check_free(owner, new, before, directory_of((), {each.text: owner.codes for each in new}))
    check_apart(owner, new, before, token_sort_ratio)


async def _record_change(session: AsyncSession, code: str, name: str, version: int, at: datetime) -> None:
    """Add the event of a group, with the member codes of the day of the change."""
    state = events.GroupRecorded(
        code=code,
        name=name,
        member_codes=await members_of(session, [code], local_date(at)),
        aliases=tuple(await _phrases(session, code)),
        memberships=tuple(map(_state, await _members(session, code))),
    )
    await add_event(session, state, version=version, at=at)


def _state(member: Membership) -> events.MembershipState:
    since = member.valid_from if member.valid_from > date.min else None
    return events.MembershipState(agency_code=member.agency_code, valid_from=since, valid_to=member.valid_to)
