"""The scripts that touch databases, run on a real server: setting up, migrating, and the restore of the runbook."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from services.register import SERVICES
from shared.errors import Refusal
from shared.log.bus.embedded import OutboxSource
from shared.log.cursors import Cursor, load_cursor, save_cursor
from shared.log.identity import UNRESTORED, log_check, refuse_unusable
from shared.log.reader import read_page
from shared.log.relay import CURSOR as RELAY
from shared.log.relay import relay_loop
from shared.log.restore import Restored, restore_log
from shared.runtime.database import Database
from shared.runtime.embedded_postgres import EmbeddedPostgres
from tests.conftest import PLATFORM, MakeDatabase
from tests.deploy.compose import DEPLOY, PROJECT, ours
from tests.support.bus import Counter, Listener, Shelf, running, wait_for
from tests.support.postgres import PROGRAMS, dump_and_restore
from tests.support.writing import run_alone, writing


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A server of its own: the script makes roles, and those belong to a whole server."""
    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("pg"))
    try:
        yield embedded.start()
    finally:
        embedded.stop()


@pytest.fixture(scope="module")
def secrets(server: URL, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Secrets as drawn, and the databases as the container's first start makes them."""
    folder = tmp_path_factory.mktemp("run") / "secrets"
    subprocess.run([DEPLOY / "make-secrets.sh", folder], check=True, capture_output=True)
    environment = {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "PGHOST": str(server.query["host"]),
        "PGPASSWORD": str(server.password),
        "POSTGRES_USER": str(server.username),
        "SECRETS": str(folder),
    }
    subprocess.run([DEPLOY / "postgres" / "create-databases.sh"], env=environment, check=True)
    return folder


def as_role(server: URL, role: str, database: str, secrets: Path) -> URL:
    password = (secrets / role.replace("dondoc_", "database_")).read_text(encoding="ascii")
    return server.set(username=role, password=password, database=database)


def test_migrate_brings_both_to_the_newest_form_with_passwords_from_files(server: URL, secrets: Path) -> None:
    """`dondoc migrate` with the very environment of the compose file, but for the server's address."""
    given = ours()["migrate"]["environment"]
    environment = os.environ | {
        name: value.replace("/run/secrets", str(secrets)) for name, value in given.items()
    }
    environment["DONDOC_DATABASE_URL"] = (
        f"postgresql://dondoc_{{service}}@/dondoc_{{service}}?host={server.query['host']}"
    )
    script = "from services.cli import main; main()"
    for _ in range(2):  # a second time it finds nothing to do
        ran = subprocess.run(
            [sys.executable, "-c", script, *ours()["migrate"]["command"][1:]],
            cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.count("up to date") == len(SERVICES)


@pytest.mark.parametrize(
    ("role", "database"), [("dondoc_tasks", "dondoc_notify"), ("dondoc_notify", "dondoc_tasks")]
)
async def test_no_service_enters_the_other_s_database(
    server: URL, secrets: Path, role: str, database: str
) -> None:
    assert await ask(as_role(server, role, role, secrets), "SELECT current_user") == role
    with pytest.raises(DBAPIError, match="permission denied for database"):
        await ask(as_role(server, role, database, secrets), "SELECT 1")


async def ask(url: URL, question: str) -> object:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return (await connection.execute(text(question))).scalar_one()
    finally:
        await engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
def test_alembic_finds_each_service_s_migrations(service: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", DEPLOY / "alembic.ini", "-n", service, "heads"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip().endswith("(head)")


# --- deploy/runbooks/restore.md ----------------------------------------------------------------------------------------

# A cluster in use is ahead of a new one: its restored log stays invisible there.
USE = "DO $$ BEGIN FOR n IN 1..5000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"


async def copied(source: URL, server: URL) -> Database:
    """A dump of `source`, restored into another cluster."""
    target = server.set(database="restored")
    await run_alone(server.set(database="postgres"), "CREATE DATABASE restored TEMPLATE template0")
    await asyncio.to_thread(dump_and_restore, source, target)
    return Database(target, application="dondoc-test")


@pytest.fixture
async def counter(make_database: MakeDatabase, server: URL) -> AsyncIterator[Counter]:
    """A service whose relay and feed have read three events, after a restore into another cluster, where it counts on."""
    counter = Counter(await make_database(PLATFORM))
    await counter.count(*"aaa")
    async with counter.database.reading() as connection:
        await connection.execute(text(USE))
        cursor = (await read_page(connection, Cursor(), 10)).cursor
    async with writing(counter.database) as session:
        await save_cursor(session, RELAY, cursor)
    counter.database = await copied(counter.database.url, server)
    await counter.count("a")
    yield counter
    await counter.database.close()
    await run_alone(server.set(database="postgres"), "DROP DATABASE restored WITH (FORCE)")


async def refusal(counter: Counter, cursor: Cursor) -> str | None:
    async with counter.database.reading() as connection:
        try:
            await refuse_unusable(connection, cursor)
        except Refusal as refused:
            return refused.code
    return None


async def test_a_restored_log_is_read_by_nobody_before_its_restore_is_complete_and_then_as_a_whole(
    counter: Counter, make_database: MakeDatabase
) -> None:
    listener = Listener(await make_database(PLATFORM), counter)
    await listener.prepare()
    database, shelf = counter.database, Shelf()
    async with database.reading() as connection:
        kept = await load_cursor(connection, RELAY)
    source = OutboxSource(counter.service, database, listener.database)
    loops = {
        "relay": relay_loop(counter.service, database, shelf),
        "consumer": listener.consumer(source).loop(),
    }
    async with running(**loops) as kept_loops:

        async def told() -> bool:
            return set(kept_loops.troubles().values()) == {UNRESTORED}

        await wait_for(told)
        assert unrestored(counter.service) == 1
        assert await log_check(database)() == UNRESTORED
        assert await refusal(counter, kept) == "cursor_of_another_log"
        assert await refusal(counter, Cursor()) == "log_unrestored"
        assert (shelf.events, await listener.effects()) == ([], {})

        assert await restore_log(database) == Restored(events=4, positions=1)
        assert await restore_log(database) is None
        assert await shelf.holds(4) == [1, 2, 3, 4]
        assert await listener.heard(4) == {"a": [1, 2, 3, 4]}
        assert (await log_check(database)(), unrestored(counter.service)) == (None, 0)
    assert await refusal(counter, kept) == "cursor_of_another_log"
    assert await refusal(counter, Cursor()) is None


async def test_a_cursor_is_of_another_log_by_its_id_alone_and_by_a_transaction_that_lies_ahead_alone(
    make_database: MakeDatabase,
) -> None:
    counter = Counter(await make_database(PLATFORM))
    await counter.count("a")
    async with counter.database.reading() as connection:
        here = (await read_page(connection, Cursor(), 10)).cursor
    ahead = replace(
        here, seen=f"{here.next_transaction + 10**6}:{here.next_transaction + 10**6}:", upto=here.seen
    )
    for cursor in (replace(here, log_id=uuid4()), ahead, replace(ahead, log_id=None)):
        assert await refusal(counter, cursor) == "cursor_of_another_log"
    assert await refusal(counter, here) is None


def unrestored(service: str) -> float | None:
    return REGISTRY.get_sample_value("dondoc_log_unrestored", {"service": service})


async def test_own_readers_begin_again_in_a_log_that_was_restored_and_repeat_nothing(
    counter: Counter, make_database: MakeDatabase
) -> None:
    """A consumer in a database that was not restored, and its cursor in one that was, a second time."""
    listener = Listener(await make_database(PLATFORM), counter)
    await listener.prepare()
    source = OutboxSource(counter.service, counter.database, listener.database)
    await restore_log(counter.database)
    async with running(consumer=listener.consumer(source).loop()):
        await listener.heard(4)
    again = await restore_log(counter.database, force=True)
    assert again is not None
    assert again.events == 4
    await counter.count("a")
    async with running(consumer=listener.consumer(source).loop()):
        assert await listener.heard(5) == {"a": [1, 2, 3, 4, 5]}
