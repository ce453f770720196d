"""What is wrong with a row of a file that is imported, said alike by every importer."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An agency that may be meant; `score` is the likeness of the names, of 100."""

    code: str
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a field of a row, and the remedy in both languages."""

    field: str
    code: str
    detail: str
    detail_en: str
    suggestions: tuple[Suggestion, ...] = ()


def text_problems(
    values: Mapping[str, str],
    *,
    required: Collection[str],
    limits: Mapping[str, int],
    plain: Collection[str],
    hidden: re.Pattern[str],
) -> list[Problem]:
    """Fields that are empty or too long, and those of `plain` that hold a `hidden` character."""
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
        if hidden.search(values.get(name, ""))
    ]
    return found
