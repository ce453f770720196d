import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner, Result

from services.cli.app import app
from tests.support.processes import Process, free_port, until

CLOCK = "2025-05-20T08:00"
FIRST_START_SECONDS = 180.0  # 5 s alone; on a machine where much else runs a new cluster took 40


class Running:
    """A suite with the catalogue alone, and the commands of a person beside it."""

    def __init__(self, folder: Path, url: str, process: Process) -> None:
        self.folder = folder
        self.url = url
        self.process = process
        self.key_file = folder / "admin.key"

    def command(self, *arguments: str, key_file: Path | None = None) -> Result:
        """A command that asks the suite over HTTP."""
        return dondoc(*arguments, "--url", self.url, "--key-file", str(key_file or self.key_file))

    def operator(self, *arguments: str) -> Result:
        """A command that works on the databases."""
        return dondoc(*arguments, "--data-dir", str(self.folder))

    def get(self, path: str, key: str | None = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key or self.key_file.read_text()}"}
        with httpx2.Client(trust_env=False) as client:
            return client.get(self.url + path, headers=headers)


def dondoc(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


async def _ready(process: Process, url: str) -> bool:
    assert not process.died(), process.printed()
    try:
        async with httpx2.AsyncClient(trust_env=False) as client:
            return (await client.get(f"{url}/readyz")).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, port = tmp_path_factory.mktemp("cli") / "data", free_port()
    options = ["--data-dir", str(folder), "--port", str(port), "--clock", CLOCK, "--no-seed"]
    options += ["--allow-outgoing", "127.0.0.1/32"]  # `listen` receives here
    process = Process("up", *options, log=folder.with_suffix(".log"))
    try:
        url = f"http://127.0.0.1:{port}"
        asyncio.run(until(partial(_ready, process, url), FIRST_START_SECONDS))
        yield Running(folder, url, process)
        assert process.stop() == 0, process.printed()
    finally:
        if not process.died():
            process.kill()
