"""Reading a file that may be hostile without risk to the service: another process reads it, under limits."""

import asyncio
import base64
import io
import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from shared.errors import InvalidInput, Unavailable
from shared.spreadsheets.child import TOO_COSTLY
from shared.spreadsheets.headings import Columns
from shared.spreadsheets.notes import Heading, RowNote
from shared.spreadsheets.wire import (
    question,
    refusal_from_json,
    report_question,
    workbook_from_json,
)
from shared.spreadsheets.workbook import Workbook

AT_ONCE = 1  # of up to 1 GB: the memory of a service's container is made for one
_COMMAND = (sys.executable, "-m", "shared.spreadsheets")
_WRITE_COMMAND = (sys.executable, "-m", "shared.spreadsheets.report")
_ROOT = Path(__file__).parents[2]  # the folder of the packages, for `-m`
# all the environment there is: no secret of the service; one thread keeps the address space within its limit
_ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "POLARS_MAX_THREADS": "1"}
_SECONDS = 75.0  # with the wait; above the 30 of processor time, for a machine with other work
_AT_ONCE_SECONDS = 1.0  # who waited no longer had its whole time
_OUT_OF_BOUNDS = (
    TOO_COSTLY,
    -signal.SIGXCPU,
    -signal.SIGKILL,
)  # by itself, of processor time, of the machine's memory
# what Rust writes before it aborts, and where Python gave it no object
_OUT_OF_MEMORY = (b"memory allocation of", b"PyObject pointer is null")

Pieces = Sequence[dict[str, Any]]
Found = TypeVar("Found")

_log = logging.getLogger(__name__)
# further files wait in order of arrival, outside the default executor
_readers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="spreadsheets")


async def read_workbook_apart(
    filename: str,
    content: bytes,
    columns: Columns,
    mapping: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> Workbook:
    """As `read_workbook`, in a process of its own; at most `AT_ONCE` of them run, the others wait in order.

    Raises:
        InvalidInput: as `read_workbook`; file_too_costly when reading takes too much memory or time; file_crashes_reader
            when the process ended in another way.
        TooLarge: as `read_workbook`.
        Unavailable: reading_busy, the time was spent waiting.
    """
    asked = question(filename, columns, mapping, sheet) + content
    return await _in_turn(_COMMAND, asked, workbook_from_json)


async def write_report_apart(
    content: bytes, headings: Sequence[Heading], notes: Sequence[RowNote], *, asks: bool
) -> bytes:
    """As `write_report`, in a process of its own. Raises as `read_workbook_apart`."""
    asked = report_question(headings, notes, asks=asks) + content
    return await _in_turn(_WRITE_COMMAND, asked, lambda pieces: base64.b64decode(pieces[0]["report"]))


async def _in_turn(command: Sequence[str], asked: bytes, read: Callable[[Pieces], Found]) -> Found:
    """The result of `read` on the answer, computed in a thread: many rows take long."""
    since = time.monotonic()
    return await asyncio.get_running_loop().run_in_executor(
        _readers, lambda: read(_ask(command, asked, since))
    )


def _ask(command: Sequence[str], asked: bytes, since: float) -> Pieces:
    waited = time.monotonic() - since
    if waited >= _SECONDS:
        raise _busy()
    try:
        child = subprocess.run(  # noqa: S603 - a fixed command; the file goes to its input
            command,
            input=asked,
            capture_output=True,
            timeout=_SECONDS - waited,
            env=_ENVIRONMENT,
            cwd=_ROOT,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        _log.warning("a file was not read apart in %.0f s, %.0f s of them waiting", _SECONDS, waited)
        raise (_busy() if waited > _AT_ONCE_SECONDS else _too_costly()) from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        _log.warning("a file could not be read apart: %s: %s", error, last[:200])
        bounded = error.returncode in _OUT_OF_BOUNDS or any(sign in error.stderr for sign in _OUT_OF_MEMORY)
        raise (_too_costly() if bounded else _crashes()) from error
    pieces = [json.loads(line) for line in io.BytesIO(child.stdout)]
    if "refusal" in pieces[0]:
        raise refusal_from_json(pieces[0]["refusal"])
    return pieces


def _too_costly() -> InvalidInput:
    return InvalidInput(
        "file_too_costly",
        "Đọc tệp tốn quá nhiều bộ nhớ hoặc thời gian. Chép riêng bảng sang tệp mới, lưu thành .xlsx hoặc CSV UTF-8, "
        "hoặc chia nhỏ tệp, rồi nạp lại.",
        "Reading the file takes too much memory or time. Copy only the table to a new file, save it as .xlsx or "
        "CSV UTF-8, or split it, and send it again.",
        field="file",
    )


def _crashes() -> InvalidInput:
    return InvalidInput(
        "file_crashes_reader",
        "Chương trình đọc bảng tính dừng đột ngột khi đọc tệp này. Chép riêng bảng sang tệp mới, lưu thành .xlsx hoặc "
        "CSV UTF-8 rồi nạp lại; nếu vẫn lỗi, báo người quản trị hệ thống.",
        "The program that reads spreadsheets broke off at this file. Copy only the table to a new file, save it as "
        ".xlsx or CSV UTF-8, and send it again; if that fails too, tell the operator.",
        field="file",
    )


def _busy() -> Unavailable:
    return Unavailable(
        "reading_busy",
        "Đang có nhiều tệp được đọc cùng lúc. Vài phút nữa nạp lại tệp này.",
        "Many files are being read at the moment. Send this file again in a few minutes.",
    )
