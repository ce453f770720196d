"""`dondoc communes`: the 3,321 communes below their provinces."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.cli.console import out
from services.cli.deployment import deployment
from services.cli.environment import DATA_FOLDER
from services.tasks.use_cases import seeding
from shared.audit import SYSTEM


def load_communes(
    data_dir: Annotated[Path, typer.Option(help="Thư mục dữ liệu. / Data folder.")] = DATA_FOLDER,
) -> None:
    """Nạp 3.321 xã, phường, đặc khu. / Load the 3,321 communes."""

    async def run() -> int:
        async with deployment(data_dir) as (settings, databases), databases.tasks.transaction() as session:
            at = settings.tasks.make_clock().now()
            await seeding.load_catalogue(session, actor=SYSTEM, at=at)
            return await seeding.load_communes(session, actor=SYSTEM, at=at)

    out.print(f"Đã nạp / loaded {asyncio.run(run())} xã / communes")
