"""What the reading process is asked and answers, as JSON.

Each text is written once and then named by its place, since a merged cell may stand in 100,000 rows.
"""

import json
from collections.abc import Mapping
from typing import Any

from shared.errors import InvalidInput, TooLarge
from shared.spreadsheets.headings import Columns
from shared.spreadsheets.table import CellProblem, Row, Skipped, Table

TOO_COSTLY = 3  # exit status: more memory, or a longer answer, than it may have
_REFUSALS = {kind.__name__: kind for kind in (InvalidInput, TooLarge)}


class _Texts(dict[str, int]):
    """Texts in the order first met, each with its place."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]


def table_to_json(table: Table) -> dict[str, Any]:
    texts = _Texts()
    keys = list(table.rows[0].values) if table.rows else []
    rows = [
        (
            row.number,
            [texts[row.values[key]] for key in keys],
            [(item.code, texts[item.field]) for item in row.problems],
            [texts[key] for key in sorted(row.fractions)],
            [texts[key] for key in sorted(row.merged)],
        )
        for row in table.rows
    ]
    skipped = [(item.number, texts[item.text], item.reason) for item in table.skipped]
    return {
        "name": table.name,
        "above": table.above,
        "headers": table.headers,
        "unknown": table.unknown,
        "keys": keys,
        "rows": rows,
        "skipped": skipped,
        "texts": list(texts),
    }


def table_from_json(given: dict[str, Any]) -> Table:
    texts, keys = given["texts"], given["keys"]
    rows = tuple(
        Row(
            number,
            {key: texts[place] for key, place in zip(keys, values, strict=True)},
            tuple(CellProblem(code, texts[place]) for code, place in problems),
            frozenset(texts[place] for place in fractions),
            frozenset(texts[place] for place in merged),
        )
        for number, values, problems, fractions, merged in given["rows"]
    )
    skipped = tuple(Skipped(number, texts[place], reason) for number, place, reason in given["skipped"])
    names = given["headers"], tuple(given["unknown"])
    return Table(given["name"], tuple(given["above"]), *names, rows, skipped)


def refusal_from_json(given: dict[str, Any]) -> InvalidInput:
    return _REFUSALS[given["kind"]](given["code"], given["vi"], given["en"], field=given["field"])


def question(filename: str, columns: Columns, mapping: Mapping[str, str] | None) -> bytes:
    """What the process is asked, before the file."""
    asked = {
        "filename": filename,
        "headings": dict(columns.headings),
        "required": columns.required,
        "mapping": None if mapping is None else dict(mapping),
    }
    return json.dumps(asked).encode() + b"\n"
