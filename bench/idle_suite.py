"""Cost of the idle suite: seconds from start until it answers, and its memory.

First start: from an empty folder (a new PostgreSQL cluster, migrations, catalogue, sample tasks). Next start: the same
folder again. Memory after the next start, when it has been ready for `SETTLED` seconds: the process's resident set, and
PostgreSQL's proportional set over all its processes, which counts the buffers they share once.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from bench.common import Figure, Run
from bench.processes import busy_seconds, children, memory
from shared.runtime.listener import open_listener

RUNS = 3
NEXT_START_SECONDS = 3.0  # what a newcomer is promised
IDLE_MIB = 400 * 1_000_000 / (1024 * 1024)  # 400 MB
LONGEST_SECONDS = 120.0
LOOK_SECONDS = 0.02
SETTLED = 3.0  # every loop has run, the first page of the log is read
MIB = 1024 * 1024
COMMAND = (sys.executable, "-c", "from services.cli import main; main()", "up")


@dataclass(frozen=True)
class Start:
    """One start of the suite, seen from outside: seconds and bytes."""

    seconds: float
    busy: float  # processor time of the command's own process until it answered
    process: int
    postgres: int


def figures(run: Run) -> Iterator[Figure]:
    first: list[Start] = []
    again: list[Start] = []
    runs = 1 if run.quick else RUNS
    for _ in range(runs):
        folder = Path(tempfile.mkdtemp(prefix="dondoc-idle-"))
        try:
            first.append(_start(folder / "data"))
            again.append(_start(folder / "data"))
        finally:
            shutil.rmtree(folder)

    def figure(name: str, values: list[float], unit: str, limits: str, goal: float | None = None) -> Figure:
        return Figure(name, median(values), unit, goal=goal, bound="under", runs=runs, limits=limits)

    busy = median(start.busy for start in again)
    yield figure("first start", [start.seconds for start in first], "s", "the cluster's initdb, then imports")
    yield figure(
        "next start", [start.seconds for start in again], "s",
        f"{busy:.1f} s of processor time in one process, importing Python modules most of it", NEXT_START_SECONDS,
    )  # fmt: skip
    yield figure(
        "idle suite with its PostgreSQL", [(start.process + start.postgres) / MIB for start in again], "MiB",
        "the two below", IDLE_MIB,
    )  # fmt: skip
    yield figure(
        "idle process", [start.process / MIB for start in again], "MiB",
        "resident set; the modules of web framework, ORM and HTTP client, all services in one process",
    )  # fmt: skip
    yield figure(
        "idle PostgreSQL", [start.postgres / MIB for start in again], "MiB",
        "proportional set; one server process per open connection",
    )  # fmt: skip


def _start(folder: Path) -> Start:
    with open_listener("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    suite = subprocess.Popen(
        [*COMMAND, "--data-dir", str(folder), "--port", str(port)], stdout=subprocess.DEVNULL
    )
    try:
        while not _healthy(port):
            assert suite.poll() is None, "the suite has ended"
            assert time.perf_counter() - begun < LONGEST_SECONDS, "the suite does not answer"
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - begun
        busy = busy_seconds(suite.pid)
        time.sleep(SETTLED)
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        servers = sum(memory(pid, "smaps_rollup", "Pss") for pid in (postmaster, *children(postmaster)))
        return Start(seconds, busy, memory(suite.pid, "status", "VmRSS"), servers)
    finally:
        suite.send_signal(signal.SIGINT)
        suite.wait(LONGEST_SECONDS)


def _healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
