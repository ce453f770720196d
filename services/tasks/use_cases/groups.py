"""Recording groups, what documents call them, and who belongs to them from when until when."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.agency_names import Spelling, check_apart, check_free, check_letters
from services.tasks.domain.memberships import Membership, added, check_memberships, ended
from services.tasks.queries.catalogue import Names
from services.tasks.tables import Group, GroupAlias, GroupMember
from services.tasks.use_cases.agencies import lock_names
from services.tasks.use_cases.catalogue import code_conflict, members_of, record_phrases, require_agencies
from shared.audit import Actor, add_audit
from shared.clock import local_date
from shared.errors import NotFound, Versions, check_version
from shared.events import tasks as events
from shared.naming.directory import Entry
from shared.outbox import add_event


@dataclass(frozen=True, slots=True)
class Leaving:
    """A member's last day."""

    agency_code: str
    valid_to: date


@dataclass(frozen=True, slots=True)
class GroupAmendment:
    """What is wanted of a group; None stays as it is. `aliases` are all phrases that name this group alone."""

    name: str | None = None
    aliases: tuple[str, ...] | None = None
    add_members: tuple[Membership, ...] = ()
    end_members: tuple[Leaving, ...] = ()


async def record_group(
    session: AsyncSession,
    code: str,
    name: str,
    members: Sequence[tuple[str, date | None, date | None]],
    *,
    aliases: Sequence[str] = (),
    actor: Actor,
    at: datetime,
) -> None:
    """Record a group with its members: (agency code, member from, member until); None from is as far back as asked.

    Raises:
        InvalidInput: agency_unknown, membership_days, name_letters, name_without_letters.
        Conflict: code_exists, member_exists, name_taken, alias_alike.
    """
    names = await lock_names(session)
    if await session.get(Group, code):
        raise code_conflict("Nhóm", "Group", code)
    wanted = [Membership(agency, start or date.min, end) for agency, start, end in members]
    check_memberships(wanted, "members")
    await require_agencies(session, (each.agency_code for each in wanted), "members")
    await session.execute(insert(Group).values(code=code, name=name, recorded_at=at))
    await _add_members(session, code, wanted, at)
    if aliases:
        await _name(session, names, code, [], aliases)
    await add_audit(session, actor, "record", "group", code, at=at, name=name, members=len(wanted))
    await _tell(session, code, name, 1, at)


async def amend_group(
    session: AsyncSession,
    code: str,
    wanted: GroupAmendment,
    *,
    expected_version: Versions,
    actor: Actor,
    at: datetime,
) -> None:
    """Change a group's name or phrases, let members join or leave; what stands already is no change.

    Raises:
        NotFound: group_unknown.
        StaleVersion: version_stale.
        InvalidInput: agency_unknown, membership_days, name_letters, name_without_letters.
        Conflict: member_exists, member_unknown, name_taken, alias_alike.
    """
    group = await session.get(Group, code, with_for_update=True)
    if group is None:
        raise group_unknown(code)
    check_version(expected_version, group.version)
    detail: dict[str, object] = {}
    if wanted.name is not None and wanted.name != group.name:
        check_letters([Spelling("name", wanted.name)])
        detail["name"] = [group.name, wanted.name]
        group.name = wanted.name
    phrases = await _phrases(session, code)
    if wanted.aliases is not None and set(wanted.aliases) != set(phrases):
        await _name(session, await lock_names(session), code, phrases, wanted.aliases)
        detail["aliases"] = [sorted(phrases), sorted(set(wanted.aliases))]
    if wanted.end_members or wanted.add_members:
        detail |= await _move(session, code, wanted, at)
    if not detail:
        return
    group.version += 1
    await session.flush()
    await add_audit(session, actor, "amend", "group", code, at=at, **detail)
    await _tell(session, code, group.name, group.version, at)


def group_unknown(code: str) -> NotFound:
    return NotFound(
        "group_unknown", f"Không có nhóm mã {code}.", f"No group has the code {code}.", field="code"
    )


async def _move(session: AsyncSession, code: str, wanted: GroupAmendment, at: datetime) -> dict[str, object]:
    """Members who leave, then those who join: one who leaves may join again later."""
    known = await _members(session, code)
    for place, leaving in enumerate(wanted.end_members):
        member = ended(known, leaving.agency_code, leaving.valid_to, f"end_members.{place}")
        known[known.index(member)] = replace(member, valid_to=leaving.valid_to)
        await session.execute(
            update(GroupMember)
            .filter_by(group_code=code, agency_code=member.agency_code, valid_from=member.valid_from)
            .values(valid_to=leaving.valid_to, ended_at=at)
        )
    added(known, wanted.add_members, "add_members")
    await require_agencies(session, (each.agency_code for each in wanted.add_members), "add_members")
    await _add_members(session, code, wanted.add_members, at)
    return {
        "ended": [[each.agency_code, each.valid_to.isoformat()] for each in wanted.end_members],
        "added": [[each.agency_code, each.valid_from.isoformat()] for each in wanted.add_members],
    }


async def _members(session: AsyncSession, code: str) -> list[Membership]:
    asked = select(GroupMember.agency_code, GroupMember.valid_from, GroupMember.valid_to).where(
        GroupMember.group_code == code
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


async def _phrases(session: AsyncSession, code: str) -> list[str]:
    """What documents call this group alone."""
    return list(await session.scalars(select(GroupAlias.alias).where(GroupAlias.group_codes == [code])))


async def _name(
    session: AsyncSession, names: Names, code: str, before: Sequence[str], after: Sequence[str]
) -> None:
    new = [Spelling(f"aliases.{n}", text) for n, text in enumerate(after) if text not in before]
    if new:
        await asyncio.to_thread(_check_phrases, names, code, after, new)
    await session.execute(delete(GroupAlias).where(GroupAlias.alias.in_(set(before) - set(after))))
    if new:
        await record_phrases(
            session, [(each.text, [code]) for each in {each.text: each for each in new}.values()]
        )


def _check_phrases(names: Names, code: str, phrases: Sequence[str], new: Sequence[Spelling]) -> None:
    """In a thread of its own, as for agencies."""
    check_letters(new)
    owner = Entry("group", (code,))
    before = names.directory()
    kept = {text: codes for text, codes in names.phrases.items() if codes != (code,)}
    after = replace(names, phrases=kept | dict.fromkeys(phrases, (code,))).directory()
    check_free(owner, new, before, after)
    check_apart(owner, new, before, token_sort_ratio)


async def _tell(session: AsyncSession, code: str, name: str, version: int, at: datetime) -> None:
    """Its members are those of the day of the change."""
    members = await members_of(session, [code], local_date(at))
    await add_event(
        session, events.GroupRecorded(code=code, name=name, member_codes=members), version=version, at=at
    )
