"""`dondoc keys`, `dondoc catalogue`: what an operator does to the databases of a deployment."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from services.cli import keys
from services.cli.console import Misuse, Stop
from services.cli.deployment import deployment
from services.register import SERVICES
from services.suite import Databases, SuiteSettings
from shared.http.auth import api_keys
from shared.runtime.audit import audit
from shared.runtime.database import Database
from tests.cli.conftest import Running, dondoc
from tests.conftest import MakeDatabase
from tests.support.writing import writing


def times_audited(running: Running, action: str, prefix: str) -> list[int]:
    """How often each service's audit tells it of a key."""

    async def count() -> list[int]:
        asked = select(func.count()).where(audit.c.action == action, audit.c.entity_id == prefix)
        async with deployment(running.folder) as (_, databases):
            found = []
            for database in databases.all():
                async with database.reading() as connection:
                    found.append((await connection.execute(asked)).scalar_one())
            return found

    return asyncio.run(count())


def test_a_key_works_until_it_is_revoked(running: Running) -> None:
    key = running.operator("keys", "create", "--name", "đọc", "--role", "reader").stdout.strip()
    prefix = key.split("_")[1]
    assert running.get("/tasks/v1/statistics", key).status_code == 200
    assert running.operator("keys", "revoke", prefix).exit_code == 0
    assert running.get("/tasks/v1/statistics", key).status_code == 401
    listed = json.loads(running.operator("keys", "list", "--json").stdout)
    [row] = [row for row in listed if row["prefix"] == prefix]
    assert row["revoked_at"]
    assert times_audited(running, "revoke", prefix) == [1] * len(SERVICES)


def test_only_what_was_revoked_is_audited(running: Running) -> None:
    refused = running.operator("keys", "revoke", "0123456789ab")
    assert isinstance(refused.exception, Stop)
    assert times_audited(running, "revoke", "0123456789ab") == [0] * len(SERVICES)


def test_a_key_is_bound_to_an_agency_that_is_there(running: Running) -> None:
    arguments = ("keys", "create", "--name", "x", "--role", "agency", "--agency")
    refused = running.operator(*arguments, "G999")
    assert isinstance(refused.exception, Stop)
    assert "GET /tasks/v1/agencies" in refused.exception.vi
    given = running.operator(*arguments, "G09", "--json")
    assert json.loads(given.stdout)["agency"] == "G09"


@pytest.mark.parametrize("expires", ["0001-01-01", "1999-12-31", "2026-01-01"])
def test_a_key_that_has_expired_is_not_granted(
    running: Running, monkeypatch: pytest.MonkeyPatch, expires: str
) -> None:
    monkeypatch.setenv("DONDOC_CLOCK", "2026-01-01T00:00")
    refused = running.operator("keys", "create", "--name", "x", "--role", "reader", "--expires", expires)
    assert isinstance(refused.exception, Misuse)
    assert "--expires" in refused.exception.vi


def test_a_key_without_a_name_is_not_granted(running: Running) -> None:
    assert isinstance(running.operator("keys", "create", "--name", " ", "--role", "reader").exception, Misuse)


@pytest.mark.parametrize("state", ["missing", "not migrated"])
async def test_a_key_is_granted_by_every_service_or_by_none(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    databases = Databases({name: await make_database(name) for name in SERVICES})
    last = databases[SERVICES[-1]]
    if state == "missing":
        databases = Databases(
            {**databases.by_service, SERVICES[-1]: Database(last.url.set(database="không_có"))}
        )
    else:
        async with writing(last) as session:
            await session.execute(text("DROP TABLE alembic_version"))

    @asynccontextmanager
    async def deployed(_: Path) -> AsyncIterator[tuple[SuiteSettings, Databases]]:
        yield SuiteSettings.read(database_url="postgresql://h/x", secret_key="a2tr" * 10 + "a2s="), databases

    monkeypatch.setattr(keys, "deployment", deployed)
    refused = await asyncio.to_thread(dondoc, "keys", "create", "--name", "x", "--role", "reader")
    assert isinstance(refused.exception, Stop), refused.exception
    assert f"dondoc migrate {SERVICES[-1]}" in refused.exception.vi
    async with databases.tasks.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(api_keys)) == 0


def test_expiry_is_shown_on_the_clock_on_the_wall(running: Running) -> None:
    given = ("--name", "hạn", "--role", "reader", "--expires", "2099-12-31")
    prefix = running.operator("keys", "create", *given).stdout.split("_")[1]
    table = running.operator("keys", "list").stdout
    assert "Asia/Ho_Chi_Minh" in table
    assert "31/12/2099 00:00" in table
    [row] = [
        row
        for row in json.loads(running.operator("keys", "list", "--json").stdout)
        if row["prefix"] == prefix
    ]
    assert row["expires_at"] == "2099-12-31T00:00:00+07:00"


def test_the_catalogue_is_loaded_once_and_the_communes_when_asked(running: Running) -> None:
    assert "loaded 0 " in running.operator("catalogue").stdout
    assert "loaded 3321 " in running.operator("catalogue", "--communes").stdout
    assert "loaded 0 " in running.operator("catalogue", "--communes").stdout
    assert running.get("/tasks/v1/agencies?level=commune&limit=1").json()["items"]
