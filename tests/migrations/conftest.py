from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from shared.runtime.database import Database
from tests.conftest import PLATFORM, MakeDatabase


@pytest.fixture
async def empty(make_database: MakeDatabase) -> AsyncIterator[Database]:
    """A database without a table."""
    database = await make_database(PLATFORM)
    async with database.reading() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    yield database
    await database.close()
