"""The forms in which days and periods are written, and the days of each match."""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date

from services.tasks.domain.deadlines.flags import DeadlineFlag, DeadlineKind
from services.tasks.domain.deadlines.marks import RECURRENCE, USED, blank

MONTHS = 12
FIRST_YEAR, LAST_YEAR = 2000, 2099  # programmes look ahead to 2050; anything else is a slip of the pen


@dataclass(frozen=True, slots=True)
class Written:
    """A day or period as written in the text: its span, its kind, and the numbers.

    numbers: d, m, q, y; y1 is the first year of two; months and from_month give a part of a year.
    """

    start: int
    end: int
    kind: DeadlineKind
    numbers: dict[str, int]

    @property
    def days(self) -> tuple[date, date] | DeadlineFlag:
        """First and last day, or the flag that says why there is none."""
        numbers = self.numbers
        if self._impossible():
            return DeadlineFlag.INVALID_DATE
        if "y" not in numbers or ("d" in numbers and "m" not in numbers):
            return DeadlineFlag.YEAR_MISSING
        year = numbers["y"]
        if not all(FIRST_YEAR <= y <= LAST_YEAR for y in (year, numbers.get("y1", year))):
            return DeadlineFlag.YEAR_OUT_OF_RANGE
        if "d" in numbers:
            day = date(year, numbers["m"], numbers["d"])
            return day, day
        month, months = self._months()
        last = month + months - 1
        return date(numbers.get("y1", year), month, 1), date(year, last, monthrange(year, last)[1])

    @property
    def months(self) -> tuple[int, int]:
        """The first and the last month."""
        first, count = self._months()
        return first, first + count - 1

    def _months(self) -> tuple[int, int]:
        """The first month, and the number of months."""
        numbers = self.numbers
        if "m" in numbers:
            return numbers["m"], 1
        if "q" in numbers:
            return 3 * numbers["q"] - 2, 3
        return numbers.get("from_month", 1), numbers.get("months", 12)

    def _impossible(self) -> bool:
        """No calendar has it, whatever the year (29/02 is possible until its year is known)."""
        numbers = self.numbers
        day, year = numbers.get("d", 1), numbers.get("y", 2000)
        month, months = self._months()
        if month < 1 or months < 1 or month + months - 1 > MONTHS:
            return True
        if numbers.get("y1", year) > year:
            return True
        longest = monthrange(max(year, 1), month)[1] if "m" in numbers else 31
        return not 1 <= day <= longest


_HERE = f"[{USED}{RECURRENCE}]"
# A day and a month without "ngày": only where no noun can own the first number (Đề án 06 tháng 9/2026, đạt 9/10 năm 2026)
_PLACE = "(?:^|" + "|".join(
    f"(?<={re.escape(word)})"
    for word in (
        "ngày ", "mùng ", "mồng ", "trước ", "sau ", "đến ", "tới ", "từ ", "hết ", "nhất ", "là ", "vào ", "hạn ",
        "thành ", "xong ", "mai ", "nay ", "hai ", "ba ", "tư ", "năm ", "sáu ", "bảy ", "nhật ", "giờ ", "phút ",
        "sáng ", "chiều ", "và ", "hoặc ", ": ", ":", ", ", "; ", "- ", "(", "quá ", "hơn ", "muộn ", "dịp ", USED,
        f"{USED} ",
    )
) + ")"  # fmt: skip
_SEP = r"(?: ?[/.-] ?(?:năm )?| ?,? ?(?:của )?năm | )"
_Y = r"(?P<y>[0-9]{4})(?![0-9])"
_YEAR = rf"(?:{_SEP}{_Y})?"
_D, _M = r"(?<![0-9])(?<![0-9][/.])(?P<d>[0-9]{1,2})", r"(?P<m>[0-9]{1,2})"
_NOT_A_COUNT = (
    r"(?! ?%| (?:tiện ích|nhiệm vụ|chỉ tiêu|tiêu chí|tỉnh|xã|bộ|cơ quan|địa phương|đơn vị|nhóm|nền tảng|hệ thống"
    r"|cơ sở|csdl|dịch vụ|thủ tục|tthc|số|tổng|diện tích)\b)"
)
_LIKELY = r"(?=(?:0?[1-9]|[12][0-9]|3[01]) ?/ ?(?:0?[1-9]|1[0-2])(?![0-9]))"  # 40/61 is a ratio
_NO_MORE = r"(?![0-9]| ?[/.-] ?[0-9])"
_PART = r"(?P<part>đầu|cuối)"
_OF_YEAR = rf"(?= (?:của )?(?:năm\b|[0-9]{{4}}))(?: của)?(?: năm)?(?: ?/? ?{_Y})?"
_YEAR_ALONE = r"(?= ?(?:$|[,.;):\ue000-\uf8ff]| (?:phải|để|sẽ|đi vào|đưa|hoàn|cơ bản|xong|đạt|có|là|thì|toàn|các|theo|và|với)\b))"
_NOT_MONEY = r"(?! ?(?:[/%]|tỉ|tỷ|triệu))"

