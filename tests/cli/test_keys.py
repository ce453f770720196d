"""`dondoc keys`, `dondoc catalogue`: what an operator does to the databases of a deployment."""

import asyncio
import json

from sqlalchemy import func, select

from services.cli.console import Stop
from services.cli.deployment import deployment
from shared.audit import audit
from tests.cli.conftest import Running


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
    assert times_audited(running, "revoke", prefix) == [1, 1]


def test_only_what_was_revoked_is_audited(running: Running) -> None:
    refused = running.operator("keys", "revoke", "0123456789ab")
    assert isinstance(refused.exception, Stop)
    assert times_audited(running, "revoke", "0123456789ab") == [0, 0]


def test_a_key_is_bound_to_an_agency_that_is_there(running: Running) -> None:
    arguments = ("keys", "create", "--name", "x", "--role", "agency", "--agency")
    refused = running.operator(*arguments, "G999")
    assert isinstance(refused.exception, Stop)
    assert "GET /tasks/v1/agencies" in refused.exception.vi
    given = running.operator(*arguments, "G09", "--json")
    assert json.loads(given.stdout)["agency"] == "G09"


def test_the_catalogue_is_loaded_once_and_the_communes_when_asked(running: Running) -> None:
    assert "loaded 0 " in running.operator("catalogue").stdout
    assert "loaded 3321 " in running.operator("catalogue", "--communes").stdout
    assert "loaded 0 " in running.operator("catalogue", "--communes").stdout
    assert running.get("/tasks/v1/agencies?level=commune&limit=1").json()["items"]
