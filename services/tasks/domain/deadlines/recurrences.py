"""Recurring duties: their period and the day on which they are due."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.tasks.domain.deadlines.flags import DeadlineFlag
from services.tasks.domain.deadlines.marks import RECURRENCE, blank
from shared.errors import InvalidInput

Period = Literal["day", "week", "month", "quarter", "half", "year"]
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_DAYS: dict[str, int] = {"day": 0, "week": 7} | dict.fromkeys(_MONTHS, 31)  # the most a due day can be
_UNITS: dict[str, Period] = {"ngày": "day", "tuần": "week", "tháng": "month", "quý": "quarter", "năm": "year"}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A duty due once in every day, week, or calendar month, quarter, half or year.

    due_day: last in-time day of the month, 1-31 (a shorter month ends earlier), or of the week, Monday being 1; None:
        the last.
    due_month: which month of the period, from 1; None: its last.
    """

    every: Period
    due_day: int | None = None
    due_month: int | None = None

    def __post_init__(self) -> None:
        days = range(1, _DAYS.get(self.every, 0) + 1)
        months = range(1, _MONTHS.get(self.every, 0) + 1)
        fits = (self.due_day is None or self.due_day in days) and (
            self.due_month is None or self.due_month in months
        )
        if self.every not in _DAYS or not fits:
            raise InvalidInput(
                "invalid_recurrence",
                "Kỳ hạn không hợp lệ; đề nghị chọn hằng ngày, tuần, tháng, quý, 6 tháng hoặc năm, ngày đến hạn và tháng thuộc kỳ.",
                "No such recurrence; choose day, week, month, quarter, half or year, with a day and a month of that period.",
                field="recurrence",
            )


@dataclass(frozen=True, slots=True)
class Recurring:
    """A recurrence in a sentence with its offset; `period` is None for several or for none that is named."""

    start: int
    period: Period | None
    due_month: int | None = None
    weekday: int | None = None
    last_day: bool = False


_UNIT = r"(?P<unit>tháng|quý|năm|tuần|ngày)\b(?! [0-9]|(?<=quý) [ivx]{1,4}\b)"
_GOODS = "".join(
    f"(?<!{word} )" for word in ("ngân", "khách", "mặt", "đơn", "đặt", "giao", "bán", "nhà", "cửa")
)
_NOT_DUTIES = (
    r"bình quân|trung bình|dự toán|ngân sách|ngân sách nhà nước|nhu cầu|nguồn|kinh phí|\bchi|tăng|giảm|%"
)
_MORE = r"(?P<more>(?:(?:,| và|, và| hoặc) (?:hằng |hàng |[0-9]{1,2} )?(?:tháng|quý|năm)\b(?! [0-9]|(?<=quý) [ivx]{1,4}\b)){0,3})"
_EACH, _NEXT = (
    r"(?: của)?(?: mỗi| hằng| hàng| từng)?",
    r"(?: sau| tiếp theo| kế tiếp| liền kề)?(?! [0-9ivx]{1,4}\b)",
)

_HOUR = r"(?<![0-9])[0-9]{1,2} ?(?:h|g|giờ|:) ?(?:[0-9]{2})?(?: ?phút)?"
_WEEKDAYS = {
    "thứ hai": 1, "thứ 2": 1, "thứ ba": 2, "thứ 3": 2, "thứ tư": 3, "thứ 4": 3, "thứ năm": 4, "thứ 5": 4,
    "thứ sáu": 5, "thứ 6": 5, "thứ bảy": 6, "thứ 7": 6, "chủ nhật": 7,
}  # fmt: skip
_WEEKDAY = "|".join(_WEEKDAYS)

