"""Recurring duties: how their period is written, and on which day they are due."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.tasks.domain.deadlines.flags import DeadlineFlag
from services.tasks.domain.deadlines.words import blank
from shared.errors import InvalidInput

Period = Literal["month", "quarter", "year"]
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}
_LONGEST = 31  # days in a month
_UNITS: dict[str, Period] = {"tháng": "month", "quý": "quarter", "năm": "year"}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A duty due once in every calendar month, quarter or year.

    due_day: last in-time day of the month, 1-31 (a shorter month ends earlier); None: the month's last day.
    due_month: which month of the period, from 1; None: its last.
    """

    every: Period
    due_day: int | None = None
    due_month: int | None = None

    def __post_init__(self) -> None:
        days, months = range(1, _LONGEST + 1), range(1, _MONTHS.get(self.every, 0) + 1)
        fits = (self.due_day is None or self.due_day in days) and (
            self.due_month is None or self.due_month in months
        )
        if not (months and fits):
            raise InvalidInput(
                "invalid_recurrence",
                "Kỳ hạn không hợp lệ; đề nghị chọn hằng tháng, hằng quý hoặc hằng năm, ngày từ 1 đến 31 và tháng thuộc kỳ.",
                "No such recurrence; choose month, quarter or year, a day from 1 to 31 and a month of the period.",
                field="recurrence",
            )


@dataclass(frozen=True, slots=True)
class Recurring:
    """What a sentence says of its recurrence; `period` is None for weekly, several or unsaid periods."""

    period: Period | None
    due_month: int | None = None


_UNIT = r"(?P<unit>tháng|quý|năm|tuần|ngày)\b(?! [0-9]|(?<=quý) [ivx]{1,4}\b)"
_GOODS = "".join(
    f"(?<!{word} )" for word in ("ngân", "khách", "mặt", "đơn", "đặt", "giao", "bán", "nhà", "cửa")
)
_NOT_DUTIES = (
    r"bình quân|trung bình|dự toán|ngân sách|ngân sách nhà nước|nhu cầu|nguồn|kinh phí|\bchi|tăng|giảm|%"
)
_MORE = r"(?P<more>(?:(?:,| và|, và| hoặc) (?:hằng |hàng |6 )?(?:tháng|quý|năm)\b(?! [0-9]|(?<=quý) [ivx]{1,4}\b)){0,3})"
_EACH, _NEXT = (
    r"(?: của)?(?: mỗi| hằng| hàng| từng)?",
    r"(?: sau| tiếp theo| kế tiếp| liền kề)?(?! [0-9ivx]{1,4}\b)",
)

# How a period is said; the first group named `unit` gives it, `more` says that there are others.
PERIODS = tuple(
    re.compile(pattern)
    for pattern in (
        # của tháng cuối quý; tháng đầu của quý sau
        rf"\b(?:của )?tháng (?P<place>cuối|đầu|giữa|thứ nhất|[1-3])(?: cùng| tiên)?{_EACH} (?P<unit>quý)\b{_NEXT}",
        # hằng tháng; hằng tháng, quý, năm
        rf"(?P<other>(?:{_NOT_DUTIES}) )?{_GOODS}\b(?:hằng|hàng) {_UNIT}{_MORE}",
        # báo cáo mỗi quý; ngày 20 của mỗi tháng
        rf"(?:^|\b(?:định kỳ|báo cáo|cập nhật|rà soát|đánh giá|họp|cuối|của|[0-9]{{1,2}}) )(?P<at>(?:mỗi|từng|theo) {_UNIT}{_MORE})",
        # mỗi tháng một lần, 3 tháng/lần, 1 lần/quý
        r"\b(?P<count>[0-9]{1,2}|một|hai|ba|sáu|mỗi|hằng|hàng) (?P<unit>tháng|quý|năm|tuần|ngày)(?: ?/ ?| )(?:1 |một )?lần\b",
        r"\b(?P<count>[0-9]{1,2}|một|hai|ba) lần(?: ?/ ?| mỗi | một | 1 | trong )(?P<unit>tháng|quý|năm|tuần|ngày)\b",
        # định kỳ quý; định kỳ vào cuối tháng; định kỳ 6 tháng; định kỳ
        rf"\bđịnh kỳ(?: (?:báo cáo|cập nhật|vào|cuối|theo|của)){{0,3}}(?: (?P<count>[0-9]{{1,2}}))? {_UNIT}{_MORE}",
        r"\b(?:định|thường) kỳ\b",
    )
)  # fmt: skip
_ONCE = {None, "1", "01", "một", "mỗi", "hằng", "hàng"}
_PLACES = {"cuối": 3, "3": 3, "đầu": 1, "thứ nhất": 1, "1": 1, "giữa": 2, "2": 2}


def take_recurrence(words: str) -> tuple[str, Recurring | None]:
    """The text without its recurrence, and what it was."""
    periods: set[Period | None] = set()
    recurring, due_month = False, None
    for pattern in PERIODS:
        spans = []
        for match in pattern.finditer(words):
            groups = match.groupdict()
            spans.append(match.span("at") if groups.get("at") else match.span())
            if not groups.get("other"):
                recurring = True
                periods |= _periods(groups)
                due_month = _PLACES.get(groups.get("place") or "", due_month)
        words = blank(words, spans)
    if not recurring:
        return words, None
    return words, Recurring(periods.pop() if len(periods) == 1 else None, due_month)


def _periods(groups: dict[str, str | None]) -> set[Period | None]:
    """The period of one match; None stands for one that is no month, quarter or year, and for further ones."""
    unit = groups.get("unit")
    if unit is None:
        return set()
    once = groups.get("count") in _ONCE
    return {_UNITS.get(unit) if once else None} | ({None} if groups.get("more") else set())


def occurrence(
    period: Period, due_month: int | None, written: Mapping[str, int] | None, *, before: bool, inclusive: bool
) -> tuple[Recurrence, set[DeadlineFlag]]:
    """The recurrence with the day or month that stands beside it, and what is unsure of it.

    Args:
        period: every month, quarter or year.
        due_month: from words such as "tháng cuối quý".
        written: d, m, q of a day or period without its year ("cuối năm" has none of them); None where there is none.
        before: "trước" stands before them.
        inclusive: "trước ngày 20" means the 20th.
    """
    months = _MONTHS[period]
    numbers = written or {}
    day = numbers.get("d")
    last = numbers.get("m") or 3 * numbers.get("q", 0)
    first = last - 2 if "q" in numbers else last
    if written is not None and period != "year" and (last or not day):  # "hằng tháng, đến tháng 11": a bound
        return Recurrence(period), {DeadlineFlag.BOUNDED, DeadlineFlag.YEAR_MISSING}
    month = last or due_month or months
    unsure = {DeadlineFlag.AMBIGUOUS} if day and months > 1 and not (last or due_month) else set()
    if before and day and not inclusive:
        day, month = (day - 1, month) if day > 1 else (None, month - 1)
    elif before and last and not day:
        month = first - 1
    return Recurrence(period, day, month if 0 < month < months else None), unsure
