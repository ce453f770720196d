"""The process that reads a file: how it answers, what it may not, how it ends."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from shared.errors import InvalidInput, TooLarge, Unavailable
from shared.spreadsheets import apart, child
from tests.shared.tables import (
    DATA,
    GOOD,
    HEAD,
    ONE,
    SHARED,
    SHEET,
    read_rows,
    read_rows_apart,
)
from tests.support.spreadsheets import csv_bytes, replaced


async def test_another_process_reads_the_same_sheet() -> None:
    content = (DATA / "nq71_appendix3.csv").read_bytes()
    assert (await read_rows_apart("nq71.csv", content)).tables == (read_rows("nq71.csv", content),)
    assert (await read_rows_apart("a.xlsx", SHARED)).tables == (read_rows("a.xlsx", SHARED),)


async def test_a_refusal_of_another_process_is_raised_here() -> None:
    with pytest.raises(InvalidInput) as unknown:
        await read_rows_apart("a.csv", GOOD, {"colour": "Màu"})
    assert (unknown.value.code, unknown.value.field) == ("column_unknown", "columns.colour")
    with pytest.raises(TooLarge) as wide:
        await read_rows_apart("a.csv", csv_bytes([[f"Cột {number}" for number in range(20_000)]]))
    assert wide.value.code == "too_many_columns"


async def test_a_workbook_that_would_end_the_process_is_refused() -> None:
    far = b'<row r="1048576"><c r="XFD1048576" t="str"><v></v></c></row></sheetData>'
    with pytest.raises(InvalidInput) as caught:
        await read_rows_apart("a.xlsx", replaced(SHARED, SHEET, b"</sheetData>", far))
    assert caught.value.code == "file_too_costly"


async def test_the_reading_process_knows_no_secret_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []
    run = subprocess.run

    def spy(*args: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
        seen.append(options["env"])
        return run(*args, **options)

    monkeypatch.setenv("SECRET", "mật")
    monkeypatch.setattr(subprocess, "run", spy)
    await read_rows_apart("a.csv", csv_bytes([HEAD, ONE]))
    assert [set(env) for env in seen] == [{"PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "POLARS_MAX_THREADS"}]


async def test_a_file_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(
        apart, "_SECONDS", 0.9
    )  # ample to begin, so that it is not the turn that was waited for
    with pytest.raises(InvalidInput) as caught:
        await read_rows_apart("a.csv", csv_bytes([HEAD, ONE]))
    assert caught.value.code == "file_too_costly"


# the reading process ends otherwise than by an answer


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("import os; os.kill(os.getpid(), 11)", "file_crashes_reader"),
        ("raise SystemExit(1)", "file_crashes_reader"),
        ("raise ValueError", "file_crashes_reader"),
        ("import os; os.kill(os.getpid(), 9)", "file_too_costly"),
        ("import os; os.kill(os.getpid(), 24)", "file_too_costly"),
        ("raise SystemExit(3)", "file_too_costly"),
        (
            "import os, sys; print('memory allocation of 5 bytes failed', file=sys.stderr); os.abort()",
            "file_too_costly",
        ),
        ("raise SystemExit('pyo3_runtime.PanicException: PyObject pointer is null')", "file_too_costly"),
    ],
)
async def test_a_crash_is_told_from_a_file_that_costs_too_much(
    monkeypatch: pytest.MonkeyPatch, ending: str, code: str
) -> None:
    monkeypatch.setattr(apart, "_COMMAND", (sys.executable, "-c", ending))
    with pytest.raises(InvalidInput) as caught:
        await read_rows_apart("a.csv", csv_bytes([HEAD, ONE]))
    assert caught.value.code == code


async def test_memory_that_python_is_denied_is_told_as_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import runpy; import shared.spreadsheets.workbook as w\n"
        "def greedy(*_): raise MemoryError\n"
        "w.read_workbook = greedy; runpy.run_module('shared.spreadsheets', run_name='__main__')"
    )
    monkeypatch.setattr(apart, "_COMMAND", (sys.executable, "-c", program))
    with pytest.raises(InvalidInput) as caught:
        await read_rows_apart("a.csv", csv_bytes([HEAD, ONE]))
    assert caught.value.code == "file_too_costly"


def test_the_reading_process_has_little_and_is_ended_before_the_service() -> None:
    program = (
        "import resource; from pathlib import Path; from shared.spreadsheets import child\n"
        "limits = [resource.RLIMIT_AS, resource.RLIMIT_CPU]\n"
        "child.run(lambda *_: [{'adj': Path('/proc/self/oom_score_adj').read_text(),"
        " 'limits': [resource.getrlimit(each)[0] for each in limits]}])"
    )
    ended = subprocess.run([sys.executable, "-c", program], input=b"{}\n", capture_output=True, check=True)
    told = json.loads(ended.stdout)
    assert (int(told["adj"]), told["limits"]) == (1000, [child.MAX_MEMORY, 30])


async def test_many_rows_come_in_pieces_and_are_read_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """One long text of JSON would stop every other thread while it is read, and the event loop with them."""
    seen: list[tuple[threading.Thread, int]] = []
    read = apart.workbook_from_json

    def spy(pieces: Sequence[Any]) -> Any:
        seen.append((threading.current_thread(), max(len(json.dumps(piece)) for piece in pieces)))
        return read(pieces)

    monkeypatch.setattr(apart, "workbook_from_json", spy)
    rows = [(str(number), f"Việc {number}", *ONE[2:]) for number in range(5_000)]
    found = await read_rows_apart("a.csv", csv_bytes([HEAD, *rows]))
    assert [row.values["title"] for row in found.rows] == [row[1] for row in rows]
    [(thread, longest)] = seen
    assert thread is not threading.main_thread()
    assert longest < 100_000


class Turnstile:
    """Stands in for the process: counts how many run at once, and lets them end when told."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.full = threading.Event()
        self.inside = self.most = 0
        self.answer = b'{"refusal": {"kind": "InvalidInput", "code": "x", "vi": "", "en": "", "field": null}}'
        self._lock = threading.Lock()

    def run(self, command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            if self.inside == apart.AT_ONCE:
                self.full.set()
        assert self.open.wait(30)
        with self._lock:
            self.inside -= 1
        return subprocess.CompletedProcess(command, 0, self.answer, b"")


@pytest.fixture
def turnstile(monkeypatch: pytest.MonkeyPatch) -> Turnstile:
    turnstile = Turnstile()
    monkeypatch.setattr(subprocess, "run", turnstile.run)
    return turnstile


async def test_few_are_read_at_once_and_the_others_wait(turnstile: Turnstile) -> None:
    reading = [asyncio.create_task(read_rows_apart("a.csv", b"x")) for _ in range(3 * apart.AT_ONCE)]
    await asyncio.to_thread(turnstile.full.wait, 30)
    turnstile.open.set()
    refusals = await asyncio.gather(*reading, return_exceptions=True)
    assert [getattr(each, "code", each) for each in refusals] == ["x"] * len(reading)
    assert turnstile.most == apart.AT_ONCE


async def test_who_waits_too_long_is_told_to_come_again(
    turnstile: Turnstile, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = [asyncio.create_task(read_rows_apart("a.csv", b"x")) for _ in range(apart.AT_ONCE)]
    await asyncio.to_thread(turnstile.full.wait, 30)
    late = asyncio.create_task(read_rows_apart("a.csv", b"x"))
    await asyncio.sleep(0)  # into the queue
    monkeypatch.setattr(apart, "_SECONDS", 0.0)
    turnstile.open.set()
    with pytest.raises(Unavailable) as caught:
        await late
    assert caught.value.code == "reading_busy"
    assert [
        getattr(each, "code", each) for each in await asyncio.gather(*reading, return_exceptions=True)
    ] == ["x"] * apart.AT_ONCE
