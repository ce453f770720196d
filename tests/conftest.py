import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared import audit, auth, idempotency, inbox, log_reader, outbox  # noqa: F401 - they fill the spine's metadata
from shared.clock import ManualClock
from shared.database import Database, spine
from shared.migrations import migrate
from tests.support.postgres import running_postgres

os.environ.pop("http_proxy", None)
SPINE = "spine"  # a template with the shared tables only
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
    await _run_on_server(postgres, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    if service == SPINE:
        engine = create_async_engine(postgres.set(database=name))
        async with engine.begin() as connection:
            await connection.run_sync(spine.create_all)
        await engine.dispose()
    else:
        await migrate(service, postgres.set(database=name))


async def _run_on_server(postgres: URL, statement: str) -> None:
    engine = create_async_engine(postgres.set(database="postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


MakeDatabase = Callable[[str], Awaitable[Database]]


@pytest.fixture
async def make_database(postgres: URL, template: Callable[[str], str]) -> AsyncIterator[MakeDatabase]:
    """A fresh database of a service: a copy of its template, dropped after the test."""
    made: list[Database] = []

    async def make(service: str) -> Database:
        source = await asyncio.to_thread(template, service)
        name = f"test_{os.getpid()}_{next(_numbers)}"
        await _run_on_server(postgres, f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")
        made.append(Database(postgres.set(database=name), pool_size=6, application="dondoc-test"))
        return made[-1]

    yield make
    for database in made:
        await database.close()
        await _run_on_server(postgres, f"DROP DATABASE IF EXISTS {database.url.database} WITH (FORCE)")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2025, 5, 20, 1, 0, tzinfo=UTC))
