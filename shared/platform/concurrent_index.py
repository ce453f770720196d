"""Build indexes on large tables in use without blocking writes."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError


def create_index_concurrently(name: str, on: str) -> None:
    """CREATE INDEX CONCURRENTLY `name` ON `on` (table and columns, in SQL), outside the revision's transaction.

    Earlier statements of the revision are committed first. An interrupted build leaves an invalid index, which slows
    writes and serves no query: it is dropped at once, or by the next try where the server itself went down. PostgreSQL
    does not support it for partitioned tables.
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
    """CREATE INDEX CONCURRENTLY waits for older transactions and blocks no writes."""
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
