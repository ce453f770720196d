"""The databases that an operator's command works on: the environment's, or those of a data folder."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from services.cli.console import Stop
from services.cli.environment import DataFolder, read_settings
from services.register import SERVICES
from services.suite import Databases, SuiteSettings, open_databases

DataDir = Annotated[Path, typer.Option("--data-dir", help="Thư mục dữ liệu. / Data folder.")]


@asynccontextmanager
async def deployment(
    data_dir: Path, services: Collection[str] = SERVICES
) -> AsyncIterator[tuple[SuiteSettings, Databases]]:
    """Settings and databases; an embedded server is used where it runs, else started for the block.

    `services` are those whose database the command opens: a container of a deployment has no other's password.
    """
    with ExitStack() as stack:
        if "DONDOC_DATABASE_URL" in os.environ:
            settings = read_settings(services)
        else:
            folder = DataFolder(data_dir)
            if not (folder.path / "postgres").is_dir():
                raise Stop(
                    f"Chưa có dữ liệu tại {folder.path}: chạy `make up` trước, hoặc đặt DONDOC_DATABASE_URL.",
                    f"There are no data at {folder.path}: run `make up` first, or set DONDOC_DATABASE_URL.",
                )
            url = await asyncio.to_thread(stack.enter_context, folder.database(None))
            settings = folder.settings(url)
        databases = open_databases(settings)
        try:
            yield settings, databases
        finally:
            await databases.close()
