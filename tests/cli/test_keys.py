"""`dondoc keys`, `dondoc catalogue`: what an operator does to the databases of a deployment."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, FromClause, func, select, text

from services.cli import keys
from services.cli.console import Misuse, Stop
from services.cli.deployment import deployment
from services.register import SERVICES
from services.suite import Databases, SuiteSettings
from services.tasks.tables import IssuedKey
from services.tasks.use_cases.keys import revoke_key
from shared.events.tasks import KeyRevoked
from shared.keys.revocations import revoked_keys
from shared.log.outbox import outbox
from shared.runtime.audit import SYSTEM, audit
from shared.runtime.database import Database
from tests.cli.conftest import Running, dondoc
from tests.conftest import MakeDatabase
from tests.support.processes import until
from tests.support.writing import writing


def times_recorded(running: Running, prefix: str) -> tuple[int, int, list[int]]:
    """Of a key's revocation: audit entries and events of tasks, and entries in each service's database."""

    async def count() -> tuple[int, int, list[int]]:
        async with deployment(running.folder) as (_, databases):
            audited = await _count(
                databases.tasks, audit, audit.c.entity_id == prefix, audit.c.action == "revoke"
            )
            told = await _count(
                databases.tasks, outbox, outbox.c.subject == prefix, outbox.c.type == KeyRevoked.event_type
            )
            entries = [
                await _count(database, revoked_keys, revoked_keys.c.prefix == prefix)
                for database in databases.all()
            ]
            return audited, told, entries

    return asyncio.run(count())


async def _count(database: Database, table: FromClause, *conditions: ColumnElement[bool]) -> int:
    async with database.reading() as connection:
        return (
            await connection.execute(select(func.count()).select_from(table).where(*conditions))
        ).scalar_one()


def new_key(running: Running, *arguments: str) -> tuple[str, str]:
    """A key and its prefix."""
    given = arguments or ("--role", "reader")
    key = running.operator("keys", "create", "--name", "đọc", *given).stdout.strip()
    return key, key.split("_")[1]


def listed(running: Running, prefix: str) -> dict[str, Any]:
    rows = json.loads(running.operator("keys", "list", "--json").stdout)
    [row] = [row for row in rows if row["prefix"] == prefix]
    return dict(row)


PATHS = (
    "/tasks/v1/agencies",
    "/datasets/v1/databases",
    "/finance/v1/balances",
)  # one of each service that readers read


def test_a_key_works_with_every_service_at_once_until_it_is_revoked(running: Running) -> None:
    key, prefix = new_key(running)
    assert [running.get(path, key).status_code for path in PATHS] == [200] * 3
    assert running.operator("keys", "revoke", prefix).exit_code == 0
    revoked_at = time.monotonic()
    while any(running.get(path, key).status_code != 401 for path in PATHS):
        assert time.monotonic() < revoked_at + 2
    assert listed(running, prefix)["revoked_at"]
    assert times_recorded(running, prefix) == (1, 1, [1] * len(SERVICES))


def test_a_revocation_that_was_cut_short_is_done_again_and_recorded_once(running: Running) -> None:
    key, prefix = new_key(running)

    async def recorded_by_tasks_alone() -> None:
        async with deployment(running.folder) as (_, databases), writing(databases.tasks) as session:
            await revoke_key(session, prefix, actor=SYSTEM, at=datetime.now(UTC))

    asyncio.run(recorded_by_tasks_alone())
    asyncio.run(until(partial(_refused_everywhere, running, key), 2))  # by the log alone
    for _ in range(2):
        assert running.operator("keys", "revoke", prefix).exit_code == 0
    assert times_recorded(running, prefix) == (1, 1, [1] * len(SERVICES))


async def _refused_everywhere(running: Running, key: str) -> bool:
    return all(running.get(path, key).status_code == 401 for path in PATHS)


def test_a_key_that_is_on_no_record_is_revoked_when_it_is_said_so(running: Running) -> None:
    """It was issued after the backup that the databases were restored from."""
    prefix = "0123456789ab"
    refused = running.operator("keys", "revoke", prefix)
    assert isinstance(refused.exception, Stop)
    assert "dondoc keys list" in refused.exception.vi
    assert times_recorded(running, prefix) == (0, 0, [0] * len(SERVICES))
    assert running.operator("keys", "revoke", prefix, "--unrecorded").exit_code == 0
    assert times_recorded(running, prefix) == (1, 1, [1] * len(SERVICES))


def test_only_a_prefix_is_revoked(running: Running) -> None:
    for wrong in ("", "0123456789AB", "ddk_0123456789ab_x", "0123456789abc"):
        assert isinstance(running.operator("keys", "revoke", wrong, "--unrecorded").exception, Misuse)


def test_a_key_is_bound_to_an_agency_that_is_there(running: Running) -> None:
    arguments = ("keys", "create", "--name", "x", "--role", "agency", "--agency")
    refused = running.operator(*arguments, "G999")
    assert isinstance(refused.exception, Stop)
    assert "GET /tasks/v1/agencies" in refused.exception.vi
    given = running.operator(*arguments, "G09", "--json")
    assert json.loads(given.stdout)["agency"] == "G09"


def test_a_key_says_whether_it_sees_defence_and_security(running: Running) -> None:
    key, prefix = new_key(running)
    seeing, its_prefix = new_key(running, "--role", "reader", "--defence-security")
    assert [listed(running, each)["defence_security"] for each in (prefix, its_prefix)] == [False, True]
    assert "reader (QPAN)" in running.operator("keys", "list").stdout
    path = "/finance/v1/balances?field=defence_security"
    assert [running.get(path, each).status_code for each in (key, seeing)] == [403, 200]
    given = ("keys", "create", "--name", "x", "--role", "monitor", "--defence-security")
    assert isinstance(running.operator(*given).exception, Misuse)


@pytest.mark.parametrize("expires", ["0001-01-01", "1999-12-31", "2026-01-01"])
def test_a_key_that_has_expired_is_not_granted(
    running: Running, monkeypatch: pytest.MonkeyPatch, expires: str
) -> None:
    monkeypatch.setenv("DONDOC_CLOCK", "2026-01-01T00:00")
    refused = running.operator("keys", "create", "--name", "x", "--role", "reader", "--expires", expires)
    assert isinstance(refused.exception, Misuse)
    assert "--expires" in refused.exception.vi


@pytest.mark.parametrize("name", [" ", "x" * 101, "a\nb", "a\x00"], ids=repr)
def test_a_key_needs_a_name_that_can_be_shown(running: Running, name: str) -> None:
    refused = running.operator("keys", "create", "--name", name, "--role", "reader")
    assert isinstance(refused.exception, Misuse)


async def test_a_key_is_recorded_with_tasks_whatever_becomes_of_the_others(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await make_database("tasks")
    missing = tasks.url.set(database="không_có")

    @asynccontextmanager
    async def deployed(_: Path) -> AsyncIterator[tuple[SuiteSettings, Databases]]:
        databases = Databases(
            {name: Database(tasks.url if name == "tasks" else missing) for name in SERVICES}
        )  # of the command's own event loop
        yield SuiteSettings.read(database_url="postgresql://h/x", secret_key="a2tr" * 10 + "a2s="), databases
        await databases.close()

    monkeypatch.setattr(keys, "deployment", deployed)
    given = ("keys", "create", "--name", "x", "--role", "reader")
    assert (await asyncio.to_thread(dondoc, *given)).exit_code == 0
    assert await _count(tasks, IssuedKey.__table__) == 1
    async with writing(tasks) as session:
        await session.execute(text("DROP TABLE alembic_version"))
    refused = await asyncio.to_thread(dondoc, *given)
    assert isinstance(refused.exception, Stop), refused.exception
    assert "dondoc migrate tasks" in refused.exception.vi


def test_expiry_is_shown_on_the_clock_on_the_wall(running: Running) -> None:
    given = ("--name", "hạn", "--role", "reader", "--expires", "2099-12-31")
    prefix = running.operator("keys", "create", *given).stdout.split("_")[1]
    table = running.operator("keys", "list").stdout
    assert "Asia/Ho_Chi_Minh" in table
    assert "31/12/2099 00:00" in table
    assert listed(running, prefix)["expires_at"] == "2099-12-31T00:00:00+07:00"


def test_the_catalogue_is_loaded_once_and_the_communes_when_asked(running: Running) -> None:
    assert "loaded 0 " in running.operator("catalogue").stdout
    assert "loaded 3321 " in running.operator("catalogue", "--communes").stdout
    assert "loaded 0 " in running.operator("catalogue", "--communes").stdout
    assert running.get("/tasks/v1/agencies?level=commune&limit=1").json()["items"]
