"""Cost of the idle suite: seconds from start until it answers, and its memory.

First start: from an empty folder (a new PostgreSQL cluster, migrations, catalogue, sample tasks). Next start: the same
folder again. Memory after the next start, when it has been ready for `SETTLED` seconds: the process's resident set, and
PostgreSQL's proportional set over all its processes, which counts the buffers they share once.
"""

import os
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

from bench.common import Figure
from shared.runtime.listener import open_listener

RUNS = 3
NEXT_START_SECONDS = 3.0  # what a newcomer is promised
LONGEST_SECONDS = 120.0
LOOK_SECONDS = 0.02
SETTLED = 3.0  # every loop has run, the first page of the log is read
MIB = 1024 * 1024
KIB_LINE = 1024
COMMAND = (sys.executable, "-c", "from services.cli import main; main()", "up")


@dataclass(frozen=True)
class Start:
    """One start of the suite, seen from outside: seconds and bytes."""

    seconds: float
    busy: float  # processor time of the command's own process until it answered
    process: int
    postgres: int


def figures() -> list[Figure]:
    first: list[Start] = []
    again: list[Start] = []
    for _ in range(RUNS):
        folder = Path(tempfile.mkdtemp(prefix="dondoc-idle-"))
        try:
            first.append(_start(folder / "data"))
            again.append(_start(folder / "data"))
        finally:
            shutil.rmtree(folder)
    busy = median(start.busy for start in again)
    next_start = median(start.seconds for start in again)
    spread = f"{min(s.seconds for s in again):.1f}-{max(s.seconds for s in again):.1f} s"
    return [
        _figure("first start", median(start.seconds for start in first), "s", "the cluster's initdb, then imports"),
        _figure(
            "next start",
            next_start,
            "s",
            f"{busy:.1f} s of processor time in one process, importing Python modules most of it; runs {spread}",
            limit=NEXT_START_SECONDS,
        ),
        _figure(
            "idle process",
            median(start.process for start in again) / MIB,
            "MiB",
            "resident set; the modules of web framework, ORM and HTTP client, all services in one process",
        ),
        _figure(
            "idle PostgreSQL",
            median(start.postgres for start in again) / MIB,
            "MiB",
            "proportional set; one server process per open connection",
        ),
    ]  # fmt: skip


def _figure(name: str, value: float, unit: str, limits: str, limit: float | None = None) -> Figure:
    return Figure(name, value, unit, "", None, limit, "under", RUNS, limits)


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
        busy = _busy_seconds(suite.pid)
        time.sleep(SETTLED)
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        servers = sum(_kib(pid, "smaps_rollup", "Pss") for pid in (postmaster, *_children(postmaster)))
        return Start(seconds, busy, _kib(suite.pid, "status", "VmRSS"), servers)
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


def _children(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == parent:
            yield int(stat.parent.name)


def _kib(pid: int, file: str, name: str) -> int:
    """Bytes in the line `name:  N kB` of `/proc/<pid>/<file>`."""
    lines = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines()
    [line] = [line for line in lines if line.startswith(f"{name}:")]
    return int(line.split()[1]) * KIB_LINE


def _busy_seconds(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