# Wordings of a period; the first group named `unit` gives it, `more` matches further ones.
PERIODS = tuple(
    re.compile(pattern)
    for pattern in (
        # thường xuyên, hằng năm: standing
        r"(?P<other>\bthường xuyên,? (?:và )?)(?P<at>(?:hằng|hàng) năm)(?= ?(?:$|[.;)]))",
        r"(?:^|(?<=[;.(:] ))(?P<at>(?:hằng|hàng) năm)(?P<other>,? (?:và )?thường xuyên)(?= ?(?:$|[.;)]))",
        # trước 16h00 hằng ngày
        rf"(?:\b(?:trước|vào|lúc) )?{_HOUR} (?:hằng|hàng|mỗi) (?P<unit>ngày)\b",
        rf"\b(?:hằng|hàng|mỗi) (?P<unit>ngày)\b,? ?\(?(?:(?:trước|vào|lúc) )?{_HOUR}(?! ?ngày)",
        # trước 15 giờ thứ Sáu hằng tuần; hằng tuần, vào thứ Hai
        rf"(?P<before>\btrước (?:ngày )?(?=thứ|chủ))?(?P<at>(?:(?:trước )?{_HOUR} )?(?:ngày |sáng |chiều )?\b(?P<weekday>{_WEEKDAY}) (?:của )?(?:hằng|hàng|mỗi) (?P<unit>tuần)\b)",
        rf"\b(?:hằng|hàng|mỗi) (?P<unit>tuần)\b,? ?\(?(?:vào )?(?P<before>trước (?:ngày )?(?=thứ|chủ))?(?:trước )?(?:{_HOUR} )?(?:ngày |sáng |chiều )?(?P<weekday>{_WEEKDAY})\b",
        # ngày 25 cuối quý; ngày cuối cùng của quý
        r"(?<=[0-9] )(?:của )?(?P<place>cuối) (?:mỗi )?(?P<unit>quý)\b(?! [0-9ivx]{1,4}\b)",
        r"\b(?P<last>ngày cuối)(?: cùng)? (?:của )?(?:mỗi |hằng |hàng )?(?P<unit>tháng|quý|năm)\b(?! [0-9ivx]{1,4}\b)",
        # của tháng cuối quý; tháng đầu của quý sau
        rf"\b(?:của )?tháng (?P<place>cuối|đầu|giữa|thứ (?:nhất|hai|ba|[1-3])|[1-3])(?: cùng| tiên)?{_EACH} (?P<unit>quý)\b{_NEXT}",
        # hằng tháng; hằng tháng, quý, năm
        rf"(?P<other>(?:{_NOT_DUTIES}) )?(?P<also>\b(?:(?:0?6 |sáu )?(?:tháng|quý)(?:,| và|, và) ){{1,3}})?{_GOODS}\b(?:hằng|hàng) {_UNIT}{_MORE}",
        # báo cáo mỗi quý; ngày 20 của mỗi tháng
        rf"(?:^|\b(?:định kỳ|báo cáo|cập nhật|rà soát|đánh giá|họp|cuối|của|[0-9]{{1,2}}) )(?P<at>(?:mỗi|từng|theo) {_UNIT}{_MORE})",
        # mỗi tháng một lần, 3 tháng/lần, 1 lần/quý
        r"\b(?P<count>[0-9]{1,2}|một|hai|ba|sáu|mỗi|hằng|hàng) (?P<unit>tháng|quý|năm|tuần|ngày)(?: ?/ ?| )(?:0?1 |một )?lần\b",
        r"\b(?P<times>[0-9]{1,2}|một|hai|ba) lần(?: ?/ ?| mỗi | một | 1 | trong )(?P<unit>tháng|quý|năm|tuần|ngày)\b",
        # mỗi 6 tháng, 1 lần/06 tháng, nửa năm một lần
        r"\b(?:mỗi|cứ) (?P<count>[0-9]{1,2}) (?P<unit>tháng|quý|năm|tuần|ngày)\b",
        r"\b(?:0?1|một) lần(?: ?/ ?| mỗi | trong )(?P<count>[0-9]{1,2}) (?P<unit>tháng|quý|năm|tuần|ngày)\b",
        r"\b(?P<half>nửa) (?P<unit>năm)(?: ?/ ?| )(?:0?1 |một )?lần\b",
        # định kỳ quý; định kỳ vào cuối tháng; định kỳ 6 tháng; định kỳ
        rf"\bđịnh kỳ(?: (?:báo cáo|cập nhật|vào|cuối|theo|của)){{0,3}}(?: (?P<count>[0-9]{{1,2}}))? {_UNIT}{_MORE}",
        r"\bđịnh kỳ\b|(?:^|\b(?:báo cáo|cập nhật|kiểm tra|rà soát|giao ban|đánh giá) )thường kỳ\b",
    )
)  # fmt: skip
_COUNTS = {None: 1, "một": 1, "mỗi": 1, "hằng": 1, "hàng": 1, "hai": 2, "ba": 3, "sáu": 6}
_EVERY_MONTHS: dict[int, Period] = {1: "month", 3: "quarter", 6: "half", 12: "year"}
_PLACES = {"cuối": 3, "3": 3, "đầu": 1, "thứ nhất": 1, "thứ 1": 1, "1": 1, "giữa": 2, "thứ hai": 2, "thứ 2": 2, "2": 2,
    "thứ ba": 3, "thứ 3": 3,
}  # fmt: skip


