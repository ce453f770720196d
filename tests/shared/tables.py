"""Tables as offices write them, read as they stand or by the process that does so."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.errors import InvalidInput
from shared.spreadsheets import (
    Columns,
    Table,
    read_workbook,
    read_workbook_apart,
)
from tests.support.spreadsheets import csv_bytes, with_shared_strings, xlsx_bytes

DATA = Path(__file__).parents[1] / "data"
HEAD = ("TT", "Nhiệm vụ", "Cơ quan chủ trì", "Thời hạn")
ONE = ("1", "Việc một", "Bộ Nội vụ", "Tháng 5/2025")
COLUMNS = Columns(
    {
        "title": ("nhiệm vụ", "tên nhiệm vụ", "nội dung nhiệm vụ"),
        "lead_text": ("cơ quan chủ trì", "chủ trì", "agencies_text"),
        "deadline_text": ("thời hạn", "thời gian hoàn thành", "deadline"),
        "coordinate_text": ("phối hợp",),
        "order_no": ("tt", "stt"),
        "ref": ("mã",),
    },
    required=("title", "lead_text", "deadline_text"),
)


def read_rows(filename: str, content: bytes, mapping: dict[str, str] | None = None) -> Table:
    [only] = read_workbook(filename, content, COLUMNS, mapping).tables
    return only


def read_rows_apart(filename: str, content: bytes, mapping: dict[str, str] | None = None) -> Any:
    return read_workbook_apart(filename, content, COLUMNS, mapping)


def read_csv_table(*table: Sequence[Any]) -> Table:
    return read_rows("bang.csv", csv_bytes(table))


def read_xlsx_table(*table: Sequence[Any], change: Callable[[Any], object] = lambda _: None) -> Table:
    return read_rows("bang.xlsx", xlsx_bytes(table, change))


def refusal(filename: str, content: bytes, columns: dict[str, str] | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read_rows(filename, content, columns)
    assert caught.value.vi.endswith(".")
    assert caught.value.en.endswith(".")
    return caught.value


def titles(sheet: Table) -> list[str]:
    return [row.values["title"] for row in sheet.rows]


GOOD = xlsx_bytes([HEAD, ONE])
SHEET = "xl/worksheets/sheet1.xml"


SHARED = with_shared_strings(GOOD)
