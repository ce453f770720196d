"""Bringing a service's database to the newest form: Alembic, one at a time, never waiting long for a lock."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.runtime.partitions import PARTITION_KEYS, make_partitions

# Alembic is imported where it is used: that takes 0.2 s, and nearly every start finds nothing to migrate.

ADVISORY_LOCK = 0x646F6E646F63  # "dondoc": one migration at a time per database
LOCK_POLL_SECONDS = 0.1
LOCK_TIMEOUT = "5s"  # a migration that waits for a lock blocks everyone queued behind it
STATEMENT_TIMEOUT = "10min"
SERVICES = Path(__file__).parents[2] / "services"
UNDEFINED_TABLE = "42P01"
INVALID_CATALOG_NAME = "3D000"


async def prepare(service: str, url: URL) -> bool:
    """Create and migrate the database where that is still to be done; true when it was created."""
    if not await needs_migration(service, url):
        return False
    created = await create_database(url)
    await migrate(service, url)
    return created


async def needs_migration(service: str, url: URL) -> bool:
    """True if the database is missing or its revision older than the code's; one connection, one query.

    A newer revision needs none: after an upgrade the old code may be started again, for migrations only add.
    """
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in {UNDEFINED_TABLE, INVALID_CATALOG_NAME}:
            raise
        return True
    finally:
        await engine.dispose()
    return found is None or str(found) < newest_revision(service)


def newest_revision(service: str) -> str:
    """The number that the newest migration's file begins with: files are named in the order of their revisions."""
    versions = (SERVICES / service / "migrations" / "versions").glob("[0-9]*.py")
    return max(file.name.partition("_")[0] for file in versions)


async def create_database(url: URL) -> bool:
    """Create the database of `url` where it is missing; true when it was."""
    engine = create_async_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            known = await connection.execute(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": url.database}
            )
            if known.scalar_one_or_none():
                return False
            name = engine.dialect.identifier_preparer.quote(str(url.database))
            await connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
            return True
    finally:
        await engine.dispose()


async def migrate(service: str, url: URL, revision: str = "head") -> None:
    """Upgrade to `revision` under an advisory lock; does nothing when the database has it already.

    The newest form has partitions for the coming days, so that a service's first rows have theirs.
    """
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await _take_lock(connection)
            await connection.run_sync(_upgrade, service, revision)
            if revision == "head":
                driver = (await connection.get_raw_connection()).driver_connection
                for table in PARTITION_KEYS:
                    await make_partitions(driver, table, datetime.now(UTC).date())
    finally:
        await engine.dispose()


async def _take_lock(connection: AsyncConnection) -> None:
    """Wait for the migrations' advisory lock without holding a snapshot.

    CREATE INDEX CONCURRENTLY in another migration waits for every older snapshot: one that waited inside
    `pg_advisory_lock` would wait for it and be waited for.
    """
    while not await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}):
        await connection.rollback()
        await asyncio.sleep(LOCK_POLL_SECONDS)


def _upgrade(connection: Connection, service: str, revision: str) -> None:
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(SERVICES / service / "migrations"))
    config.set_main_option("path_separator", "os")
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    try:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
        connection.commit()


def run_migrations(*metadata: MetaData) -> None:
    """The body of every service's env.py: a transaction per revision, on the connection that `migrate` opened."""
    from alembic import context  # noqa: PLC0415 - see above

    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=list(metadata),
        compare_server_default=False,
        transaction_per_migration=True,  # a revision that fails leaves those before it
    )
    with context.begin_transaction():
        context.run_migrations()
