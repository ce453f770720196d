"""Processor time and memory of processes, from /proc."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

CPUCLOCK_SCHED = 2
TICKS = os.sysconf("SC_CLK_TCK")
KIB = 1024


def busy_seconds(pid: int) -> float:
    """Processor time of a process, of threads that have ended too, in nanoseconds' precision; 0 of one that has ended."""
    try:
        return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)  # what clock_getcpuclockid(3) gives
    except OSError:
        return 0.0


def family_seconds(parent: int) -> float:
    """Processor time of a process, of its children and, in ticks of the system, of those of them that have ended."""
    ended = sum(int(field) for field in _stat(parent)[13:15]) / TICKS
    return ended + sum(busy_seconds(pid) for pid in (parent, *children(parent)))


def children(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = _stat(int(stat.parent.name))
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == parent:
            yield int(stat.parent.name)


def memory(pid: int, file: str, name: str) -> int:
    """Bytes in the line `name:  N kB` of `/proc/<pid>/<file>`."""
    lines = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines()
    [line] = [line for line in lines if line.startswith(f"{name}:")]
    return int(line.split()[1]) * KIB


def peak_memory(pid: int) -> int:
    """The largest resident set that a process has had, in bytes."""
    return memory(pid, "status", "VmHWM")


def _stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the state on, which is number 0."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
