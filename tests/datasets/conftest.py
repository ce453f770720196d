from collections.abc import AsyncIterator

import pytest

from shared.runtime.database import Database
from tests.conftest import Reused
from tests.datasets.world import World, running_world
from tests.support.reused import emptied


@pytest.fixture
async def database(reused: Reused) -> AsyncIterator[Database]:
    """The migrated, empty database of the service."""
    async with emptied(await reused("datasets")) as database:
        yield database


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """The datasets service at 08:00 on 10 March 2026."""
    async with running_world(database) as running:
        yield running