# (unit, how it is written): what one form has read, the next does not see, so longer forms come first.
FORMS = tuple(
    (unit, re.compile(pattern))
    for unit, pattern in (
        # 15/11/2025, 15-11-2025, 15.11.2025; ngày 15 tháng 11 năm 2025; 15/11 năm 2025; 2025-11-15
        ("day", rf"{_D} ?(?P<sep>[/.-]) ?{_M} ?(?P=sep) ?{_Y}"),
        ("day", rf"{_PLACE}{_D},? ?tháng {_M}(?: ?[/-] ?|,? ?(?:của )?năm ){_Y}"),
        ("day", rf"{_PLACE}{_D} ?[/-] ?{_M},? ?(?:của )?năm {_Y}"),
        ("day", rf"(?<![0-9])(?<![0-9][/.-]){_Y}(?P<sep>[/-]){_M}(?P=sep)(?P<d>[0-9]{{1,2}})(?![0-9/])"),
        # the year is not written in full: 15/11/25; or not at all: ngày 15/11, trước 15/11, 15 tháng 11
        ("day", rf"{_D} ?/ ?{_M} ?/ ?(?:[0-9]{{5,9}}|[0-9]{{1,3}})(?![0-9])"),
        ("day", rf"\b(?:ngày|mùng|mồng) {_D} ?[/.-] ?{_M}{_NO_MORE}"),
        ("day", rf"\b(?:trước|đến|tới|từ|hết|nhất|là|vào|hạn|giờ|phút|và|hoặc) {_LIKELY}{_D} ?/ ?{_M}{_NO_MORE}{_NOT_A_COUNT}"),
        ("day", rf"{_PLACE}{_D} tháng {_M}(?![0-9])"),
        ("day", rf"^{_LIKELY}{_D} ?/ ?{_M}$"),
        ("day", rf"{_PLACE}{_D} ?/ ?{_M}(?= ?- ?{USED})"),
        # 6 tháng cuối năm 2025, nửa đầu năm 2026; 9 tháng đầu năm 2025; quý cuối năm 2025
        ("half", rf"(?<![0-9])(?P<at>(?:0?6|sáu) tháng) {_PART}{_OF_YEAR}"),
        ("half", rf"\b(?P<at>nửa) {_PART}{_OF_YEAR}"),
        ("months", rf"(?<![0-9])(?P<n>[0-9]{{1,2}}) tháng {_PART}{_OF_YEAR}"),
        ("quarter", rf"\b(?P<at>quý) {_PART}{_OF_YEAR}"),
        # quý IV/2025, quý 4 năm 2025, Q4/2025; tháng 5/2025, T5/2025; 5/2025
        ("quarter", rf"\b(?P<at>quý(?: thứ)?) ?(?P<q>[ivx]{{1,4}}|[0-9]{{1,2}})(?!\w){_YEAR}"),
        ("quarter", rf"\b(?P<at>q\.?) ?(?P<q>[ivx]{{1,4}}|[0-9]){_SEP}{_Y}"),
        ("month", rf"\b(?P<at>t\.?|thg\.?) ?{_M}{_SEP}{_Y}"),
        ("month", rf"\b(?P<at>tháng) ?{_M}(?![0-9]){_YEAR}"),
        ("month", rf"(?<![0-9])(?<![0-9][/.]){_M} ?[/-] ?{_Y}"),
        # 2026-2030, từ năm 2026 đến năm 2030; năm 2025; đến 2030; 2025; cuối năm
        ("years", rf"(?:\b(?P<at>(?:(?:0?[2-9]|10|hai|ba|các) )?năm) |(?<![0-9/.,-]))(?P<y1>[0-9]{{4}}) ?(?:-|đến|tới)(?: hết| cuối)? ?(?:năm )?{_Y}{_NOT_MONEY}"),
        ("year", rf"\b(?P<at>(?:(?:hai|ba|các) )?năm) {_Y}"),
        ("year", rf"\b(?:trước|sau|trong|hết|đầu|giữa|cuối|khoảng|đến|tới|từ|nhất|tầm nhìn|định hướng) {_Y}{_YEAR_ALONE}"),
        ("year", rf"^{_Y}$"),
        ("year", r"\b(?P<at>năm) nay\b"),
        ("year", r"(?<!kỳ họp )\b(?:cuối|hết|trong|đầu) (?P<at>năm)\b(?! [0-9]| học\b| ngân sách\b)"),
        # a day alone: trước ngày 20 (hằng tháng); từ 15 đến 20/11/2025
        ("day", rf"\b(?:ngày|mùng|mồng) {_D}{_NO_MORE}(?! ?%)"),
        ("day", rf"\btừ {_D}(?= ?(?:-|đến|tới) ?(?:ngày )?{_HERE})"),
        ("day", rf"(?<![\w/.-]){_D}(?=-\ue000)"),
        ("day", rf"{USED}(?:,| và| hoặc) {_D}(?= (?:của )?{_HERE})"),
        ("day", rf"{USED}(?: ?- ?| (?:đến|tới) )(?:ngày )?{_D}(?= (?:của )?{RECURRENCE})"),
    )
)  # fmt: skip

