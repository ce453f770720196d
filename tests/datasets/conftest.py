from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from sqlalchemy import URL

from shared.runtime.database import Database
from tests.datasets.world import World, running_world
from tests.support.reused import emptied, reused_database


@pytest.fixture(scope="session")
def datasets_url(postgres: URL, template: Callable[[str], str]) -> Iterator[URL]:
    with reused_database(postgres, template("datasets"), "datasets") as url:
        yield url


@pytest.fixture
async def database(datasets_url: URL) -> AsyncIterator[Database]:
    """The migrated, empty database of the service."""
    async with emptied(datasets_url) as database:
        yield database


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """The datasets service at 08:00 on 10 March 2026."""
    async with running_world(database) as running:
        yield running
