"""Problems of a row of an imported file, in the same words for every importer."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from shared.errors import Refusal
from shared.spreadsheets import Row
from shared.text.characters import CONTROL_BUT_BREAKS

Read = TypeVar("Read")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An agency that may be meant; `score` is the likeness of the names, of 100."""

    code: str
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a field of a row, with its remedy, in both languages."""

    field: str
    code: str
    detail: str
    detail_en: str
    suggestions: tuple[Suggestion, ...] = ()


def cell_problems(row: Row) -> list[Problem]:
    """The problems of a row's cells."""
    return [Problem(item.field, item.code, item.vi, item.en) for item in row.problems]


def cell_remarks(row: Row) -> list[Problem]:
    """The remarks on a row's cells, for a person to check."""
    return [Problem(item.field, item.code, item.vi, item.en) for item in row.remarks]


def guarded(number: int, read: Callable[[], Read], failed: Callable[[Problem], Read]) -> Read:
    """The result of `read` for row `number`; an exception but a Refusal is logged and gives the result of `failed`.

    So an unforeseen row is refused by itself: the file's other rows are read.
    """
    try:
        return read()
    except Refusal:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is this row's and is logged
        _log.exception("row %d of a file could not be read", number)
        return failed(
            Problem(
                "row",
                "row_failed",
                f"Không đọc được dòng {number} do lỗi của hệ thống, đã ghi vào nhật ký: viết lại các ô của dòng cho đơn "
                "giản hơn rồi nhập lại, hoặc báo người vận hành.",
                f"Row {number} could not be read, by a fault of the system that its log holds: write the row's cells more "
                "simply and import it again, or tell the operator.",
            )
        )


def text_problems(
    values: Mapping[str, str],
    *,
    required: Collection[str],
    limits: Mapping[str, int],
    plain: Collection[str],
) -> list[Problem]:
    """Fields that are empty or too long, and those of `plain` that hold what a request may not."""
    found = [
        Problem(name, "required", "Ô này trống: điền rồi nhập lại.", "This cell is empty: fill it in.")
        for name in required
        if not values.get(name)
    ]
    found += [
        Problem(name, "too_long", f"Dài quá {limit} ký tự: rút gọn.", f"Over {limit} characters: shorten it.")
        for name, limit in limits.items()
        if len(values.get(name, "")) > limit
    ]
    found += [
        Problem(
            name,
            "control_character",
            "Ô có ký tự điều khiển hoặc ký tự đổi chiều chữ: nhập lại không có chúng.",
            "The cell has control characters, or some that change its direction: write it without them.",
        )
        for name in plain
        if CONTROL_BUT_BREAKS.search(values.get(name, ""))
    ]
    return found
