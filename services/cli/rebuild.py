"""`dondoc rebuild`: the tables made for reading, compared with the facts and written anew where they differ."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services.cli.connections import connecting, require_migrated
from services.cli.console import AsJson, out, print_json
from services.cli.deployment import DataDir, deployment
from services.cli.environment import DATA_FOLDER
from services.cli.processes import require_service
from services.datasets.use_cases import projection as datasets
from services.tasks.use_cases import projection as tasks
from shared.runtime.database import Database

Comparison = tasks.Comparison | datasets.Comparison
Walk = Callable[[Database], Awaitable[Comparison]]
# by service: comparing alone, and writing anew
PROJECTIONS: dict[str, tuple[Walk, Walk]] = {
    "tasks": (tasks.compare_projection, tasks.rebuild_projection),
    "datasets": (datasets.compare_watches, datasets.rebuild_watches),
}
_COUNTED = {
    "tasks": ("nhiệm vụ", "tasks"),
    "keys": ("khóa đọc", "keys"),
    "databases": ("cơ sở dữ liệu", "databases"),
}
Name = Annotated[str, typer.Argument(metavar="SERVICE", help=" | ".join(PROJECTIONS))]
Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Chỉ so, không ghi; có khác thì mã thoát 1. / Compare only; a difference is exit code 1.",
    ),
]


def rebuild(
    service: Name, check: Check = False, data_dir: DataDir = DATA_FOLDER, as_json: AsJson = False
) -> None:
    """So bảng đọc với dữ liệu gốc, ghi lại chỗ khác; chạy được khi hệ thống đang ghi. / Compare the tables made for reading with the facts and write anew what differs; the service may go on."""
    require_service(service, tuple(PROJECTIONS))
    found = asyncio.run(_rebuild(service, data_dir, check=check))
    if as_json:
        print_json({"service": service, "written": not check, **asdict(found)})
    else:
        out.print(_sentence(service, found, check=check), highlight=False, soft_wrap=True)
    if check and found.differing:
        raise typer.Exit(1)


async def _rebuild(service: str, data_dir: Path, *, check: bool) -> Comparison:
    async with deployment(data_dir, [service]) as (_, databases):
        database = databases[service]
        await require_migrated(service, database.url)
        with connecting(service, database.url):
            compare, write_anew = PROJECTIONS[service]
            return await (compare if check else write_anew)(database)


def _sentence(service: str, found: Comparison, *, check: bool) -> str:
    vi, en = ("khác", "differ") if check else ("khác, đã ghi lại", "differed and were written anew")
    numbers = asdict(found)
    differing = numbers.pop("differing")
    counted_vi = ", ".join(f"{number} {_COUNTED[name][0]}" for name, number in numbers.items())
    counted_en = " and ".join(f"{number} {_COUNTED[name][1]}" for name, number in numbers.items())
    return f"{service}: đã so {counted_vi}; {differing} {vi} / {counted_en} compared; {differing} {en}"
