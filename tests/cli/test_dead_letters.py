"""`dondoc dead-letters`: what a service set aside is listed, applied after all, or given up."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from typer.testing import Result

from services.cli import dead_letters as command
from services.cli.console import Misuse
from services.register import REGISTER, SERVICES
from services.suite import Databases, SuiteSettings
from shared import agencies
from shared.events.envelope import CloudEvent, wrap
from shared.events.tasks import AgencyRecorded
from shared.log.bus import Batch, Unreadable
from shared.log.bus.binary_mode import as_text, write_headers, write_value
from shared.log.bus.embedded import OutboxSource
from shared.log.inbox import Consumer
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.cli.conftest import dondoc
from tests.conftest import MakeDatabase
from tests.support.bus import NOW

SECRET = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
SETTINGS = SuiteSettings.read(database_url="postgresql://unused/{service}", secret_key=SECRET)


async def acknowledge() -> None:
    return


class Suite:
    """The databases of datasets and tasks, and what datasets' consumer sets aside."""

    def __init__(self, databases: Databases, clock: ManualClock) -> None:
        self.databases = databases
        self.clock = clock

    @property
    def consumer(self) -> Consumer:
        database = self.databases["datasets"]
        source = OutboxSource("tasks", self.databases.tasks, database)
        return REGISTER["datasets"].build_consumer(SETTINGS["datasets"], database, self.clock, source)

    async def consume(self, *messages: CloudEvent | Unreadable) -> None:
        await self.consumer.consume_with_trials(Batch(messages, acknowledge))

    async def known(self) -> list[str]:
        return [code for (code,) in await self.rows("SELECT code FROM agencies ORDER BY code")]

    async def audited(self) -> list[tuple[Any, ...]]:
        return await self.rows("SELECT action, entity_id FROM audit WHERE entity = 'dead_letter' ORDER BY id")

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.databases["datasets"].reading() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(dondoc, "dead-letters", *arguments)

    async def listed(self, *arguments: str) -> list[dict[str, Any]]:
        done = await self.run("list", "--json", *arguments)
        assert done.exit_code == 0, done.output
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


