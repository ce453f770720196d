"""Reading a file that may be hostile without risk to the service: another process reads it, under limits."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from services.tasks.gateways.reading import refusal_from_json, sheet_from_json
from services.tasks.gateways.spreadsheets import Sheet
from shared.errors import InvalidInput

_COMMAND = (sys.executable, "-m", "services.tasks.gateways.reading")
_ROOT = Path(__file__).parents[3]  # where the packages stand: `-m` looks there
# all the environment there is: no secret of the service; one thread keeps the address space within its limit
_ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "POLARS_MAX_THREADS": "1"}
_SECONDS = 75  # above the 60 of processor time, for a machine with other work

_log = logging.getLogger(__name__)


async def read_rows_apart(filename: str, content: bytes, columns: Mapping[str, str] | None = None) -> Sheet:
    """As `read_rows`, in a process of its own.

    Raises:
        InvalidInput: as `read_rows`; file_too_costly when reading takes too much memory or time.
        TooLarge: as `read_rows`.
    """
    return await asyncio.to_thread(_read, filename, content, columns)


def _read(filename: str, content: bytes, columns: Mapping[str, str] | None) -> Sheet:
    asked = json.dumps({"filename": filename, "columns": None if columns is None else dict(columns)})
    try:
        child = subprocess.run(  # noqa: S603 - a fixed command; the file goes to its input
            _COMMAND,
            input=asked.encode() + b"\n" + content,
            capture_output=True,
            timeout=_SECONDS,
            env=_ENVIRONMENT,
            cwd=_ROOT,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        last = (error.stderr or b"").decode(errors="replace").strip().rpartition("\n")[2]
        _log.warning("a file could not be read apart: %s", last[:200], exc_info=error)
        raise InvalidInput(
            "file_too_costly",
            "Đọc tệp tốn quá nhiều bộ nhớ hoặc thời gian. Chép riêng bảng sang tệp mới, lưu thành .xlsx hoặc CSV UTF-8, "
            "hoặc chia nhỏ tệp, rồi nạp lại.",
            "Reading the file takes too much memory or time. Copy only the table to a new file, save it as .xlsx or "
            "CSV UTF-8, or split it, and send it again.",
            field="file",
        ) from error
    answer = json.loads(child.stdout)
    if "refusal" in answer:
        raise refusal_from_json(answer["refusal"])
    return sheet_from_json(answer["sheet"])
