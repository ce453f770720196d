from collections.abc import AsyncIterator

import pytest

from shared.runtime.database import Database
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.writing import run_alone


@pytest.fixture
async def empty(make_database: MakeDatabase) -> AsyncIterator[Database]:
    """A database without a table."""
    database = await make_database(PLATFORM)
    await run_alone(database.url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    yield database
    await database.close()
