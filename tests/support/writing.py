"""Writing to a database in a test whose clock does not matter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from shared.runtime.clock import SystemClock
from shared.runtime.database import Database


@asynccontextmanager
async def writing(database: Database) -> AsyncIterator[AsyncSession]:
    """The session of a change that is dated by the system's clock."""
    async with database.change(SystemClock()) as (session, _):
        yield session


async def run_alone(url: URL, *statements: str) -> None:
    """Each outside a transaction, as CREATE DATABASE has to be, with all the rights of the user of `url`."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
