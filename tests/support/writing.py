"""Writing to a database in a test whose clock does not matter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from shared.runtime.clock import SystemClock
from shared.runtime.database import Database


@asynccontextmanager
async def writing(database: Database) -> AsyncIterator[AsyncSession]:
    """The session of a change that is dated by the system's clock."""
    async with database.change(SystemClock()) as (session, _):
        yield session
