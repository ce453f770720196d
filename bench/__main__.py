"""`make bench`: run every bench (or those named), print one table, write results.json beside it."""

import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.common import Figure

MODULES = (
    "log_relay",
    "task_list",
    "keys",
    "group_changes",
    "webhook_sender",
    "reminders",
    "task_import",
    "heartbeats",
    "ledger",
    "balances",
    "idle_suite",
)
RESULTS = Path(__file__).parent / "results.json"


def main(names: list[str]) -> None:
    figures: list[Figure] = []
    for name in names or MODULES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"bench.{name}").figures()
    table = Table("figure", "median", "against", "ratio", "must be", "met", "what limits it")
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        must = "" if figure.limit is None else f"{figure.bound} {figure.limit:g}"
        met = {True: "yes", False: "NO", None: ""}[figure.met]
        table.add_row(
            figure.name, f"{figure.value:,.4g} {figure.unit}", figure.against, ratio, must, met, figure.limits
        )
    Console(width=180 if not sys.stdout.isatty() else None).print(table)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()}
    written = [asdict(figure) | {"met": figure.met} for figure in figures]
    measured = {figure.name for figure in figures}
    kept = [figure for figure in _written_before() if figure["name"] not in measured] if names else []
    RESULTS.write_text(
        json.dumps({"machine": machine, "figures": kept + written}, ensure_ascii=False, indent=2) + "\n"
    )


def _written_before() -> list[dict[str, Any]]:
    """A run of some benches leaves the figures of the others as they are."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))["figures"] if RESULTS.exists() else []


main(sys.argv[1:])
