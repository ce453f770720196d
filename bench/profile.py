"""Profiles of the hottest paths: cProfile in the serving process, per request.

    python -m bench.profile            # 20,000 tasks
    python -m bench.profile 1000000

Processor time of the thread that serves; cProfile makes every call dearer, so shares count, not milliseconds.
"""

import pstats
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import URL

from bench import data
from bench.client import Client, Load, client_process
from bench.common import Run
from bench.runs import started
from bench.serving import get, ours, post, token
from bench.tasks_writes import new_task

SECONDS = 3.0
CONNECTIONS = 8
SHOWN = 14  # functions


def main(words: Sequence[str]) -> None:
    size = int(words[0]) if words else 20_000
    paths = {
        "page of 50": get("/tasks/v1/tasks?limit=50", token("reader")),
        "statistics of today by agency": get("/tasks/v1/statistics?group_by=agency", token("reader")),
        "POST of a task": post("/tasks/v1/tasks", token(), new_task()),
    }
    with started(quick=True, sizes=(size,)) as run, client_process() as client:
        for name, request in paths.items():
            Console(width=160).print(_profiled(run, client, data.database_of(run, size), name, request))


def _profiled(run: Run, client: Client, url: URL, name: str, request: bytes) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "profile"
        with ours("tasks", url, profile=file) as serving:
            answered = client.run(Load(serving.port, [request], CONNECTIONS, SECONDS))
        stats = pstats.Stats(str(file))
    whole = stats.total_tt  # type: ignore[attr-defined]  # typeshed does not know it
    title = f"{name}, {run.sizes[0]:,} tasks: {answered.rate:,.0f} requests/s under the profiler"
    table = Table("share", "ms/request", "calls/request", "function", title=title)
    rows = sorted(stats.stats.items(), key=lambda row: -row[1][2])  # type: ignore[attr-defined]
    for (path, line, function), (_, calls, own, *_) in rows[:SHOWN]:
        per = own / answered.answers * 1000
        table.add_row(
            f"{own / whole:.1%}",
            f"{per:.3f}",
            f"{calls / answered.answers:.1f}",
            _place(path, line, function),
        )
    return table


def _place(path: str, line: int, function: str) -> str:
    """Built-in functions have no path."""
    if path == "~":
        return function
    return f"{'/'.join(Path(path).parts[-3:])}:{line} {function}"


if __name__ == "__main__":
    main(sys.argv[1:])
