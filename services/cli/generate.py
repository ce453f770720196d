"""`dondoc generate`: plausible synthetic tasks, the same for the same seed, written to a deployment's database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from itertools import islice
from typing import Annotated

import typer
from rich.progress import Progress

from services.cli.connections import connecting, require_migrated
from services.cli.console import Misuse, Stop, err, out
from services.cli.deployment import DataDir, deployment
from services.cli.environment import DATA_FOLDER, require_year
from services.tasks.use_cases import generating
from shared.errors import Refusal
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import Clock, local_date
from shared.runtime.database import Database

TOGETHER = 20_000  # tasks of one transaction: memory holds so many, and figures wait a few seconds for them
MOST = 5_000_000
FEWEST_AGENCIES = 3


def generate(
    tasks: Annotated[int, typer.Option(help="Số nhiệm vụ. / How many.", min=1, max=MOST)],
    seed: Annotated[
        int, typer.Option(help="Cùng số cho cùng dữ liệu. / The same seed gives the same tasks.")
    ] = 57,
    agencies: Annotated[
        int | None,
        typer.Option(
            help="Giao cho bấy nhiêu cơ quan: trung ương, tỉnh, rồi xã; mặc định: trung ương và tỉnh. / Of so many agencies: "
            "central, provinces, then communes; default: central ones and provinces.",
            min=FEWEST_AGENCIES,
            max=100_000,
        ),
    ] = None,
    around: Annotated[
        str | None,
        typer.Option(
            help="Ngày giữa của thời hạn; mặc định: hôm nay. / Deadlines lie around this day; default: today."
        ),
    ] = None,
    beside_real_tasks: Annotated[
        bool,
        typer.Option(
            "--beside-real-tasks",
            help="Sinh cả khi đã có nhiệm vụ thật. / Where real tasks are recorded, too.",
        ),
    ] = False,
    data_dir: DataDir = DATA_FOLDER,
) -> None:
    """Sinh nhiệm vụ tổng hợp để thử tải, trình diễn. / Generate synthetic tasks for load tests and demonstrations.

    Một phần đã hoàn thành, đúng hạn hoặc muộn; chạy lại không thêm gì. / Some are done, in time or late; run again it adds none.
    """
    given = _day(around)

    async def run() -> int:
        async with deployment(data_dir, ["tasks"]) as (settings, databases):
            await require_migrated("tasks", databases.tasks.url)
            clock, middle = settings.tasks.make_clock(), given
            middle = middle or local_date(clock.now())
            if not beside_real_tasks:
                await _require_no_others(databases.tasks)
            codes = await _codes(databases.tasks, agencies)
            with connecting("tasks", databases.tasks.url), Progress(console=err) as progress:
                bar, added = progress.add_task("nhiệm vụ / tasks", total=tasks), 0
                async for new, whole in _write(databases.tasks, clock, tasks, seed, codes, middle):
                    progress.advance(bar, whole)
                    added += new
                return added

    out.print(f"Đã sinh / generated {asyncio.run(run())} ({generating.PREFIX}{seed})")


async def _require_no_others(database: Database) -> None:
    async with database.reading() as connection:
        try:
            await generating.require_no_others(connection)
        except Refusal as refusal:
            raise Stop(refusal.vi, refusal.en) from None


async def _codes(database: Database, number: int | None) -> list[str]:
    async with database.reading() as connection:
        codes = await generating.agencies(connection, number)
    if len(codes) < FEWEST_AGENCIES:
        raise Stop(
            "Hệ thống chưa có cơ quan nào để giao: nạp danh mục bằng `dondoc catalogue`.",
            "The suite has no agencies to give tasks to: load the catalogue with `dondoc catalogue`.",
        )
    return codes


async def _write(
    database: Database, clock: Clock, number: int, seed: int, codes: list[str], middle: date
) -> AsyncIterator[tuple[int, int]]:
    """By transaction: tasks that were new, and tasks done with."""
    async with database.change(clock) as (session, at):
        await generating.record_basis(session, seed, middle, actor=SYSTEM, at=at)
    wanted = generating.synthetic_tasks(number, seed, codes, middle, local_date(clock.now()))
    while part := list(islice(wanted, TOGETHER)):
        async with database.late_change(clock) as change:
            new = await generating.write_generated(change, part, actor=SYSTEM)
        yield new, len(part)


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise Misuse(f"--around “{text}”: ghi YYYY-MM-DD.", f"--around “{text}”: write YYYY-MM-DD.") from None
    if day is not None:
        require_year("--around", day)
    return day