def take_recurrence(words: str) -> tuple[str, Recurring | None]:
    """The text without its recurrence, and the recurrence."""
    periods: set[Period | None] = set()
    recurring, due_month, weekday, last_day = False, None, None, False
    for pattern in PERIODS:
        spans = []
        for match in pattern.finditer(words):
            groups = match.groupdict()
            spans.append(match.span("at") if groups.get("at") and not groups.get("weekday") else match.span())
            if not groups.get("other"):
                recurring = True
                periods |= _periods(groups)
                due_month = _PLACES.get(groups.get("place") or "", due_month)
                weekday = _weekday(groups) or weekday
                last_day = last_day or bool(groups.get("last"))
        words = blank(words, spans, RECURRENCE)
    if not recurring:
        return words, None
    return words, Recurring(
        words.index(RECURRENCE), periods.pop() if len(periods) == 1 else None, due_month, weekday, last_day
    )


def _periods(groups: dict[str, str | None]) -> set[Period | None]:
    """The periods of one match; None for one that has no name of its own, and for further ones."""
    unit = groups.get("unit")
    if unit is None:
        return set()
    count, often = _count(groups.get("count")), _count(groups.get("times"))
    period = _UNITS[unit] if count == 1 else _EVERY_MONTHS.get(count) if unit == "tháng" else None
    if groups.get("half"):
        period = "half"
    if often > 1:
        period = None
    return {period} | ({None} if groups.get("more") or groups.get("also") else set())


def _count(word: str | None) -> int:
    return _COUNTS[word] if word in _COUNTS else int(word or 1)


def _weekday(groups: dict[str, str | None]) -> int | None:
    day = _WEEKDAYS.get(groups.get("weekday") or "")
    return (day - 2) % 7 + 1 if day and groups.get("before") else day


def occurrence(
    recurring: Recurring, written: Mapping[str, int] | None, *, before: bool, inclusive: bool
) -> tuple[Recurrence, set[DeadlineFlag]]:
    """The recurrence with the day or month beside it, and flags for doubts.

    Args:
        recurring: with a period.
        written: d, m, q of a day or period without its year ("cuối năm" has none of them); None where there is none.
        before: "trước" precedes them.
        inclusive: "trước ngày 20" means the 20th.
    """
    period = recurring.period
    assert period is not None  # noqa: S101 - the caller checks it
    if period not in _MONTHS:
        unsure = {DeadlineFlag.AMBIGUOUS} if written is not None else set()
        return Recurrence(period, recurring.weekday if period == "week" else None), unsure
    months, due_month = _MONTHS[period], recurring.due_month
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
