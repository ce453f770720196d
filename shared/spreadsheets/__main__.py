"""One untrusted file read by a process of its own: `python -m shared.spreadsheets`.

On its input a line of JSON, {"filename", "columns", "mapping", "sheet"}, and the file; on its output the workbook in
pieces of JSON, one a line, or a refusal. A workbook of 1 KB can make the reading library allocate 549 GB and abort: that must not be
the process of the service.
"""

from collections.abc import Iterator
from typing import Any

from shared.spreadsheets import workbook
from shared.spreadsheets.child import run
from shared.spreadsheets.wire import columns_from_json, workbook_to_json


def _answer(asked: dict[str, Any], content: bytes) -> Iterator[dict[str, Any]]:
    columns = columns_from_json(asked["columns"])
    read = workbook.read_workbook(asked["filename"], content, columns, asked["mapping"], asked["sheet"])
    return workbook_to_json(read)


if __name__ == "__main__":
    run(_answer)
