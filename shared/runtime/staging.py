"""Many rows written at once: prepared in temporary tables, then dated and copied into the tables that they are for.

Stable reads (`LateChange.announce`) wait for the copying alone, not for the preparation.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Table, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase

_T = TypeVar("_T")
BATCH = 500  # of things prepared by one set of statements: the process answers others in between
AT = "CAST(:at AS timestamptz)"  # in SQL, the instant under which what is written is recorded

# pg_temp last: without its schema a name still means the real table. The copying of 1,000,000 rows is one statement.
# No scan of whole tables: statistics may tell of one row where the transaction itself has just written thousands.
_PREPARE = text(
    """
    SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true),
           set_config('statement_timeout', '300s', true), set_config('enable_seqscan', 'off', true)
    """
)
_FORGET_PLANS = text("DISCARD PLANS")  # those of foreign keys were made when the tables may have been empty


async def prepare_staging(session: AsyncSession) -> None:
    """Settings of a transaction that writes many rows from temporary tables."""
    await session.execute(_PREPARE)
    await session.execute(_FORGET_PLANS)


async def copy_rows(
    session: AsyncSession, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> int:
    """COPY rows to a temporary table, as they come; returns their number. The process answers others in between."""
    count = 0

    async def sent() -> AsyncIterator[tuple[Any, ...]]:
        nonlocal count
        for batch in batches(rows):
            count += len(batch)
            for row in batch:
                yield row
            await asyncio.sleep(0)

    connection = await (await session.connection()).get_raw_connection()
    driver: Any = connection.driver_connection
    try:
        await driver.copy_records_to_table(table, schema_name="pg_temp", columns=columns, records=sent())
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DBAPIError("COPY", None, error) from error  # as SQLAlchemy tells what a statement meets
    return count


@asynccontextmanager
async def staged(session: AsyncSession, tables: Iterable[Table]) -> AsyncIterator[None]:
    """Within the block what the session writes to `tables` goes to temporary tables of the same names.

    They last as long as the transaction, without indexes and references; `write_staged` takes them from there.
    """
    await prepare_staging(session)
    for table in tables:
        like = f"(LIKE {table.name} INCLUDING DEFAULTS INCLUDING IDENTITY)"
        await session.execute(text(f"CREATE TEMPORARY TABLE {table.name} {like} ON COMMIT DROP"))
    connection = await session.connection()
    await connection.execution_options(schema_translate_map={None: "pg_temp"})
    try:
        yield
    finally:
        await connection.execution_options(schema_translate_map=None)


def batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    """The items in order, `BATCH` at a time."""
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


async def insert_rows(
    session: AsyncSession, kind: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows without the session's bookkeeping of each, which costs more than the insert.

    `rows`: values by column, such as `vars` of mapped objects; all with the same ones. Others are passed over.
    """
    table = kind.__table__
    assert isinstance(table, Table)  # noqa: S101 - mapped classes have tables
    names = [name for name in (rows[0] if rows else ()) if name in table.c]
    if rows:
        await session.execute(insert(table), [{name: row[name] for name in names} for row in rows])


async def write_staged(
    session: AsyncSession, tables: Mapping[Table, Mapping[str, str]], *, at: datetime
) -> None:
    """Copy what was staged, in the order of `tables` and of its staging.

    `tables`: each with the SQL of the columns that depend on `at`, such as `AT`; the others are copied as they are.
    """
    for table, dated in tables.items():
        given = [each.name for each in table.columns if each.identity is None and each.server_default is None]
        values = [dated.get(name, name) for name in given]
        ids = [each.name for each in table.columns if each.identity is not None]
        order = f" ORDER BY {ids[0]}" if ids else ""
        copied = f"SELECT {', '.join(values)} FROM pg_temp.{table.name}{order}"  # noqa: S608 - names of tables
        statement = text(f"INSERT INTO {table.name} ({', '.join(given)}) {copied}")
        await session.execute(statement, {"at": at})