_QUARTERS = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_PART_MONTHS = {"half": 6, "quarter": 3}
_KINDS = {"day": DeadlineKind.DATE, "years": DeadlineKind.YEAR}


def find_written(words: str) -> list[Written]:
    """Every day and period of the normalised text, in order; a year written once for two is given to both."""
    found = []
    seen = words
    for unit, form in FORMS:
        here = [_read(unit, match) for match in form.finditer(seen)]
        seen = blank(seen, [(item.start, item.end) for item in here])
        found += here
    return _lend_years(words, sorted(found, key=lambda item: item.start))


def _read(unit: str, match: re.Match[str]) -> Written:
    groups = {key: text for key, text in match.groupdict().items() if text is not None}
    numbers: dict[str, int] = {key: int(groups[key]) for key in ("d", "m", "y", "y1") if key in groups}
    if quarter := groups.get("q"):
        numbers["q"] = int(quarter) if quarter.isdigit() else _QUARTERS.get(quarter, 0)
    kind = _KINDS.get(unit) or (DeadlineKind.DATE if unit == "months" else DeadlineKind(unit))
    if part := groups.get("part"):
        months = _PART_MONTHS.get(unit) or int(groups["n"])
        numbers |= {"months": months, "from_month": 1 if part == "đầu" else 13 - months}
    start = min(match.start(key) for key in ("at", "n", "d", "m", "y1", "y") if key in groups)
    return Written(start, match.end(), kind, numbers)


_LINK = re.compile(r" ?(?:,|và|hoặc|-|đến|tới|cho đến)(?: (?:hết|cuối|ngày)){0,2} ?")
_RANGE = re.compile(r" ?(?:-|đến|tới|cho đến|cho tới)(?: (?:hết|cuối|ngày|giai đoạn)){0,2} ?")


def linked(words: str, left: Written, right: Written) -> bool:
    """True where only "và", a comma or a range word is between the two."""
    return left.kind is right.kind and _LINK.fullmatch(words, left.end, right.start) is not None


def is_range(words: str, left_end: int, right_start: int) -> bool:
    return _RANGE.fullmatch(words, left_end, right_start) is not None


def _lend_years(words: str, found: list[Written]) -> list[Written]:
    """Từ 01/11 đến 31/3/2026: the first day has the year of the second, or the one before if it comes later."""
    for at in range(len(found) - 2, -1, -1):
        left, right = found[at], found[at + 1]
        ranged = is_range(words, left.end, right.start) and left.numbers.keys() & {"m", "q", "d"}
        if "y" in left.numbers or "y" not in right.numbers or not (ranged or linked(words, left, right)):
            continue
        shared = {"m", "y"} if left.kind is right.kind else {"y"}
        numbers = {key: right.numbers[key] for key in shared & right.numbers.keys()} | left.numbers
        left = replace(left, numbers=numbers)
        if ranged and left.months[0] > right.months[1]:
            numbers["y"] -= 1
        found[at] = replace(left, numbers=numbers)
    return found
