from collections.abc import AsyncIterator

import pytest

from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.conftest import Reused
from tests.support.reused import emptied
from tests.support.tasks import TasksService, running_tasks
from tests.tasks.importing import running_office


@pytest.fixture
async def database(reused: Reused) -> AsyncIterator[Database]:
    """The migrated, empty database of the service."""
    async with emptied(await reused("tasks")) as database:
        yield database


@pytest.fixture
async def service(database: Database, clock: ManualClock) -> AsyncIterator[TasksService]:
    """The tasks service at 08:00 on 20 May 2025."""
    async with running_tasks(database, clock) as running:
        yield running


@pytest.fixture
async def office(database: Database, clock: ManualClock) -> AsyncIterator[TasksService]:
    """The tasks service with the catalogue that ships and the two documents of the real annexes, on 20 November 2025."""
    async with running_office(database, clock) as running:
        yield running
