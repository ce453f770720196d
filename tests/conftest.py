import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import NoReturn, TypeVar

import pytest
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import create_async_engine

from shared.platform.tables import platform_metadata
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from shared.runtime.migrations import migrate
from tests.support.kafka import Broker, KafkaAbsent, own_broker, running_kafka
from tests.support.postgres import running_postgres
from tests.support.reused import reused_database
from tests.support.writing import run_alone

os.environ.pop("http_proxy", None)
os.environ.pop(
    "COLUMNS", None
)  # the runner sets it for its processes, and rich would print tables that narrow
PLATFORM = "platform"  # a template with the shared tables only
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def template(postgres: URL) -> Callable[[str], str]:
    """Name of a migrated, empty database of a service, made once per run."""
    made: dict[str, str] = {}

    def get(service: str) -> str:
        if service not in made:
            made[service] = f"template_{service}_{os.getpid()}"
            asyncio.run(_make_template(postgres, service, made[service]))
        return made[service]

    return get


async def _make_template(postgres: URL, service: str, name: str) -> None:
    await run_alone(
        postgres.set(database="postgres"), f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
    )
    if service == PLATFORM:
        engine = create_async_engine(postgres.set(database=name))
        async with engine.begin() as connection:
            await connection.run_sync(platform_metadata.create_all)
        await engine.dispose()
    else:
        await migrate(service, postgres.set(database=name))


Reused = Callable[[str], Awaitable[URL]]


@pytest.fixture(scope="session")
def reused(postgres: URL, template: Callable[[str], str]) -> Iterator[Reused]:
    """Address of a service's database that all tests of this process use, each of which empties it first."""
    with ExitStack() as stack:

        @cache
        def made(service: str) -> URL:
            return stack.enter_context(reused_database(postgres, template(service), service))

        async def address(service: str) -> URL:
            return await asyncio.to_thread(made, service)

        yield address


MakeDatabase = Callable[[str], Awaitable[Database]]


@pytest.fixture
async def make_database(postgres: URL, template: Callable[[str], str]) -> AsyncIterator[MakeDatabase]:
    """A fresh database of a service: a copy of its template, dropped after the test."""
    made: list[Database] = []

    async def make(service: str) -> Database:
        source = await asyncio.to_thread(template, service)
        name = f"test_{os.getpid()}_{next(_numbers)}"
        await run_alone(
            postgres.set(database="postgres"), f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy"
        )
        made.append(Database(postgres.set(database=name), pool_size=6, application="dondoc-test"))
        return made[-1]

    yield make
    for database in made:
        await database.close()
        await run_alone(
            postgres.set(database="postgres"), f"DROP DATABASE IF EXISTS {database.url.database} WITH (FORCE)"
        )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2025, 5, 20, 1, 0, tzinfo=UTC))


# --- what a machine may lack -----------------------------------------------------------------------------------------

KAFKA_ABSENT = "no Kafka here"
CLIENTS_ABSENT = "no generator of clients here"
PGBOUNCER_ABSENT = "no PgBouncer here"
FAKETIME_ABSENT = "no libfaketime here"


@dataclass(frozen=True)
class Lack:
    """What the closing lines say of it, and the variable by which a run requires it."""

    title: str
    required_by: str
    tests: str
    remedy: str


LACKS = {
    KAFKA_ABSENT: Lack(
        "KAFKA",
        "DONDOC_REQUIRE_KAFKA",
        "of the Kafka transport",
        "Install Java 17 and Maven, or start Docker, or set DONDOC_TEST_KAFKA=host:port to a broker that may be "
        "written to.",
    ),
    CLIENTS_ABSENT: Lack(
        "GENERATED CLIENTS",
        "DONDOC_REQUIRE_CLIENTS",
        "of generated clients",
        "Install Node.js 20 with npm, and let npm and uv reach their package registries.",
    ),
    PGBOUNCER_ABSENT: Lack(
        "PGBOUNCER",
        "DONDOC_REQUIRE_PGBOUNCER",
        "of PgBouncer's pool modes",
        "Install PgBouncer (Debian: pgbouncer).",
    ),
    FAKETIME_ABSENT: Lack(
        "FAKETIME",
        "DONDOC_REQUIRE_FAKETIME",
        "of machines whose clocks differ",
        "Install libfaketime (Debian: faketime).",
    ),
}


def skip_without(reason: str, cause: object) -> NoReturn:
    """Skip, which the closing lines tell; where a run requires what is lacking, fail."""
    if os.environ.get(LACKS[reason].required_by):
        pytest.fail(f"{reason}: {cause}", pytrace=False)
    pytest.skip(f"{reason}: {cause}")


Made = TypeVar("Made")


@contextmanager
def kafka_or_skip(made: AbstractContextManager[Made]) -> Iterator[Made]:
    """What `made` gives; the test is skipped where no Kafka can run."""
    with ExitStack() as stack:
        try:
            given = stack.enter_context(made)
        except KafkaAbsent as absent:
            skip_without(KAFKA_ABSENT, absent)
        yield given


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap address of a real broker; tests use topics and groups of their own on it."""
    with kafka_or_skip(running_kafka()) as address:
        yield address


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A broker of the test's own, which it may start and kill; not started."""
    with kafka_or_skip(own_broker()) as made:
        yield made


def pytest_make_parametrize_id(val: object) -> str | None:
    """A file's bytes have no part in a test's name: those of a workbook hold the time at which it was made."""
    return "bytes" if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)  # before xdist's own, which writes each test's group into its id
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("kafka"):
            item.add_marker(pytest.mark.xdist_group("kafka"))  # one broker, in one of the processes


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason, lack in LACKS.items():
        skipped = [
            report for report in terminalreporter.stats.get("skipped", []) if reason in str(report.longrepr)
        ]
        if skipped:
            _tell_untested(terminalreporter, lack, skipped)


def _tell_untested(
    terminalreporter: pytest.TerminalReporter, lack: Lack, skipped: list[pytest.TestReport]
) -> None:
    terminalreporter.section(f"NOT TESTED: {lack.title}", sep="!", red=True, bold=True)
    for report in skipped:
        terminalreporter.line(f"  {report.nodeid}", red=True)
    cause = str(skipped[0].longrepr[-1]) if isinstance(skipped[0].longrepr, tuple) else ""
    terminalreporter.line(
        f"{len(skipped)} tests {lack.tests} did not run ({cause}). {lack.remedy}", red=True, bold=True
    )
