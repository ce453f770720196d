"""`dondoc restore`: every database that came from another cluster is seen to once, and what it follows is told again."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.cli import restore as command
from services.register import SERVICES
from services.suite import Databases
from shared.log.cursors import Cursor, save_cursor
from shared.log.relay import CURSOR as RELAY
from shared.runtime.database import Database
from tests.cli.conftest import dondoc
from tests.conftest import Reused
from tests.support.reused import emptied
from tests.support.writing import writing


@pytest.fixture
async def databases(reused: Reused, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Databases]:
    """Of all services, with a relay that has published all; the command finds them."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Databases]:
        async with AsyncExitStack() as stack:
            made = {
                name: await stack.enter_async_context(emptied(await reused(name), f"dondoc-{name}"))
                for name in SERVICES
            }
            yield Databases(made)

    @asynccontextmanager
    async def deployment(_: Path, _services: Collection[str] = SERVICES) -> AsyncIterator[Any]:
        yield None, found

    monkeypatch.setattr(command, "deployment", deployment)
    async with opened() as found:
        for database in found.all():
            async with writing(database) as session:
                await save_cursor(session, RELAY, Cursor("9:9:", "9:9:"))
        yield found


async def restored(*arguments: str) -> dict[str, Any]:
    done = await asyncio.to_thread(dondoc, "restore", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return {each["service"]: (each["restored"], each["republished"]) for each in json.loads(done.stdout)}


async def brought(database: Database) -> None:
    """As a dump of another cluster brings it."""
    async with writing(database) as session:
        await session.execute(text("UPDATE log_identity SET cluster = 0"))


async def test_a_restore_is_completed_once_where_it_is_needed(databases: Databases) -> None:
    for name in ("tasks", "notify"):
        await brought(databases[name])
    nothing = (False, [])
    assert await restored() == {
        "tasks": (True, []),
        "datasets": nothing,
        "finance": nothing,
        "notify": (True, ["datasets", "finance"]),  # the log of tasks begins again by its own restore
    }
    assert await restored() == dict.fromkeys(SERVICES, nothing)
    assert await restored("finance", "--force") == {"finance": (True, [])}


async def test_it_says_what_it_did_and_what_to_do_next(databases: Databases) -> None:
    await brought(databases["finance"])
    done = await asyncio.to_thread(dondoc, "restore", "finance", "tasks")
    assert "0 events will be read again, 1 positions begin again" in done.stdout
    assert "Kafka gets the events of tasks from their beginning" in done.stdout
    assert "tasks: không cần làm gì / nothing to do" in done.stdout
    assert "deploy/runbooks/restore.md" in done.stdout
    again = await asyncio.to_thread(dondoc, "restore", "finance")
    assert again.stdout == "finance: không cần làm gì / nothing to do\n"
    assert (await asyncio.to_thread(dondoc, "restore", "treasury")).exit_code == 1
