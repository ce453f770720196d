"""The advisory lock of deliveries; the protocol is the package's docstring."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

_KEY = 0x6E6F7469  # any number that no other advisory lock of this database has


async def lock_deliveries(session: AsyncSession, *, shared: bool = False) -> None:
    """Wait for the lock under which many rows of deliveries may be locked; held to the end of the transaction."""
    lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    await session.execute(select(lock(_KEY)))
