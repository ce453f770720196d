"""Requests and answers of the reading process, as JSON.

Each text is written once and referred to by its index, since a merged cell may be in 100,000 rows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import date
from typing import Any

from shared.errors import InvalidInput, TooLarge
from shared.spreadsheets.cells import CellProblem, Remark, SheetRemark
from shared.spreadsheets.headings import Columns
from shared.spreadsheets.notes import Heading, RowNote
from shared.spreadsheets.table import Row, Skipped, Table
from shared.spreadsheets.workbook import Sheet, Workbook

_REFUSALS = {kind.__name__: kind for kind in (InvalidInput, TooLarge)}


class _Texts(dict[str, int]):
    """Texts in the order first met, each with its place."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]


def workbook_to_json(workbook: Workbook) -> dict[str, Any]:
    texts = _Texts()
    sheets = [
        (
            sheet.name,
            sheet.outcome,
            texts[sheet.detail],
            texts[sheet.detail_en],
            _table_to_json(sheet.table, texts) if sheet.table else None,
        )
        for sheet in workbook.sheets
    ]
    return {"sheets": sheets, "texts": list(texts)}


def _table_to_json(table: Table, texts: _Texts) -> dict[str, Any]:
    keys = list(table.rows[0].values) if table.rows else []
    rows = [
        (
            row.number,
            [texts[row.values[key]] for key in keys],
            [(item.code, texts[item.field]) for item in row.problems],
            [(item.code, texts[item.field], item.text, item.day.isoformat()) for item in row.remarks],
            [texts[key] for key in sorted(row.fractions)],
            [texts[key] for key in sorted(row.merged)],
        )
        for row in table.rows
    ]
    return {
        "name": table.name,
        "above": table.above,
        "heading_row": table.heading_row,
        "heading_end": table.heading_end,
        "headers": table.headers,
        "unknown": table.unknown,
        "keys": keys,
        "rows": rows,
        "skipped": [(item.number, texts[item.text], item.reason) for item in table.skipped],
        "remarks": [(item.code, item.where) for item in table.remarks],
    }


def workbook_from_json(given: dict[str, Any]) -> Workbook:
    texts = given["texts"]
    return Workbook(
        tuple(
            Sheet(name, outcome, texts[vi], texts[en], _table_from_json(table, texts) if table else None)
            for name, outcome, vi, en, table in given["sheets"]
        )
    )


def _table_from_json(given: dict[str, Any], texts: list[str]) -> Table:
    keys, name = given["keys"], given["name"]
    rows = tuple(
        Row(
            number,
            {key: texts[place] for key, place in zip(keys, values, strict=True)},
            tuple(CellProblem(code, texts[place]) for code, place in problems),
            tuple(
                Remark(code, texts[place], text, date.fromisoformat(day))
                for code, place, text, day in remarks
            ),
            frozenset(texts[place] for place in fractions),
            frozenset(texts[place] for place in merged),
            name,
        )
        for number, values, problems, remarks, fractions, merged in given["rows"]
    )
    return Table(
        name,
        tuple(given["above"]),
        given["heading_row"],
        given["heading_end"],
        given["headers"],
        tuple(given["unknown"]),
        rows,
        tuple(Skipped(number, texts[place], reason, name) for number, place, reason in given["skipped"]),
        tuple(SheetRemark(code, where) for code, where in given["remarks"]),
    )


def report_question(headings: Sequence[Heading], notes: Sequence[RowNote], *, asks: bool) -> bytes:
    """The line of JSON before the file: a report to write."""
    asked = {
        "headings": [astuple(each) for each in headings],
        "notes": [astuple(each) for each in notes],
        "asks": asks,
    }
    return json.dumps(asked).encode() + b"\n"


def refusal_from_json(given: dict[str, Any]) -> InvalidInput:
    return _REFUSALS[given["kind"]](given["code"], given["vi"], given["en"], field=given["field"])


def question(filename: str, columns: Columns, mapping: Mapping[str, str] | None, sheet: str | None) -> bytes:
    """The line of JSON before the file: how to read it."""
    asked = {
        "filename": filename,
        "columns": {
            "headings": dict(columns.headings),
            "required": columns.required,
            "dates": columns.dates,
            "ours": columns.ours,
        },
        "mapping": None if mapping is None else dict(mapping),
        "sheet": sheet,
    }
    return json.dumps(asked).encode() + b"\n"


def columns_from_json(given: dict[str, Any]) -> Columns:
    headings = {key: tuple(names) for key, names in given["headings"].items()}
    return Columns(headings, tuple(given["required"]), tuple(given["dates"]), tuple(given["ours"]))
