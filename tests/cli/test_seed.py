"""What a first start loads, and that no other start adds to it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from services.cli import seed as seed_module
from services.cli.banner import databases_line, money_line
from services.cli.console import Stop
from services.cli.deployment import deployment
from services.cli.seed import seed
from services.cli.summary import DatabaseSummary, MoneySummary, read_summary
from services.register import SERVICES
from services.suite import Databases, SuiteSettings
from shared.log.outbox import outbox
from shared.runtime.audit import audit
from shared.runtime.clock import ManualClock
from tests.cli.conftest import Running
from tests.conftest import MakeDatabase
from tests.support.ports import free_port
from tests.support.processes import Suite, suite_at

CLOCK = "2026-04-01T08:00"
SETTINGS = SuiteSettings.read(database_url="postgresql://unused", secret_key="a2tr" * 10 + "a2s=")
BELIEVED = {"year": 2025, "as_of": "2026-01-31", "known_at": "2026-03-12T17:00:00+07:00"}
FOLLOWERS = ("datasets", "finance")


@pytest.fixture
async def databases(make_database: MakeDatabase) -> Databases:
    return Databases({name: await make_database(name) for name in SERVICES})


async def told(
    databases: Databases, services: Sequence[str] = ("tasks", *FOLLOWERS)
) -> list[tuple[Any, ...]]:
    """(events, audit entries) of each service."""
    found = []
    for name in services:
        async with databases[name].reading() as connection:
            events = await connection.scalar(select(func.count()).select_from(outbox))
            entries = await connection.scalar(
                select(func.count()).select_from(audit).where(audit.c.entity != "key")
            )
            found.append((events, entries))
    return found


# --- the whole suite -----------------------------------------------------------------------------------------------


async def test_a_first_start_answers_the_published_figures_and_a_second_adds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with suite_at(CLOCK, folder, free_port()) as suite:
        answers = await _figures(suite)
        assert "contradicting 2" in suite.process.printed()
        assert "2.172 trên / of 52.750" in suite.process.printed()
    before = await _recorded(folder)
    async with suite_at(CLOCK, folder, free_port()) as suite:
        assert await _figures(suite) == answers
    assert await _recorded(folder) == before


async def _figures(suite: Suite) -> list[Any]:
    asked = {"group_by": "kind", "as_of": "2026-03-10", "known_at": "2026-03-10T12:00:00+07:00"}
    shape = await suite.get("/datasets/v1/statistics", **asked)
    kinds = {group["key"]: group for group in shape["groups"]}
    counts = [
        kinds["national"]["total"]["count"],
        kinds["national"]["without_platform"]["count"],
        kinds["national"]["failing_criteria"]["count"],
        kinds["sector"]["total"]["count"],
        kinds["sector"]["incomplete_or_unconnected"]["count"],
        (kinds["system"]["connected"]["count"], kinds["system"]["total"]["count"]),
        (kinds["platform"]["planned"]["count"], kinds["platform"]["total"]["count"]),
    ]
    assert counts == [12, 3, 2, 104, 76, (7, 14), (41, 84)]
    believed = await suite.get("/finance/v1/disbursement", **BELIEVED)
    rates = {item["key"]: item["rate"] for item in believed["items"]}
    assert (rates, believed["total"]["rate"]) == ({"central": 77.4, "province": 61.8, "commune": 18.7}, 69.6)
    known = await suite.get("/finance/v1/disbursement", year=2025, as_of="2026-01-31")
    assert known["total"]["rate"] == 69.5
    return [counts, rates, believed["total"], known["total"], shape["groups"]]


async def _recorded(folder: Path) -> list[tuple[Any, ...]]:
    async with deployment(folder) as (_, databases):
        return await told(databases, ("tasks", "finance"))  # datasets tells of what it sees


def test_a_start_without_samples_has_the_agencies_alone(running: Running) -> None:
    """Other tests may have added to this suite; the samples' codes and numbers are theirs alone."""
    databases = running.get("/datasets/v1/databases?limit=200").json()["items"]
    decisions = running.get("/finance/v1/decisions?limit=200").json()["items"]
    assert not [item for item in databases if item["code"].startswith(("CSDL-", "MAU-"))]
    assert not [item for item in decisions if item["number"].startswith("MAU-")]


# --- the loading itself --------------------------------------------------------------------------------------------


async def test_a_start_that_was_broken_off_is_made_good(
    databases: Databases, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(days=400)

    async def break_off(*_: Any, **__: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr("services.finance.use_cases.samples.load_samples", break_off)
        with pytest.raises(ConnectionError):
            await seed(databases, SETTINGS, clock, samples=True)
    [_, datasets, finance] = await told(databases)
    assert datasets[0] > 300
    assert finance == (0, 0)
    await seed(databases, SETTINGS, clock, samples=False)  # what was decided first holds
    whole = await told(databases)
    assert whole[1] == datasets
    assert whole[2][0] > 300
    await seed(databases, SETTINGS, clock, samples=True)
    assert await told(databases) == whole


async def test_without_samples_none_come_later(databases: Databases, clock: ManualClock) -> None:
    await seed(databases, SETTINGS, clock, samples=False)
    before = await told(databases)
    await seed(databases, SETTINGS, clock, samples=True)
    assert await told(databases) == before
    assert before[1:] == [(0, 0), (0, 0)]


async def test_a_copy_that_never_comes_is_told(
    databases: Databases, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> bool:
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr(seed_module, "_is_copied", never)
    monkeypatch.setattr(seed_module, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(Stop, match="dondoc dead-letters list") as stop:
        await seed(databases, SETTINGS, clock, samples=True)
    assert "datasets" in stop.value.vi


async def test_samples_name_agencies_of_the_copy_that_came_through_the_log(
    databases: Databases, clock: ManualClock
) -> None:
    clock.advance(days=400)
    await seed(databases, SETTINGS, clock, samples=True)
    for name in FOLLOWERS:
        async with databases[name].reading() as connection:
            taken = await connection.exec_driver_sql("SELECT count(*) FROM inbox WHERE source = 'tasks'")
            copied = await connection.exec_driver_sql("SELECT count(*) FROM agencies")
            assert taken.scalar_one() == copied.scalar_one() == 78 + 8


# --- the banner ----------------------------------------------------------------------------------------------------


async def test_news_of_an_empty_suite(databases: Databases, clock: ManualClock) -> None:
    await seed(databases, SETTINGS, clock, samples=False)
    summary = await read_summary(databases, SETTINGS, clock)
    assert (summary.due, summary.money) == ([], None)
    assert "no databases" in databases_line(summary.databases)
    assert "No money" in money_line(summary.money)


def test_lines_of_the_greeting() -> None:
    line = databases_line(DatabaseSummary(total=214, connected=42, late=1, contradicting=2))
    assert "214" in line
    assert "connected 42, chậm tín hiệu / late 1, mâu thuẫn / contradicting 2" in line
    money = MoneySummary("2026", 2_172_400_000_000, 52_750_000_000_000, 4.1)
    assert "disbursed 2.172 trên / of 52.750 tỉ đồng đã phân bổ / allocated, 4,1%" in money_line(money)
