"""Many rows written at once: prepared in temporary tables, then dated and copied into the tables that they are for.

Stable reads (`LateChange.announce`) wait for the copying alone, not for the preparation.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncSession

# pg_temp last: without its schema a name still means the real table. The copying of 1,000,000 rows is one statement.
_PREPARE = text(
    """
    SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true),
           set_config('statement_timeout', '300s', true)
    """
)


@asynccontextmanager
async def staged(session: AsyncSession, tables: Iterable[Table]) -> AsyncIterator[None]:
    """Within the block what the session writes to `tables` goes to temporary tables of the same names.

    They last as long as the transaction, without indexes and references; `write_staged` takes them from there.
    """
    await session.execute(_PREPARE)
    for table in tables:
        like = f"(LIKE {table.name} INCLUDING DEFAULTS INCLUDING IDENTITY)"
        await session.execute(text(f"CREATE TEMPORARY TABLE {table.name} {like} ON COMMIT DROP"))
    connection = await session.connection()
    await connection.execution_options(schema_translate_map={None: "pg_temp"})
    try:
        yield
    finally:
        await connection.execution_options(schema_translate_map=None)


async def write_staged(session: AsyncSession, tables: Mapping[Table, str], *, at: datetime) -> None:
    """Copy what was staged, in the order of `tables` and of its staging.

    `tables`: each with the name of its column that is to hold `at`.
    """
    for table, dated in tables.items():
        given = [each.name for each in table.columns if each.identity is None and each.server_default is None]
        values = ["CAST(:at AS timestamptz)" if name == dated else name for name in given]
        ids = [each.name for each in table.columns if each.identity is not None]
        order = f" ORDER BY {ids[0]}" if ids else ""
        copied = f"SELECT {', '.join(values)} FROM pg_temp.{table.name}{order}"  # noqa: S608 - names of tables
        await session.execute(text(f"INSERT INTO {table.name} ({', '.join(given)}) {copied}"), {"at": at})
