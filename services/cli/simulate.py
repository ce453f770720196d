"""`dondoc simulate`: play months of an annex in seconds, in databases of its own, and print each alert."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from services.cli.client import app_client
from services.cli.console import AsJson, Misuse, Stop, err, out, print_json
from services.cli.environment import DataFolder, require_year
from services.cli.keys import issue_key
from services.notify.worker import next_due_instant, raise_batches
from services.register import REGISTER, SERVICES
from services.suite import Databases, SuiteSettings, open_databases
from services.tasks.use_cases.seeding import load_catalogue
from shared.events.envelope import CloudEvent
from shared.keys.tokens import draw_key
from shared.log.bus import Batch
from shared.log.bus.embedded import OutboxSource
from shared.log.cursors import Cursor
from shared.log.reader import read_page
from shared.runtime import logs
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock, local_date, local_instant
from shared.runtime.database import Database
from shared.runtime.health import Health
from shared.runtime.migrations import prepare

PROGRAMME = "MO-PHONG"
PAGE = 500


def simulate(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Phụ lục CSV | XLSX. / Annex.")],
    start: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Ngày bắt đầu. / First day.")
    ],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Ngày cuối. / Last day.")],
    as_json: AsJson = False,
) -> None:
    """Chạy thử nhiều tháng trong vài giây, in từng cảnh báo. / Play months in seconds and print each alert."""
    require_year("--from", start)
    require_year("--to", end)
    if end < start:
        raise Misuse("--to phải sau --from.", "--to must be after --from.")
    logs.configure("ERROR", "simulate")
    with tempfile.TemporaryDirectory(prefix="dondoc-") as name:
        folder = DataFolder(Path(name))
        with folder.taken(), folder.database(None) as url:
            alerts = asyncio.run(_play(folder.settings(url), file, start.date(), end.date(), quiet=as_json))
    if as_json:
        print_json([alert.data for alert in alerts])


async def _play(
    settings: SuiteSettings, file: Path, start: date, end: date, *, quiet: bool
) -> list[CloudEvent]:
    clock = ManualClock(local_instant(start))
    async with _databases(settings) as databases:
        report = await _assign(databases, settings, clock, file)
        out_of = report["accepted"] + report["refused"]
        err.print(f"{report['accepted']}/{out_of} nhiệm vụ được nhập / tasks imported", highlight=False)
        await _consume(databases, settings, clock)
        return await _pass_time(databases.notify, settings, clock, end, quiet=quiet)


@asynccontextmanager
async def _databases(settings: SuiteSettings) -> AsyncIterator[Databases]:
    for service in SERVICES:
        await prepare(service, settings.tasks.database_for(service))
    databases = open_databases(settings)
    try:
        yield databases
    finally:
        await databases.close()


async def _assign(
    databases: Databases, settings: SuiteSettings, clock: ManualClock, file: Path
) -> dict[str, Any]:
    """Import the annex as an office would, on the first day; refused rows are left out."""
    async with databases.tasks.change(clock) as (session, at):
        await load_catalogue(session, actor=SYSTEM, at=at)
    key = draw_key("simulate", "admin")
    token = await issue_key(databases.tasks, settings.tasks.secrets, key, clock)
    app = REGISTER["tasks"].build_app(settings.tasks, databases.tasks, clock, health=Health())
    async with app_client(app, token) as client:
        await client.post("/tasks/v1/programmes", json={"code": PROGRAMME, "title": "Mô phỏng"})
        document = {
            "code": PROGRAMME,
            "type": "Phụ lục",
            "issued_on": local_date(clock.now()).isoformat(),
            "title": file.name,
        }
        await client.post("/tasks/v1/documents", json=document)
        answer = await client.post(
            "/tasks/v1/imports",
            data={"programme": PROGRAMME, "document": PROGRAMME, "partial": "true"},
            files={"file": (file.name, file.read_bytes())},  # noqa: ASYNC240 - nothing else runs here
        )
    body: dict[str, Any] = answer.json()
    if not answer.is_success:
        raise Stop(body["detail"], body["detail_en"])
    return body


async def _consume(databases: Databases, settings: SuiteSettings, clock: ManualClock) -> None:
    """Consume every event of tasks so far in notify."""
    source = OutboxSource("tasks", databases.tasks, databases.notify)
    consumer = REGISTER["notify"].build_consumer(settings.notify, databases.notify, clock, source)
    cursor, more = Cursor(), True
    while more:
        async with databases.tasks.reading() as connection:
            page = await read_page(connection, cursor, PAGE)
        await consumer.consume_with_trials(Batch(tuple(page.events), _acknowledged))
        cursor, more = page.cursor, page.more


async def _acknowledged() -> None:
    return


async def _pass_time(
    database: Database, settings: SuiteSettings, clock: ManualClock, end: date, *, quiet: bool
) -> list[CloudEvent]:
    """Move the clock from one due reminder to the next until the last day is over; returns the alerts."""
    last = local_instant(end, 23)
    cursor, alerts = Cursor(), []
    days = (end - local_date(clock.now())).days
    with Progress(console=err, transient=True, disable=quiet) as progress:
        bar = progress.add_task("ngày / days", total=days)
        while True:
            async with database.reading() as connection:
                due = await next_due_instant(connection)
            if due is None or due > last:
                break
            clock.move_to(max(due, clock.now()))
            while await raise_batches(database, clock, settings.notify):
                pass
            found, cursor = await _new_alerts(database, cursor)
            alerts += found
            if not quiet:
                _print(found)
            progress.update(bar, completed=days - (end - local_date(clock.now())).days)
    if not quiet:
        out.print(f"{len(alerts)} cảnh báo / alerts", style="bold")
    return alerts


async def _new_alerts(database: Database, cursor: Cursor) -> tuple[list[CloudEvent], Cursor]:
    found: list[CloudEvent] = []
    more = True
    while more:
        async with database.reading() as connection:
            page = await read_page(connection, cursor, PAGE)
        found += [event for event in page.events if event.type.endswith(".alert.raised.v1")]
        cursor, more = page.cursor, page.more
    return found, cursor


def _print(alerts: list[CloudEvent]) -> None:
    for alert in alerts:
        data = alert.data
        out.print(
            f"{local_date(alert.time):%d/%m/%Y}  {data['milestone']:>5}  {data['agency']['code']:<8} {data['message_vi']}",
            highlight=False,
            soft_wrap=True,
        )