@pytest.fixture
async def suite(make_database: MakeDatabase, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Suite:
    made = {name: await make_database(name) for name in ("tasks", "datasets")}
    urls = {name: database.url for name, database in made.items()}

    @asynccontextmanager
    async def deployment(_: Path, services: Collection[str] = SERVICES) -> AsyncIterator[Any]:
        opened = {name: Database(urls[name], pool_size=3) for name in {"tasks", *services}}
        try:
            yield SETTINGS, Databases(opened)
        finally:
            await Databases(opened).close()

    monkeypatch.setattr(command, "deployment", deployment)
    monkeypatch.setattr(command, "CONSUMING", ("datasets",))  # the databases of the others are not made
    return Suite(Databases(made), clock)


def agency(code: str, *, version: int = 1, level: str = "central") -> CloudEvent:
    data = {"code": code, "name": f"Cơ quan {code}", "bloc": "government", "level": level}
    return wrap(AgencyRecorded.event_type, data, event_id=uuid4(), subject=code, version=version, time=NOW)


@pytest.fixture
def defect(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The handler fails on agency G99, until it is mended by a call."""
    recorded = agencies.record_agency

    async def fail(session: Any, table: Any, told: AgencyRecorded, *, version: int) -> None:
        await recorded(session, table, told, version=version)
        if told.code == "G99":
            raise ValueError("một lỗi của bản này")

    monkeypatch.setattr(agencies, "record_agency", fail)
    return lambda: monkeypatch.setattr(agencies, "record_agency", recorded)


async def test_what_was_set_aside_is_listed_and_applied_once_when_the_cause_is_mended(
    suite: Suite, defect: Callable[[], None]
) -> None:
    poison = agency("G99")
    await suite.consume(agency("G01"), poison, agency("G02"))
    [letter] = await suite.listed("datasets")
    assert letter | {"id": 0, "received_at": ""} == {
        "service": "datasets",
        "id": 0,
        "source": "tasks",
        "event_id": str(poison.id),
        "type": AgencyRecorded.event_type,
        "subject": "G99",
        "received_at": "",
        "reason": "ValueError: một lỗi của bản này",
        "closed_at": None,
        "closing": None,
        "closing_reason": None,
    }
    shown = (await suite.run("list")).stdout
    assert "G99" in shown
    assert "một lỗi của bản này" in shown

    number = str(letter["id"])
    failed = await suite.run("replay", "datasets", number)
    assert failed.exit_code == 1
    assert "vẫn giữ nguyên / cannot be applied yet, and stays: ValueError" in failed.stdout
    assert await suite.known() == ["G01", "G02"]
    assert len(await suite.listed()) == 1

    defect()
    done = await suite.run("replay", "datasets", number, "--json")
    assert (done.exit_code, json.loads(done.stdout)[0]["outcome"]) == (0, "replayed")
    assert await suite.known() == ["G01", "G02", "G99"]
    assert await suite.listed() == []
    again = await suite.run("replay", "datasets", number, "--json")
    assert (again.exit_code, json.loads(again.stdout)[0]["outcome"]) == (1, "not_open")
    await suite.consume(poison)  # the log is read again
    assert await suite.listed() == []
    [closed] = await suite.listed("--closed")
    assert closed["closing"] == "replayed"
    assert await suite.audited() == [("replayed", number)]


async def test_a_message_that_no_version_could_read_is_applied_once_it_can_be_read(suite: Suite) -> None:
    event = agency("G07")
    text_of_message = as_text(write_headers(event), write_value(event))
    await suite.consume(Unreadable("dondoc.tasks/0/7", "ce_sequence: a defect of reading", text_of_message))
    [letter] = await suite.listed("datasets")
    assert (letter["event_id"], letter["type"], letter["subject"]) == (None, event.type, "G07")
    assert (await suite.run("replay", "datasets", str(letter["id"]))).exit_code == 0
    assert await suite.known() == ["G07"]
    await suite.consume(event)
    assert str(event.id) in [str(id_) for (id_,) in await suite.rows("SELECT event_id FROM inbox")]


async def test_what_is_given_up_needs_a_reason_and_keeps_it(suite: Suite) -> None:
    await suite.consume(agency("G08", level="district"), Unreadable("dondoc.tasks/0/8", "EOF", "{"))
    first, second = await suite.listed()
    assert "level" in first["reason"] or "level" in second["reason"]
    both = (str(first["id"]), str(second["id"]))
    unreadable = await suite.run("replay", "datasets", *both, "--json")
    assert [row["outcome"] for row in json.loads(unreadable.stdout)] == ["failed", "failed"]
    for given in ("", " ", "x" * 501):
        refused = await suite.run("drop", "datasets", *both, "--reason", given)
        assert isinstance(refused.exception, Misuse)
    assert (await suite.run("drop", "datasets", *both)).exit_code == 2
    done = await suite.run("drop", "datasets", *both, "--reason", "thử nghiệm")
    assert done.exit_code == 0
    assert done.stdout.count("đã bỏ / dropped") == 2
    assert await suite.listed() == []
    closed = await suite.listed("--closed")
    assert [(row["closing"], row["closing_reason"]) for row in closed] == [("dropped", "thử nghiệm")] * 2
    assert await suite.known() == []
    assert await suite.audited() == [("dropped", number) for number in both]


async def test_two_operators_at_once_apply_it_once(suite: Suite, defect: Callable[[], None]) -> None:
    await suite.consume(agency("G99"), agency("G01"))
    [letter] = await suite.listed()
    defect()
    replays = (
        command._close_one("datasets", SETTINGS, suite.databases, letter["id"], command._replay_one)
        for _ in range(2)
    )
    done = await asyncio.gather(*replays)
    assert sorted(each["outcome"] for each in done) == ["not_open", "replayed"]
    assert len(await suite.audited()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "tasks"),
        ("list", "no-service"),
        ("list", "--limit", "0"),
        ("list", "--limit", "201"),
        ("replay", "tasks", "1"),
        ("replay", "datasets"),
        ("replay", "datasets", "0"),
        ("replay", "datasets", str(2**63)),
        ("replay", "datasets", *map(str, range(1, 102))),
        ("drop", "datasets", "x", "--reason", "y"),
    ],
)
def test_what_no_service_has_is_refused(arguments: tuple[str, ...]) -> None:
    refused = dondoc("dead-letters", *arguments)
    assert refused.exit_code == 2 or isinstance(refused.exception, Misuse)
