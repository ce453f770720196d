"""A database of the first revision, with rows in it, comes to the newest: the rows are there, and the API reads them."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from services.register import REGISTER
from shared.log.cursors import Cursor
from shared.log.reader import read_page
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database, driver_connection
from shared.runtime.health import Health
from shared.runtime.migrations import migrate
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.keys import authorization

ROWS = (
    Path(__file__).parent / "first_revision"
)  # by service and table; what `dondoc up` wrote then, cut short
LISTS = {
    "tasks": ("/agencies", "/programmes", "/documents", "/groups", "/tasks"),
    "datasets": ("/databases", "/contradictions"),
    "finance": ("/decisions", "/claims"),
    "notify": ("/alerts", "/reminders", "/subscriptions", "/deliveries"),
}
RENAMED = {"own_beats": "liveness"}
MOVED = {"timers": "reminders", "signals": "reminders"}  # whose rows a revision wrote anew, with their ids
# by a revision: a budget's id, which has a test of its own, and stored answers, which had been encrypted
REWRITTEN = {("budgets", "id"), ("idempotency_keys", "body")}
SECRET = b"s" * 32
LATER = datetime(2027, 1, 1, tzinfo=UTC)  # than the rows

Rows = Mapping[str, list[dict[str, Any]]]


async def insert_rows(connection: Any, rows: Rows) -> None:
    for table, given in rows.items():
        await connection.execute(
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1)",  # noqa: S608
            json.dumps(given),
        )
        if isinstance(given[0].get("id"), int):
            last = max(row["id"] for row in given)
            await connection.execute("SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", table, last)


async def rows_left(connection: Any, rows: Rows) -> dict[str, int]:
    """How many of the rows of each table are there, by the columns that it still has."""
    left = {}
    for table, given in rows.items():
        name = RENAMED.get(table, table)
        found = await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0", name
        )
        columns = {row["attname"] for row in found if (table, row["attname"]) not in REWRITTEN}
        columns &= given[0].keys()
        kept = ", ".join(f'"{column}"' for column in columns or ["id"])
        now = name if columns else MOVED[table]
        source = f"SELECT {kept} FROM {now}"  # noqa: S608
        given_rows = f"SELECT {kept} FROM jsonb_populate_recordset(NULL::{now}, $1)"  # noqa: S608
        counted = f"SELECT count(*) FROM ({source} INTERSECT {given_rows}) AS same"  # noqa: S608
        left[table] = await connection.fetchval(counted, json.dumps(given))
    return left


async def read_lists(service: str, database: Database, clock: ManualClock) -> dict[str, int]:
    """The number of items in each list that the service's API answers."""
    registered = REGISTER[service]
    settings = registered.settings(database_url="postgresql://x/y", secret_key=b64encode(SECRET).decode())
    app = registered.build_app(settings, database, clock, health=Health())
    headers = authorization(settings.secrets, "admin")
    found = {}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as http:
        for path in LISTS[service]:
            answer = await http.get(f"/{service}/v1{path}", headers=headers)
            assert answer.status_code == 200, answer.text
            found[path] = len(answer.json()["items"])
    return found


@pytest.mark.parametrize("service", REGISTER)
async def test_rows_of_the_first_revision_are_there_in_the_newest_and_the_api_reads_them(
    make_database: MakeDatabase, service: str
) -> None:
    rows: Rows = json.loads((ROWS / f"{service}.json").read_text(encoding="utf-8"))
    database = await make_database(PLATFORM)
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await migrate(service, database.url, "0001")
    owner = await driver_connection(database)
    await insert_rows(owner, rows)
    await migrate(service, database.url)
    assert await rows_left(owner, rows) == {table: len(given) for table, given in rows.items()}
    await owner.close()
    async with database.reading() as connection:
        page = await read_page(connection, Cursor(), 100)
        assert [row["event_id"] for row in rows["outbox"]] == [str(event.id) for event in page.events]
    assert all((await read_lists(service, database, ManualClock(LATER))).values())
