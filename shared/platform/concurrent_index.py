"""Indexes on tables that are large and in use are built without stopping those who write to them."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError


def create_index_concurrently(name: str, on: str) -> None:
    """CREATE INDEX CONCURRENTLY `name` ON `on` (table and columns, in SQL), outside the revision's transaction.

    What the revision did before is committed first. A build that is interrupted leaves an invalid index, which slows
    writes and serves no query: it is dropped at once, or by the next try where the server itself went down. PostgreSQL
    builds no index on a partitioned table so.
    """
    with op.get_context().autocommit_block(), _no_time_limits():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        try:
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {on}")
        except DBAPIError as error:
            if not error.connection_invalidated:
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            raise


@contextmanager
def _no_time_limits() -> Iterator[None]:
    """It waits for older transactions to end, and nobody waits for it."""
    limits = {
        name: op.get_bind().scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")
    }
    for name in limits:
        op.execute(f"SET {name} = 0")
    try:
        yield
    finally:
        if not op.get_bind().invalidated:
            for name, limit in limits.items():
                op.execute(f"SET {name} = '{limit}'")
