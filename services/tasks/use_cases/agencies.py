"""Recording agencies, and amending their names."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.agency_names import Spelling, check_apart, check_free, check_letters
from services.tasks.domain.electronic_codes import check_form
from services.tasks.queries.agencies import get_agency
from services.tasks.queries.agency_names import Names, load_directory, load_names
from services.tasks.tables import Agency, AgencyAlias, AgencyIdentifier, AgencyPredecessor, Base
from shared.agencies import agencies_unknown
from shared.errors import Conflict, NotFound, Versions, check_version
from shared.events import tasks as events
from shared.log.outbox import add_event, add_events
from shared.naming.directory import AgencyNames, Entry
from shared.naming.lookup import name_finder
from shared.runtime.audit import Actor, add_audit

_PARTS = {"identifiers", "aliases", "predecessors"}  # rows of other tables


async def lock_names(session: AsyncSession) -> None:
    """Lock all names until the transaction ends, so that two changes cannot both take one.

    Every change takes this lock before any row's: foreign keys lock rows too, and two orders could deadlock.
    """
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("names of agencies", 0))))


async def record_agency(
    session: AsyncSession, state: events.AgencyRecorded, actor: Actor, at: datetime
) -> None:
    """Record one agency.

    Raises:
        InvalidInput: agency_unknown, electronic_code_invalid, name_letters, name_without_letters.
        Conflict: code_exists, name_taken, alias_alike.
    """
    await lock_names(session)
    if await session.get(Agency, state.code):
        raise code_conflict("Cơ quan", "Agency", state.code)
    if state.parent_code is not None:
        await require_agencies(session, [state.parent_code], "parent_code")
    names = await load_names(await session.connection())
    await asyncio.to_thread(_check_names, names, state, _spellings(state))
    await record_agencies(session, [state], at)
    await add_audit(session, actor, "record", "agency", state.code, at=at, name=state.name)


async def record_agencies(
    session: AsyncSession, states: Sequence[events.AgencyRecorded], at: datetime
) -> None:
    """Record many at once, parents before their children."""
    for state in states:
        for place, identifier in enumerate(state.identifiers):
            check_form(identifier.scheme, identifier.value, f"identifiers.{place}.value")
    rows: dict[type[Base], list[dict[str, Any]]] = {
        Agency: [state.model_dump(exclude=_PARTS) | {"recorded_at": at} for state in states],
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
        **body.model_dump(include={"name", "short_name", "valid_to", "unit"}),
        "successor_code": successor_code,
        "position": body.successor_codes.index(successor_code) + 1,
    }


async def amend_agency(
    session: AsyncSession,
    code: str,
    wanted: Mapping[str, Any],
    *,
    expected_version: Versions,
    actor: Actor,
    at: datetime,
) -> None:
    """Change the names of an agency; without a difference nothing is written and no event added.

    Args:
        code: its own, or an identifier that only this agency has.
        wanted: of name, short_name and aliases (all of them) those that change. A name that is replaced stays as an
            alias, so that documents which print it still find the agency.

    Raises:
        NotFound: agency_unknown.
        StaleVersion: version_stale.
        InvalidInput: name_letters, name_without_letters.
        Conflict: name_taken, alias_alike.
    """
    connection = await session.connection()
    await lock_names(session)
    named = await get_agency(connection, code)
    if named is None:
        raise agency_unknown(code)
    agency = await session.get_one(Agency, named.code, with_for_update={"key_share": True})
    check_version(expected_version, agency.version)
    before = events.AgencyRecorded.model_validate(named, from_attributes=True)
    after = _amended(before, wanted)
    if after == before:
        return
    known = set(_spellings(before))
    new = [each for each in _spellings(after) if each not in known]
    await asyncio.to_thread(_check_names, await load_names(connection), after, new)
    await _write(session, agency, before, after)
    await add_audit(session, actor, "amend", "agency", after.code, at=at, **_differences(before, after))
    await add_event(session, after, version=agency.version, at=at)


async def require_agencies(session: AsyncSession, codes: Iterable[str], field: str) -> None:
    """Raises InvalidInput agency_unknown for codes without an agency."""
    wanted = set(codes)
    known = set(await session.scalars(select(Agency.code).where(Agency.code.in_(wanted))))
    if missing := sorted(wanted - known):
        directory = await load_directory(await session.connection())
        raise await agencies_unknown(missing, name_finder(directory, token_sort_ratio), field)


def agency_unknown(code: str) -> NotFound:
    return NotFound(
        "agency_unknown", f"Không có cơ quan mã {code}.", f"No agency has the code {code}.", field="code"
    )


def code_conflict(what_vi: str, what_en: str, code: str) -> Conflict:
    return Conflict(
        "code_exists",
        f"{what_vi} mã {code} đã có: dùng mã khác, hoặc đọc bản đã ghi.",
        f"{what_en} {code} exists already: use another code, or read the one recorded.",
        field="code",
    )


def _amended(before: events.AgencyRecorded, wanted: Mapping[str, Any]) -> events.AgencyRecorded:
    after = before.model_copy(update=dict(wanted))
    given_up = {before.name, before.short_name} - {after.name, after.short_name, None}
    aliases = {*after.aliases, *given_up} - {after.name, after.short_name}
    return after.model_copy(update={"aliases": tuple(sorted(filter(None, aliases)))})


def _differences(before: events.AgencyRecorded, after: events.AgencyRecorded) -> dict[str, list[Any]]:
    """Old and new value of each name that changed."""
    values = {
        name: [getattr(before, name), getattr(after, name)] for name in ("name", "short_name", "aliases")
    }
    return {name: [old, new] for name, (old, new) in values.items() if old != new}


async def _write(
    session: AsyncSession, agency: Agency, before: events.AgencyRecorded, after: events.AgencyRecorded
) -> None:
    agency.name, agency.short_name = after.name, after.short_name
    agency.version += 1
    gone, new = set(before.aliases) - set(after.aliases), set(after.aliases) - set(before.aliases)
    if gone:
        await session.execute(
            delete(AgencyAlias).where(AgencyAlias.agency_code == after.code, AgencyAlias.alias.in_(gone))
        )
    if new:
        rows = [{"agency_code": after.code, "alias": alias} for alias in sorted(new)]
        await session.execute(insert(AgencyAlias), rows)
    await session.flush()


def _spellings(state: events.AgencyRecorded) -> list[Spelling]:
    named = [("code", state.code), ("name", state.name), ("short_name", state.short_name or "")]
    named += [(f"aliases.{place}", alias) for place, alias in enumerate(state.aliases)]
    return [
        Spelling(field, text) for field, text in named if text and not (field == "code" and text.isdigit())
    ]


def _check_names(names: Names, state: events.AgencyRecorded, new: Sequence[Spelling]) -> None:
    """Runs in a thread: where every commune is recorded this takes a third of a second."""
    check_letters(each for each in new if each.field != "code")
    owner = Entry("agency", (state.code,))
    names_after = AgencyNames(
        state.code,
        state.name,
        state.short_name or "",
        state.aliases,
        state.level,
        state.parent_code or "",
        state.bloc,
    )
    before = names.directory()
    check_free(owner, new, before, names.directory_of(names_after))
    aliases = [each for each in new if each.field.startswith("aliases")]
    check_apart(owner, aliases, before, token_sort_ratio)
