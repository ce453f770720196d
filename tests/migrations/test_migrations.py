"""Every service's models and migrations describe one database, and migrating is safe to do twice or twice at once."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from uuid import NAMESPACE_URL, uuid5

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, MetaData, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from services.register import SERVICES
from shared.events import finance
from shared.log.identity import log_check
from shared.platform import migrations as platform_migrations
from shared.runtime import migrations
from shared.runtime.database import Database, driver_connection, platform_metadata
from shared.runtime.migrations import ADVISORY_LOCK, migrate, needs_migration, newest_revision, prepare
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.writing import run_alone, writing

every_service = pytest.mark.parametrize("service", SERVICES)
_CATALOGUE = """
SELECT 'column', table_name || '.' || column_name, concat_ws(' ', udt_name, is_nullable, column_default, is_identity)
FROM information_schema.columns JOIN pg_tables ON schemaname = table_schema AND tablename = table_name
WHERE table_schema = 'public'
UNION ALL
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
ORDER BY 1, 2, 3
"""
_UNCOMPARED = re.compile(r"alembic|_\d{8}")  # partitions of days come and go
_PLATFORM_UPGRADE = re.compile(r"platform\.upgrade\((?:since=(?P<since>\d+), )?to=(?P<to>\d+)\)")
_MIGRATE = "import asyncio, sys; from sqlalchemy import make_url; from shared.runtime.migrations import migrate; asyncio.run(migrate(sys.argv[1], make_url(sys.argv[2])))"


async def catalogue(database: Database) -> list[tuple[str, str, str]]:
    async with database.reading() as connection:
        rows = (await connection.execute(text(_CATALOGUE))).all()
    return [(kind, name, definition) for kind, name, definition in rows if not _UNCOMPARED.search(name)]


def metadata_of(service: str) -> MetaData:
    metadata = import_module(f"services.{service}.tables").Base.metadata
    assert isinstance(metadata, MetaData)
    return metadata


@every_service
async def test_models_and_migrations_agree_to_the_last_index_and_constraint(
    make_database: MakeDatabase, service: str
) -> None:
    migrated, made = await make_database(service), await make_database(PLATFORM)
    async with made.engine.begin() as connection:
        await connection.run_sync(platform_metadata.create_all)
        await connection.run_sync(metadata_of(service).create_all)
    found = await catalogue(migrated)
    assert len(found) > 100
    assert found == await catalogue(made)


@every_service
async def test_migrating_again_does_nothing(empty: Database, service: str) -> None:
    assert await needs_migration(service, empty.url)
    await migrate(service, empty.url)
    before = await catalogue(empty)
    assert not await needs_migration(service, empty.url)
    await migrate(service, empty.url)
    assert await catalogue(empty) == before


@every_service
def test_files_are_named_in_the_order_of_their_revisions(service: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.SERVICES / service / "migrations"))
    assert newest_revision(service) == ScriptDirectory.from_config(config).get_current_head()


@every_service
def test_the_platform_tables_come_to_their_newest_version_step_by_step(service: str) -> None:
    files = sorted((migrations.SERVICES / service / "migrations" / "versions").glob("[0-9]*.py"))
    calls = [
        match for file in files for match in _PLATFORM_UPGRADE.finditer(file.read_text(encoding="utf-8"))
    ]
    reached = 0
    for call in calls:
        assert int(call["since"] or 0) == reached
        reached = int(call["to"])
    assert reached == len(platform_migrations.VERSIONS)


async def test_a_database_is_prepared_where_that_is_to_be_done(empty: Database) -> None:
    missing = empty.url.set(database=f"{empty.url.database}_missing")
    assert await needs_migration("notify", missing)
    try:
        assert await prepare("notify", missing) is True
        assert not await needs_migration("notify", missing)
        assert await prepare("notify", missing) is False
    finally:
        await run_alone(empty.url, f'DROP DATABASE "{missing.database}" WITH (FORCE)')
    assert await prepare("notify", empty.url) is False  # there already, and migrated now
    assert not await needs_migration("notify", empty.url)


async def test_code_that_is_older_than_its_database_goes_on_working(empty: Database) -> None:
    """After an upgrade that is taken back."""
    await migrate("notify", empty.url)
    newer = f"{int(newest_revision('notify')) + 1:04}"
    async with writing(empty) as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :newer"), {"newer": newer})
    assert not await needs_migration("notify", empty.url)
    assert await prepare("notify", empty.url) is False


async def test_a_server_that_refuses_is_no_missing_database(empty: Database) -> None:
    with pytest.raises(DBAPIError, match="password"):
        await needs_migration("tasks", empty.url.set(password="wrong"))


async def _start(service: str, url: URL) -> asyncio.subprocess.Process:
    address = url.render_as_string(hide_password=False)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MIGRATE, service, address, stderr=asyncio.subprocess.PIPE
    )


@every_service
async def test_processes_that_migrate_at_once_all_succeed(empty: Database, service: str) -> None:
    processes = [await _start(service, empty.url) for _ in range(3)]
    for process in processes:
        _, errors = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, errors.decode()
    assert not await needs_migration(service, empty.url)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - a lock in another process has no event to wait for
            await asyncio.sleep(0.01)


async def test_a_turn_is_waited_for_longer_than_a_lock(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The migration before ours may take its time; only a table's lock is not waited for."""
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "50ms")
    other = await driver_connection(empty)
    await other.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
    migrating = asyncio.create_task(migrate("tasks", empty.url))

    async def has_waited() -> bool:
        return bool(
            await other.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND query LIKE '%pg_try_advisory_lock%' AND query_start - backend_start > interval '200 ms'"
            )
        )

    await _until(has_waited)
    assert not migrating.done()
    await other.execute(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")
    await migrating
    await other.close()
    assert not await needs_migration("tasks", empty.url)


async def test_a_migration_that_fails_leaves_nothing_and_gives_its_turn_back(empty: Database) -> None:
    await run_alone(empty.url, "CREATE TABLE tasks (x int)")  # in the way
    with pytest.raises(Exception, match="already exists"):
        await migrate("tasks", empty.url)
    assert {name for kind, name, _ in await catalogue(empty) if kind == "column"} == {"tasks.x"}
    await run_alone(empty.url, "DROP TABLE tasks")
    async with asyncio.timeout(30):
        await migrate("tasks", empty.url)


async def test_budgets_get_the_ids_by_which_readers_know_them(empty: Database) -> None:
    """Events of before carry year:level:agency_code; the contract reads that as the id which the migration gives."""
    await migrate("finance", empty.url, "0001")
    zeros = ", 0" * 7
    async with empty.bookkeeping() as session:
        for code in ("G06", "G12"):
            budget = f"INSERT INTO budgets SELECT 2026, 'central', '{code}', 3{zeros}, NULL, NULL, now()"
            await session.execute(text(budget))
    await migrate("finance", empty.url)
    async with empty.reading() as connection:
        found = (await connection.execute(text("SELECT id, agency_code, version FROM budgets"))).all()
    figures = dict.fromkeys(finance.BudgetState.model_fields, 0)
    for row in found:
        name = {"id": f"2026:central:{row.agency_code}", "agency_code": row.agency_code, "level": "central"}
        days = {"first_allocated_on": None, "last_disbursed_on": None, "fields_excluded": ()}
        assert finance.BudgetState.model_validate(figures | name | days).id == str(row.id)
    assert {(row.agency_code, row.version) for row in found} == {("G06", 3), ("G12", 3)}


_BUDGETS_OF_BEFORE = """
    INSERT INTO agencies
    SELECT code, 1, code, NULL, 'government', 'central', NULL, '{}', '[]' FROM (VALUES ('G01'), ('G12')) AS each (code);
    INSERT INTO accounts (year, level, agency_code, nature, field, source, stage, balance, latest_effective_on, posting_count)
    SELECT 2026, 'central', code, 'capital', field, '', stage, balance, '2026-01-20', 1
    FROM (VALUES ('G01', 'defence_security', 70), ('G01', 'digital_transformation', 5), ('G12', 'digital_transformation', 5))
        AS each (code, field, amount)
    CROSS JOIN LATERAL (VALUES ('authority', -amount), ('unallocated', amount)) AS side (stage, balance);
    INSERT INTO budgets
    SELECT 2026, 'central', code, 1, -amount, amount, 0, 0, 0, 0, 0, NULL, NULL, now()
    FROM (VALUES ('G01', 75), ('G12', 5)) AS each (code, amount)
"""


async def test_budgets_that_held_defence_and_security_are_told_anew_without_it(empty: Database) -> None:
    await migrate("finance", empty.url, "0008")
    async with empty.bookkeeping() as session:
        for statement in _BUDGETS_OF_BEFORE.split(";"):
            await session.execute(text(statement))
    await migrate("finance", empty.url)
    async with empty.reading() as connection:
        query = "SELECT agency_code, version, authority, unallocated FROM budgets ORDER BY agency_code"
        assert [tuple(row) for row in await connection.execute(text(query))] == [
            ("G01", 2, -5, 5),
            ("G12", 1, -5, 5),
        ]
        [event] = (await connection.execute(text("SELECT version, data FROM outbox"))).all()
    state = finance.BudgetChanged.model_validate(event.data).budget
    assert (event.version, state.agency_code, state.approved, state.unallocated) == (2, "G01", 5, 5)
    assert state.fields_excluded == ("defence_security",)


async def test_reminders_of_budgets_go_on_under_the_ids_of_finance(empty: Database) -> None:
    await migrate("notify", empty.url, "0001")
    name, zeros = "2026:central:G12", ", 0" * 5
    signal = "'budget.idle', 'budget', :name, 'G12', '', now(), now(), 'raised', 'came_due', now(), '{}'"
    async with empty.bookkeeping() as session:
        await session.execute(
            text(f"INSERT INTO budgets SELECT :name, 1, 2026, 'central', 'G12'{zeros}"), {"name": name}
        )
        await session.execute(text(f"INSERT INTO signals SELECT gen_random_uuid(), {signal}"), {"name": name})
    await migrate("notify", empty.url)
    async with empty.reading() as connection:
        query = "SELECT id FROM budgets UNION ALL SELECT subject FROM reminders"
        found = (await connection.scalars(text(query))).all()
    assert found == [str(uuid5(NAMESPACE_URL, f"urn:dondoc:finance:budget:{name}"))] * 2


@pytest.mark.parametrize("interrupt", ["pg_cancel_backend", "pg_terminate_backend"])
async def test_an_index_whose_concurrent_build_was_interrupted_is_whole_after_the_next_try(
    empty: Database, interrupt: str
) -> None:
    await migrate("datasets", empty.url, "0004")
    other, watcher = await driver_connection(empty), await driver_connection(empty)
    await other.execute(
        "BEGIN; LOCK TABLE idempotency_keys IN ROW EXCLUSIVE MODE"
    )  # a writer that takes its time
    migrating = asyncio.create_task(migrate("datasets", empty.url))
    building = (
        "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%'"
    )

    async def waits() -> bool:
        return bool(await watcher.fetchval(f"SELECT count(*) {building} AND wait_event_type = 'Lock'"))

    await _until(waits)
    await watcher.fetchval(f"SELECT {interrupt}(pid) {building}")

    async def has_stopped() -> bool:
        return not await waits()

    await _until(has_stopped)
    await other.execute("COMMIT")  # dropping the invalid index waits for it too
    with pytest.raises(SQLAlchemyError):
        await migrating
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    if interrupt == "pg_cancel_backend":
        assert await other.fetchval(invalid) == 0
    await migrate("datasets", empty.url)
    assert await other.fetchval(invalid) == 0
    assert await other.fetchval("SELECT to_regclass('ix_idempotency_keys_created_at') IS NOT NULL")
    for connection in (other, watcher):
        await connection.close()


async def test_keys_of_the_form_before_stay_on_record_and_are_revoked(empty: Database) -> None:
    """They cannot be verified any more; the audit still names them."""
    await migrate("tasks", empty.url, "0003")
    await run_alone(
        empty.url,
        "INSERT INTO api_keys (id, prefix, digest, name, role, tenant, scopes, created_at) VALUES "
        "(gen_random_uuid(), '0123456789ab', '', 'Bộ Nội vụ', 'agency', 'G09', '{tasks.read}', now())",
    )
    await migrate("tasks", empty.url)
    async with empty.reading() as connection:
        [key] = (await connection.execute(text("SELECT * FROM issued_keys"))).all()
        [revoked] = (await connection.execute(text("SELECT * FROM revoked_keys"))).all()
    assert (key.prefix, key.name, key.role, key.agency_code) == ("0123456789ab", "Bộ Nội vụ", "agency", "G09")
    assert revoked.prefix == key.prefix


@pytest.mark.parametrize(("xid", "known"), [(None, True), ("900000000000", False)])
async def test_a_log_that_a_restore_brought_before_logs_had_an_identity_is_recognised(
    empty: Database, xid: str | None, *, known: bool
) -> None:
    """By transactions that this cluster has not begun."""
    await migrate("datasets", empty.url, "0007")
    async with writing(empty) as session:
        await session.execute(text(_ADD_EVENT), {"xid": xid})
    await migrate("datasets", empty.url)
    assert (await log_check(empty)() is None) is known


_ADD_EVENT = """
INSERT INTO outbox (xid, event_id, type, subject, version, time, data)
VALUES (coalesce(CAST(CAST(:xid AS text) AS xid8), pg_current_xact_id()), gen_random_uuid(), 't', 's', 1, now(), '{}')
"""
