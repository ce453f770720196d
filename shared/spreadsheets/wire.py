"""Requests and answers of the reading process, as JSON.

Each text is written once and referred to by its index, since a merged cell may be in 100,000 rows.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import date
from typing import Any, TypeVar

from shared.errors import InvalidInput, TooLarge
from shared.spreadsheets.cells import CellProblem, Remark, SheetRemark
from shared.spreadsheets.headings import Columns
from shared.spreadsheets.notes import Heading, RowNote
from shared.spreadsheets.table import Row, Skipped, Table
from shared.spreadsheets.workbook import Sheet, Workbook

_PIECE = 1_000  # rows or texts
_REFUSALS = {kind.__name__: kind for kind in (InvalidInput, TooLarge)}

Item = TypeVar("Item")


class _Texts(dict[str, int]):
    """Texts in the order first met, each with its place."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]


def workbook_to_json(workbook: Workbook) -> Iterator[dict[str, Any]]:
    """The workbook in pieces: its sheets, then the rows of their tables, then the texts that all of them refer to.

    Reading one long piece would stop every other thread of the service meanwhile.
    """
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
    yield {"sheets": sheets}
    for number, sheet in enumerate(workbook.sheets):
        rows = sheet.table.rows if sheet.table else ()
        for some in _in_pieces(rows):
            yield {"sheet": number, "rows": _rows_to_json(some, texts)}
    for words in _in_pieces(list(texts)):
        yield {"texts": words}


def _in_pieces(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _PIECE):
        yield items[start : start + _PIECE]


def _table_to_json(table: Table, texts: _Texts) -> dict[str, Any]:
    return {
        "name": table.name,
        "above": table.above,
        "heading_row": table.heading_row,
        "heading_end": table.heading_end,
        "headers": table.headers,
        "unknown": table.unknown,
        "keys": list(table.rows[0].values) if table.rows else [],
        "skipped": [(item.number, texts[item.text], item.reason) for item in table.skipped],
        "remarks": [(item.code, item.where) for item in table.remarks],
    }


def _rows_to_json(rows: Sequence[Row], texts: _Texts) -> list[tuple[Any, ...]]:
    keys = list(rows[0].values)
    return [
        (
            row.number,
            [texts[row.values[key]] for key in keys],
            [(item.code, texts[item.field]) for item in row.problems],
            [(item.code, texts[item.field], item.text, item.day.isoformat()) for item in row.remarks],
            [texts[key] for key in sorted(row.fractions)],
            [texts[key] for key in sorted(row.merged)],
        )
        for row in rows
    ]


def workbook_from_json(pieces: Sequence[dict[str, Any]]) -> Workbook:
    texts = [text for piece in pieces for text in piece.get("texts", ())]
    rows: dict[int, list[Any]] = {}
    for piece in pieces:
        if "rows" in piece:
            rows.setdefault(piece["sheet"], []).extend(piece["rows"])
    return Workbook(
        tuple(
            Sheet(
                name,
                outcome,
                texts[vi],
                texts[en],
                _table_from_json(table, rows.get(number, ()), texts) if table else None,
            )
            for number, (name, outcome, vi, en, table) in enumerate(pieces[0]["sheets"])
        )
    )


def _table_from_json(given: dict[str, Any], found: Sequence[Any], texts: list[str]) -> Table:
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
        for number, values, problems, remarks, fractions, merged in found
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
