"""Spreadsheets made in a test: the same table as CSV and as XLSX."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl

Table = Sequence[Sequence[Any]]


def csv_bytes(table: Table, delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(table)
    return out.getvalue().encode()


def xlsx_bytes(table: Table, change: Callable[[Any], object] = lambda _: None) -> bytes:
    book = openpyxl.Workbook()
    for number, row in enumerate(table, start=1):
        for column, value in enumerate(row, start=1):
            if value not in ("", None):
                book.active.cell(number, column).value = value
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def replaced(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with one part's bytes changed."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            assert name != part or old in data
            target.writestr(name, data.replace(old, new) if name == part else data)
    return out.getvalue()


def with_shared_strings(content: bytes, part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """The workbook as Excel writes it: texts in a part of their own, numbered."""
    texts: list[str] = []

    def share(match: re.Match[str]) -> str:
        texts.append(match[2])
        return f'<c r="{match[1]}" t="s"><v>{len(texts) - 1}</v></c>'

    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        before = parts.read(part).decode()
    after = re.sub(r'<c r="(\w+)" t="inlineStr"><is><t>([^<]*)</t></is></c>', share, before)
    out = io.BytesIO(replaced(content, part, before.encode(), after.encode()))
    with zipfile.ZipFile(out, "a") as parts:
        items = "".join(f"<si><t>{text}</t></si>" for text in texts)
        parts.writestr(
            "xl/sharedStrings.xml",
            f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{items}</sst>',
        )
    return out.getvalue()
