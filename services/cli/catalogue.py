"""`dondoc catalogue`: the agencies and groups that ship with the product, into a deployment's database."""

import asyncio
from typing import Annotated

import typer

from services.cli.connections import require_migrated
from services.cli.console import out
from services.cli.deployment import DataDir, deployment
from services.cli.environment import DATA_FOLDER
from services.tasks.use_cases import seeding
from shared.runtime.audit import SYSTEM


def catalogue(
    communes: Annotated[
        bool,
        typer.Option("--communes", help="Cả 3.321 xã, phường, đặc khu. / The 3,321 communes and wards, too."),
    ] = False,
    data_dir: DataDir = DATA_FOLDER,
) -> None:
    """Nạp danh mục: cơ quan trung ương, tỉnh, nhóm. / Load the catalogue: central bodies, provinces, groups."""

    async def run() -> int:
        async with deployment(data_dir) as (settings, databases):
            await require_migrated("tasks", databases.tasks.url)
            async with databases.tasks.change(settings.tasks.make_clock()) as (session, at):
                new = await seeding.load_catalogue(session, actor=SYSTEM, at=at)
                return new + (await seeding.load_communes(session, actor=SYSTEM, at=at) if communes else 0)

    out.print(f"Đã nạp / loaded {asyncio.run(run())} cơ quan mới / new agencies")
