"""Bringing a service's database to the newest form: Alembic, one at a time, never waiting long for a lock."""

from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

ADVISORY_LOCK = 0x646F6E646F63  # "dondoc": one migration at a time per database
LOCK_TIMEOUT = "5s"  # a migration that waits for a lock blocks everyone queued behind it
STATEMENT_TIMEOUT = "10min"
SERVICES = Path(__file__).parent.parent / "services"


def alembic_config(service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SERVICES / service / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


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
    """Upgrade to `revision` under an advisory lock; does nothing when the database is there already."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, service, revision)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str, revision: str) -> None:
    config = alembic_config(service)
    scripts = ScriptDirectory.from_config(config)
    if (
        revision == "head"
        and MigrationContext.configure(connection).get_current_revision() == scripts.get_current_head()
    ):
        return
    connection.rollback()
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    # after our turn has come: another migration may take longer than a table's lock may
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


async def needs_migration(service: str, url: URL) -> bool:
    """Whether the database lags behind the code."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            current = await connection.run_sync(
                lambda c: MigrationContext.configure(c).get_current_revision()
            )
    finally:
        await engine.dispose()
    return bool(current != ScriptDirectory.from_config(alembic_config(service)).get_current_head())


def run_migrations(*metadata: MetaData) -> None:
    """What every service's env.py does: one transaction per upgrade, on the connection that `migrate` opened."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=list(metadata), compare_server_default=False)
    with context.begin_transaction():
        context.run_migrations()
