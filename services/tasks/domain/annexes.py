"""How an annex is laid out: its columns, the sections between its rows, and what its rows are called by."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shared.folding import fold
from shared.spreadsheets import Row, Table

_GROUP_NUMBER = re.compile(r"[IVXLC]+|[A-ZĐ]")
_GROUP_LABEL = re.compile(r"(?:nhóm|phần|mục|chương)\s+\w+|[IVXLC]+(?=\.)", re.IGNORECASE)
_MONTH = re.compile(r"(?:tháng\s+)?(\d{1,2})/(\d{4})", re.IGNORECASE)
_HEADED = frozenset({"title", "ref", "order_no", "section"})
_SPOKEN = ("title", "section", "order_no", "ref")

SkipReason = Literal["section", "total", "column_numbers", "heading", "number_only"]


@dataclass(frozen=True, slots=True)
class NoTask:
    """A row with text that gives no task."""

    number: int
    text: str
    reason: SkipReason
    sheet: str = ""


def tasks_of(table: Table) -> tuple[tuple[Row, ...], tuple[NoTask, ...]]:
    """The rows that give tasks, each with its `ref`, `section` and `group_no` (empty where untold), and the others."""
    rows: list[Row] = []
    skipped = [NoTask(row.number, row.text, row.reason, table.name) for row in table.skipped]
    section = group = ""
    for row in table.rows:
        values = row.values
        reason = _skip_reason(row, [key for key in table.headers if values[key]])
        if reason is None:
            rows.append(replace(row, values=_placed(values, section, group)))
            continue
        text = next((values[key] for key in _SPOKEN if values.get(key)), "")
        skipped.append(NoTask(row.number, text, reason, table.name))
        if reason == "section":
            section, group = text, _group_label(values.get("order_no", ""), text)
    return tuple(_with_refs(rows)), tuple(sorted(skipped, key=lambda row: row.number))


def _placed(values: Mapping[str, str], section: str, group: str) -> dict[str, str]:
    own = {"section": values.get("section") or section, "group_no": values.get("group_no") or group}
    month = {"list_month": _month(values["list_month"])} if "list_month" in values else {}
    return {**values, **own, **month}


def _skip_reason(row: Row, filled: Sequence[str]) -> SkipReason | None:
    """Why this row gives no task; None when it does. `filled`: its columns with text, from left to right."""
    if row.problems or not filled or not _HEADED.issuperset(filled):
        return None
    first, last = (fold(row.values[filled[at]]) for at in (0, -1))
    if first.startswith(("tong cong", "tong so")) or last.startswith("tong cong"):
        return "total"
    marks = [row.values[key] for key in ("order_no", "ref") if key in filled]
    if "title" not in filled and "section" not in filled:
        return "number_only" if all(any(map(str.isdigit, mark)) for mark in marks) else "section"
    alone = len(filled) == 1 or all(_GROUP_NUMBER.fullmatch(mark.rstrip(".)")) for mark in marks)
    return "section" if alone else None


def _with_refs(rows: Sequence[Row]) -> list[Row]:
    """Give each row its reference: as printed, or its number within its month, group or section."""
    numbers = Counter(row.values.get("order_no", "") for row in rows)
    repeated = any(count > 1 for number, count in numbers.items() if number)
    return [
        replace(
            row,
            values={**row.values, "ref": row.values.get("ref") or _composed(row.values, repeated=repeated)},
        )
        for row in rows
    ]


def _composed(values: Mapping[str, str], *, repeated: bool) -> str:
    number = values.get("order_no", "")
    within = values.get("list_month", "")
    if not within and repeated:
        within = values.get("group_no", "")
    return f"{within}/{number}" if number and within else number


def _group_label(number: str, heading: str) -> str:
    """What a section's rows are numbered under: its own number, or the "Nhóm 1" that its heading begins with."""
    label = _GROUP_LABEL.match(heading)
    return number.rstrip(".)") or (label.group() if label else "")


def _month(text: str) -> str:
    match = _MONTH.fullmatch(text)
    return f"{match[2]}-{int(match[1]):02}" if match else text
