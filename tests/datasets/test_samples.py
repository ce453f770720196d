"""The sample databases answer the figures published for 10 March 2026, and show a living suite on any day after it."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.datasets.tables import Agency
from services.datasets.use_cases.samples import load_samples
from shared.agencies import record_agency
from shared.events.tasks import AgencyRecorded
from shared.runtime.audit import SYSTEM
from tests.datasets.world import START, World
from tests.support.writing import writing

CATALOGUE = Path(__file__).parents[2] / "services" / "tasks" / "catalogue" / "agencies.csv"
REPORTED = {"as_of": "2026-03-10", "known_at": "2026-03-10T08:00:00+07:00"}
LATER = [START, datetime(2026, 11, 22, 10, 30, tzinfo=UTC), datetime(2029, 2, 28, 23, 59, tzinfo=UTC)]


async def load(world: World, at: datetime) -> None:
    async with writing(world.database) as session:
        with CATALOGUE.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                known = {name: row[name] or None for name in ("code", "name", "bloc", "level", "parent_code")}
                await record_agency(session, Agency, AgencyRecorded.model_validate(known), version=2)
        await load_samples(session, rules=world.rules, actor=SYSTEM, at=at)


async def loaded(world: World, now: datetime) -> None:
    world.clock.move_to(now)
    await load(world, now)


async def by_kind(world: World, **moment: str) -> dict[str, Any]:
    found = await world.get("/statistics", params={"group_by": "kind", **moment})
    return {group["key"]: group for group in found["groups"]}


@pytest.mark.parametrize("now", LATER)
async def test_the_figures_of_10_march_2026_whenever_the_samples_are_loaded(
    world: World, now: datetime
) -> None:
    await loaded(world, now)
    kinds = await by_kind(world, **REPORTED)
    assert {kind: group["total"]["count"] for kind, group in kinds.items()} == {
        "national": 12,
        "sector": 104,
        "system": 14,
        "platform": 84,
    }
    assert kinds["national"]["without_platform"]["codes"] == ["CSDL-BHXH", "CSDL-XPVPHC", "CSDL-YT"]
    assert kinds["national"]["failing_criteria"]["codes"] == ["CSDL-TSTN", "CSDL-XD"]
    assert kinds["sector"]["incomplete_or_unconnected"]["count"] == 76
    assert kinds["system"]["connected"]["count"] == 7
    assert kinds["platform"]["planned"]["count"] == 41
    owners = await world.get("/statistics", params={"group_by": "owner", **REPORTED})
    assert len(owners["groups"]) >= 20


async def test_one_criterion_fails_where_one_is_said_to(world: World) -> None:
    await loaded(world, START)
    for code in ("CSDL-XD", "CSDL-TSTN"):
        quality = (await world.get(f"/databases/{code}"))["quality"]
        assert [result["passed"] for result in quality.values() if result].count(False) == 1
    passed = (await world.get("/databases/MAU-QG-06"))["quality"]
    assert all(result["passed"] for result in passed.values())


async def test_what_is_declared_has_evidence_from_before_10_march_2026(world: World) -> None:
    await loaded(world, START)
    rows = await world.rows("SELECT evidence, effective_on, recorded_at FROM declarations")
    assert len(rows) > 100
    assert all(row.evidence[0]["reference"].startswith("MAU-") for row in rows)
    assert max(row.recorded_at for row in rows) < datetime(2026, 3, 10, tzinfo=UTC)
    assert all(row.effective_on <= row.recorded_at.date() for row in rows)


@pytest.mark.parametrize("now", LATER)
async def test_the_pages_are_alive_on_the_day_of_the_first_start(world: World, now: datetime) -> None:
    await loaded(world, now)
    whole = (await world.get("/statistics"))["whole"]["by_observed"]
    assert {state: group["codes"] for state, group in whole.items() if state in {"late", "down"}} == {
        "late": ["MAU-QG-08"],
        "down": ["MAU-QG-09"],
    }
    assert whole["up"]["count"] == 5
    found = (await world.get("/contradictions", params={"open": "true"}))["items"]
    contradictions = {(item["database_code"], item["kind"], item["words_en"]) for item in found}
    assert contradictions == {
        ("MAU-QG-09", "joined_but_silent", "declared synchronised, no heartbeat for 41 days"),
        ("CSDL-XPVPHC", "none_but_sending", "declared none, seen sending"),
    }
    rows = await world.rows("SELECT database_code FROM contradictions")
    assert len(rows) == 2  # nor has anything else ever contradicted itself
    await world.watch()
    assert (await world.get("/statistics"))["whole"]["by_observed"] == whole


async def test_every_change_has_its_event_and_its_audit_entry(world: World) -> None:
    await loaded(world, START)
    events = await world.rows("SELECT subject, version FROM outbox ORDER BY id")
    audited = await world.rows(
        "SELECT entity_id, (detail->>'version')::int AS version FROM audit WHERE entity = 'database' ORDER BY id"
    )
    assert [tuple(row) for row in events] == [tuple(row) for row in audited]
    by_code: dict[str, list[int]] = {}
    for row in events:
        by_code.setdefault(row.subject, []).append(row.version)
    assert len(by_code) == 214
    assert all(versions == list(range(1, len(versions) + 1)) for versions in by_code.values())


@pytest.mark.parametrize("day", ["2025-12-01", "2025-12-15", "2025-12-20", "2026-01-20", "2026-03-05"])
async def test_what_lies_after_the_clock_is_left_out(world: World, day: str) -> None:
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    await load(world, at)
    [row] = await world.rows(
        "SELECT (SELECT max(recorded_at) FROM databases), (SELECT max(recorded_at) FROM declarations),"
        " (SELECT max(recorded_at) FROM quality_results), (SELECT max(recorded_at) FROM heartbeats)"
    )
    assert all(last is None or last <= at for last in row)
    [row] = await world.rows("SELECT max(time) AS last, count(*) AS number FROM outbox")
    assert (row.number > 0) == (at >= datetime(2025, 12, 15, 1, tzinfo=UTC))
    assert row.last is None or row.last <= at
