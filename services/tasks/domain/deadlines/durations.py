"""Lengths of time: "trong vòng 30 ngày kể từ ngày ký", "chậm nhất 05 ngày trước ngày 30/6/2025", "trong 5 năm tới"."""

import re
from dataclasses import dataclass

from services.tasks.domain.deadlines.marks import DURATION, USED, blank

_COUNTS = {
    "một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9, "mười": 10,
    "mười lăm": 15, "hai mươi": 20, "ba mươi": 30,
}  # fmt: skip
_DAYS = {"ngày": 1, "tuần": 7}
_COUNT = rf"(?<![0-9/.-])(?<!ngày )(?P<count>[0-9]{{1,3}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})(?: \([^)]{{1,20}}\))?"
_SPAN = rf"{_COUNT} (?P<unit>ngày|tuần|tháng|năm|giờ)(?P<working> làm việc)?\b(?! (?:đầu|cuối|ngày|[0-9]))"
_FROM = r"(?:,? (?:kể |tính )?(?:từ|sau)(?: khi)?\b(?: ngày)?(?: [0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4})?)"
_LEAD = (
    r"\b(?:trong(?: vòng| thời hạn| thời gian| khoảng)?|vòng|thời hạn|thời gian(?: (?:thực hiện|hoàn thành|thí điểm))?:?"
    r"|không quá|tối đa|tối thiểu|ít nhất|(?:chậm|muộn) nhất(?: là)?|kéo dài|sau|trước(?! [0-9]{1,2} giờ))"
)
_HORIZON = re.compile(r"\b(?:trong |những |các )?(?:[0-9]{1,2} )?năm (?:tới|tiếp theo|sắp tới)\b")
# trước 05 ngày so với ngày D; chậm nhất 05 ngày trước ngày D; trước ngày D ít nhất 05 ngày
_BEFORE_DAY = re.compile(
    rf"(?:{_LEAD} )?{_SPAN} (?P<turn>trước|so với|trước so với)(?= (?:ngày )?[0-9]{{1,2}}(?:[/.-][0-9]{{1,2}}[/.-]| tháng ))"
)
_AFTER_DAY = re.compile(rf"(?<=[0-9]{{4}}),? (?:ít nhất|tối thiểu|chậm nhất)(?: là| trước)? {_SPAN}")
_LED = re.compile(rf"{_LEAD} {_SPAN}{_FROM}?")
_ANCHORED = re.compile(rf"\b{_SPAN}{_FROM}")

_WITHIN = re.compile(r"(?:trong|vòng|thời|không quá|tối đa|kéo dài|sau)\b")


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in the text, with its lead words.

    days: None for months and years.
    counts_back: from the day beside it.
    """

    start: int
    end: int
    days: int | None
    working: bool
    counts_back: bool


def take_horizons(words: str) -> tuple[str, bool]:
    """The text without "trong 5 năm tới"; True where it was there."""
    spans = [match.span() for match in _HORIZON.finditer(words)]
    return blank(words, spans, USED), bool(spans)


def take_durations(words: str) -> tuple[str, list[Duration]]:
    """The text with its durations blanked, and the durations in order."""
    found: list[Duration] = []
    for pattern in (_BEFORE_DAY, _AFTER_DAY, _LED, _ANCHORED):
        here = [
            _read(match, counted_back=pattern in {_BEFORE_DAY, _AFTER_DAY})
            for match in pattern.finditer(words)
        ]
        words = blank(words, [(item.start, item.end) for item in here], DURATION)
        found += here
    return words, sorted(found, key=lambda item: item.start)


def _read(match: re.Match[str], *, counted_back: bool) -> Duration:
    count, unit = match["count"], match["unit"]
    within = _WITHIN.match(match[0]) is not None  # "trong 30 ngày trước ngày D" may begin or end there
    days = (_COUNTS.get(count) or int(count)) * _DAYS[unit] if unit in _DAYS and not within else None
    return Duration(match.start(), match.end(), days, bool(match["working"]), counted_back)
