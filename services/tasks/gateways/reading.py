"""One untrusted file read by a process of its own: `python -m services.tasks.gateways.reading`.

On its input a line of JSON, {"filename", "columns"}, and the file; on its output one JSON value, a sheet or a refusal.
A workbook of 1 KB can make the reading library ask for 549 GB and abort: the process that does so must not be the
service. Each text is written once and then named by its place, since a merged cell may stand in 100,000 rows.
"""

import json
import resource
import sys
from typing import Any

from services.tasks.gateways.spreadsheets import Problem, Row, Sheet, Skipped, read_rows
from shared.errors import InvalidInput, TooLarge

MAX_RESULT = 256 * 1024 * 1024  # characters; 100,000 rows of the annexes give about 60 million
_LIMITS = {
    resource.RLIMIT_AS: 2 * 1024**3,
    resource.RLIMIT_CPU: 60,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}
_REFUSALS = {kind.__name__: kind for kind in (InvalidInput, TooLarge)}


class _Texts(dict[str, int]):
    """Texts in the order first met, each with its place."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]


def sheet_to_json(sheet: Sheet) -> dict[str, Any]:
    texts = _Texts()
    keys = list(sheet.rows[0].values) if sheet.rows else []
    rows = [
        (
            row.number,
            [texts[row.values[key]] for key in keys],
            [(item.code, texts[item.field]) for item in row.problems],
        )
        for row in sheet.rows
    ]
    skipped = [(item.number, texts[item.text], item.reason) for item in sheet.skipped]
    return {
        "name": sheet.name,
        "headers": sheet.headers,
        "unknown": sheet.unknown,
        "keys": keys,
        "rows": rows,
        "skipped": skipped,
        "texts": list(texts),
    }


def sheet_from_json(given: dict[str, Any]) -> Sheet:
    texts, keys = given["texts"], given["keys"]
    rows = tuple(
        Row(
            number,
            {key: texts[place] for key, place in zip(keys, values, strict=True)},
            tuple(Problem(code, texts[place]) for code, place in problems),
        )
        for number, values, problems in given["rows"]
    )
    skipped = tuple(Skipped(number, texts[place], reason) for number, place, reason in given["skipped"])
    return Sheet(given["name"], given["headers"], tuple(given["unknown"]), rows, skipped)


def refusal_from_json(given: dict[str, Any]) -> InvalidInput:
    return _REFUSALS[given["kind"]](given["code"], given["vi"], given["en"], field=given["field"])


def _answer(filename: str, content: bytes, columns: dict[str, str] | None) -> dict[str, Any]:
    try:
        return {"sheet": sheet_to_json(read_rows(filename, content, columns))}
    except InvalidInput as refusal:
        told = {"code": refusal.code, "vi": refusal.vi, "en": refusal.en, "field": refusal.field}
        return {"refusal": {"kind": type(refusal).__name__} | told}


def main() -> None:
    for limit, value in _LIMITS.items():
        _, highest = resource.getrlimit(limit)
        lowered = value if highest == resource.RLIM_INFINITY else min(value, highest)
        resource.setrlimit(limit, (lowered, lowered))
    asked = json.loads(sys.stdin.buffer.readline())
    answer = json.dumps(_answer(asked["filename"], sys.stdin.buffer.read(), asked["columns"]))
    if len(answer) > MAX_RESULT:
        sys.exit("result too large")
    sys.stdout.write(answer)


if __name__ == "__main__":
    main()
