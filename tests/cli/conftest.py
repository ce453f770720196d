import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner, Result

from services.cli.app import app
from services.cli.serving import new_event_loop
from services.tasks.use_cases.seeding import CATALOGUE
from tests.support.ports import free_port
from tests.support.processes import Process, until

CLOCK = "2025-05-20T08:00"
# What tells by importer whether its service knows an agency: options, headings, and a row that names it.
PROBES = {
    "databases": ((), "Mã,Tên,Loại,Cơ quan chủ quản", "PROBE,Kho,chuyên ngành,{agency}"),
    "budget": (
        ("--year", "2025"),
        "Số chứng từ,Cơ quan,Cấp,Tính chất,Lĩnh vực,Ngày,Số tiền (đồng)",
        "PROBE,{agency},NSTW,ĐTPT,CĐS,15/05/2025,1",
    ),
}
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


async def _agencies_copied(running: Running) -> bool:
    """Whether datasets and finance know the agency that the catalogue tells of last."""
    *_, last = (CATALOGUE / "agencies.csv").read_text(encoding="utf-8").splitlines()
    agency = last.split(",")[0]
    codes = set()
    for importer, (options, headings, row) in PROBES.items():
        probe = running.folder / f"probe-{importer}.csv"
        probe.write_text(f"{headings}\n{row.format(agency=agency)}\n", encoding="utf-8")
        done = running.command("import", importer, str(probe), *options, "--dry-run", "--json")
        codes |= {each["code"] for found in json.loads(done.stdout)["rows"] for each in found["problems"]}
    return "agency_not_found" not in codes


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, port = tmp_path_factory.mktemp("cli") / "data", free_port()
    options = ["--data-dir", str(folder), "--port", str(port), "--clock", CLOCK, "--no-seed"]
    options += ["--allow-outgoing", "127.0.0.1/32"]  # `listen` receives here
    process = Process("up", *options, log=folder.with_suffix(".log"))
    try:
        url = f"http://127.0.0.1:{port}"
        asyncio.run(until(partial(_ready, process, url), FIRST_START_SECONDS))
        running = Running(folder, url, process)
        asyncio.run(until(partial(_agencies_copied, running)))
        yield running
        assert process.stop() == 0, process.printed()
    finally:
        if not process.died():
            process.kill()


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests of the command run on the event loop that it serves by."""
    return {"serving": new_event_loop}
