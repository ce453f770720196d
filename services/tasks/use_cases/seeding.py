"""Loading the catalogue that ships with the product: agencies, groups and their names in documents."""

import csv
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.groups import Membership
from services.tasks.tables import Agency
from services.tasks.use_cases.agencies import record_agencies
from services.tasks.use_cases.groups import add_group, record_phrases
from shared.events import tasks as events
from shared.runtime.audit import Actor, add_audit

CATALOGUE = Path(__file__).parent.parent / "catalogue"
BATCH = 500


async def load_catalogue(session: AsyncSession, *, actor: Actor, at: datetime) -> int:
    """Record central bodies, provinces and groups; returns the number of new agencies (0 where the catalogue is loaded)."""
    if await session.scalar(select(Agency.code).limit(1)):
        return 0
    agencies = _agencies("agencies.csv")
    await record_agencies(session, agencies, at)
    await _load_groups(session, actor=actor, at=at)
    await add_audit(session, actor, "load", "catalogue", "agencies", at=at, agencies=len(agencies))
    return len(agencies)


async def _load_groups(session: AsyncSession, *, actor: Actor, at: datetime) -> None:
    members = defaultdict(list)
    for row in _rows("group_members.csv"):
        since = _day(row["valid_from"]) or date.min
        members[row["group_code"]].append(Membership(row["agency_code"], since, _day(row["valid_to"])))
    phrases = [(row["alias"], row["group_codes"].split(";")) for row in _rows("group_aliases.csv")]
    for row in _rows("groups.csv"):
        code, name = row["code"], row["name"]
        own = [phrase for phrase, codes in phrases if codes == [code]]
        await add_group(session, code, name, members[code], phrases=own, actor=actor, at=at)
    await record_phrases(session, [(phrase, codes) for phrase, codes in phrases if len(codes) > 1])


async def load_communes(
    session: AsyncSession, *, actor: Actor, at: datetime, only: Collection[str] | None = None
) -> int:
    """Record the 3,321 communes below their provinces, or `only` those of these codes; returns the number of new ones."""
    known = set(await session.scalars(select(Agency.code).where(Agency.level == "commune")))
    communes = [
        state
        for state in _agencies("communes.csv")
        if state.code not in known and (only is None or state.code in only)
    ]
    for start in range(0, len(communes), BATCH):
        await record_agencies(session, communes[start : start + BATCH], at)
    if communes:
        await add_audit(session, actor, "load", "catalogue", "communes", at=at, agencies=len(communes))
    return len(communes)


def _agencies(name: str) -> list[events.AgencyRecorded]:
    identifiers = defaultdict(list)
    for row in _rows("identifiers.csv"):
        identifiers[row["agency_code"]].append(
            {
                "scheme": row["scheme"],
                "value": row["value"],
                "valid_from": _day(row["valid_from"]),
                "valid_to": _day(row["valid_to"]),
            }
        )
    aliases = defaultdict(list)
    for row in _rows("aliases.csv"):
        aliases[row["agency_code"]].append(row["alias"])
    predecessors = _predecessors()
    return [
        events.AgencyRecorded.model_validate(
            {
                "code": row["code"],
                "name": row["name"],
                "short_name": row["short_name"] or None,
                "bloc": row["bloc"],
                "level": row["level"],
                "parent_code": row["parent_code"] or None,
                "identifiers": identifiers[row["code"]],
                "aliases": aliases[row["code"]],
                "predecessors": predecessors[row["code"]],
            }
        )
        for row in _rows(name)
    ]


def _predecessors() -> Mapping[str, list[events.Predecessor]]:
    """Former bodies by each of their successors."""
    successors = defaultdict(list)
    for row in _rows("predecessors.csv"):
        key = (row["former_name"], row["short_name"] or None, _day(row["valid_to"]), row["unit"] == "yes")
        successors[key].append(row["successor_code"])
    found = defaultdict(list)
    for (name, short_name, valid_to, unit), codes in successors.items():
        body = events.Predecessor(
            name=name, short_name=short_name, valid_to=valid_to, unit=unit, successor_codes=tuple(codes)
        )
        for code in codes:
            found[code].append(body)
    return found


def _rows(name: str) -> list[dict[str, str]]:
    with (CATALOGUE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
