"""The table of a run, and results.json, which is written anew with each figure."""

import json
import math
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.common import Figure

RESULTS = Path(os.environ.get("BENCH_RESULTS", Path(__file__).parent / "results.json"))


class Report:
    """`keeps`: a run of some families leaves the figures of the others as they are in the file."""

    def __init__(self, *, quick: bool, keeps: bool) -> None:
        self._mode = "quick" if quick else "whole"
        self._began = time.monotonic()
        self._figures: list[tuple[str, Figure]] = []
        self._kept = _written_before() if keeps else []
        self._notes: dict[str, str] = {}

    @property
    def failures(self) -> list[Figure]:
        return [figure for _, figure in self._figures if figure.error is not None]

    def add(self, family: str, figure: Figure) -> None:
        self._figures.append((family, figure))
        print("  " + " · ".join(cell for cell in _row(figure)[:7] if cell), file=sys.stderr, flush=True)
        self._write()

    def note(self, notes: Mapping[str, str]) -> None:
        self._notes |= notes
        self._write()

    def print(self) -> None:
        columns = (
            "figure", "tasks", "value", "peer", "ratio", "goal", "met", "p50 ms", "p99 ms", "CPU ms/request", "round trips",
            "what limits it",
        )  # fmt: skip
        table = Table(*columns, caption="CPU: the serving process + PostgreSQL. In brackets: the peer's.")
        for _, figure in self._figures:
            table.add_row(*_row(figure))
        console = Console(width=220 if not sys.stdout.isatty() else None)
        console.print(table)
        for name, note in self._notes.items():
            console.print(f"{name}: {note}", highlight=False)
        goals = [figure.met for _, figure in self._figures if figure.met is not None]
        console.print(
            f"{sum(goals)} of {len(goals)} goals met, {goals.count(False)} missed; {len(self.failures)} figures failed;"
            f" {time.monotonic() - self._began:.0f} s"
        )

    def _write(self) -> None:
        machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()}
        written = [{"family": family} | _plain(figure) for family, figure in self._figures]
        families = {family for family, _ in self._figures}
        kept = [figure for figure in self._kept if figure.get("family") not in families]
        body = {"mode": self._mode, "machine": machine, "notes": self._notes, "figures": kept + written}
        draft = RESULTS.with_suffix(".new")
        draft.write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        draft.replace(RESULTS)


def _written_before() -> list[dict[str, Any]]:
    return json.loads(RESULTS.read_text(encoding="utf-8"))["figures"] if RESULTS.exists() else []


def _plain(figure: Figure) -> dict[str, Any]:
    """Without what is not measured; numbers with five digits."""
    members = asdict(figure) | {"ratio": figure.ratio, "met": figure.met}
    return {name: _rounded(value) for name, value in members.items() if value is not None and value != ""}


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_rounded(part) for part in value]
    if not isinstance(value, float) or value == 0:
        return value
    return None if math.isnan(value) else round(value, 4 - math.floor(math.log10(abs(value))))


def _row(figure: Figure) -> list[str]:
    goal = "" if figure.goal is None else f"{'≥' if figure.bound == 'at least' else '<'} {figure.goal:g}"
    met = {True: "met", False: "MISSED", None: ""}[figure.met]
    tasks = "" if figure.tasks is None else f"{figure.tasks:,}"
    if figure.error is not None:
        return [figure.name, tasks, "FAILED", figure.peer, "", goal, met, "", "", "", "", figure.error]
    peer = figure.peer if figure.peer_value is None else f"{figure.peer}: {_number(figure.peer_value)}"
    return [
        figure.name,
        tasks,
        f"{_number(figure.value)} {figure.unit}",
        peer,
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        goal,
        met,
        "" if figure.p50_ms is None else f"{figure.p50_ms:.1f}",
        "" if figure.p99_ms is None else f"{figure.p99_ms:.1f}",
        _both(_cpu(figure.cpu_ms), _cpu(figure.peer_cpu_ms)),
        _both(_trips(figure.round_trips), _trips(figure.peer_round_trips)),
        figure.limits,
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cpu(parts: tuple[float, float] | None) -> str:
    return "" if parts is None else " + ".join(f"{part:.2f}" for part in parts)


def _trips(count: float | None) -> str:
    return "" if count is None or math.isnan(count) else f"{count:g}"


def _both(ours: str, peer: str) -> str:
    return f"{ours} ({peer})" if ours and peer else ours
