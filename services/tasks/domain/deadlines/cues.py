"""The governing words before a day or period: a table, read from the date leftwards."""

import re
from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    BEFORE = "before"
    BACK = "back"
    BY = "by"
    FROM = "from"
    BARE = "bare"
    AFTER = "after"
    VAGUE = "vague"
    HORIZON = "horizon"
    CITED = "cited"
    PERIOD = "period"
    FORMER = "former"
    EVENT = "event"
    OCCASION = "occasion"
    WORKING_DAY = "working_day"


class Cue(NamedTuple):
    """The role that the governing words give, these words, and the text before them.

    tail: the text before the date without "ngày", weekdays and hours.
    offset: of `before` and `tail` in the whole text.
    start: of the governing words in it, or the date with its "ngày" and hour where there are none.
    """

    role: Role
    word: str
    before: str
    tail: str
    offset: int
    start: int


_HOUR = r"(?P<hour>[0-9]{1,2}) ?(?:h|g|giờ|:) ?(?:[0-9]{2})?(?: ?phút| ?')?(?: (?:sáng|trưa|chiều|tối))?(?:,? (?:của|vào))?"
_STEP = re.compile(
    r"(?:\b(?:(?:trong|hết) giờ (?:hành chính|làm việc)(?: của)?|ngày mai|hôm nay|cả|ngày|thời điểm|(?<!bỏ )(?<!hủy )mốc|mùng|mồng|(?<!tuần )thứ (?:hai|ba|tư|năm|sáu|bảy|[2-7])|chủ nhật|giai đoạn|thời kỳ"
    rf")|(?<![0-9]){_HOUR}),?$"
)
LABEL = r"\b(?:hạn|thời gian|tiến độ|hoàn thành|thời điểm|deadline|mốc|ngày)[^:;]{0,30}:"

_NO_CUE = r"(?!(?:trước|đến|tới|trong|hết|chậm|muộn|cuối|vào)\b)[^\W\d]{1,9}"

# (role, the words just before the date), tried in this order.
ROLES = tuple(
    (role, re.compile(rf"(?:{pattern})$"))
    for role, pattern in (
        (Role.PERIOD, r"\b(?:tính|lũy kế|số liệu|dữ liệu|kết quả|tình hình|chốt)(?: tính| chốt)? (?:đến|tới|từ)(?: hết| cuối)?"),
        (Role.CITED, r"(?<!trước )(?<!từ )(?<!sau )(?<!đến )\bngày (?:ban hành|ký|giao|giao việc|nhận|tiếp nhận)(?::| là)?"),
        (Role.FORMER, r"\b(?:gia hạn|lùi|điều chỉnh|kéo dài|dời)\b[^,;:.]{0,40} từ"),
        (Role.FORMER, rf"\bthay (?:vì|cho)(?: (?:thời hạn|hạn|trước|đến|cuối|hết|là)){{0,3}}|\bso với(?: {_NO_CUE}){{0,4}}(?: trước| cuối)?"),
        (Role.FORMER, r"\b(?:hạn|mốc|kế hoạch|thời gian|tiến độ) (?:cũ|trước đây|ban đầu)(?: là|:)?|\b(?:cũ|trước đây|trước kia|ban đầu)(?: là|:)|\b(?:bỏ|hủy|huỷ) (?:thời hạn|hạn|mốc)|(?<!không )(?<!không để )(?<!khi )\b(?:quá|hết|trễ|lỡ) (?:thời )?hạn"),
        (Role.HORIZON, r"\b(?:chỉ tiêu|mục tiêu|tầm nhìn|định hướng)(?: phấn đấu)?(?: đến| tới| trong)?(?: hết| cuối)?"),
        (Role.FROM, r"\btừ đầu|\bbắt đầu(?: từ)?"),
        (Role.VAGUE, r"\b(?:từ|sau) cuối|(?<!bước )(?<!lần )\bđầu|\b(?:giữa|thượng tuần|trung tuần|khoảng)(?: của)?"),
        (Role.VAGUE, r"\b(?:nửa đầu|tuần (?:đầu|giữa|(?:thứ )?(?:[1-5]|nhất|hai|ba|tư)))(?: tiên)?(?: của)?"),
        (Role.WORKING_DAY, r"\bngày làm việc (?:cuối|đầu)(?: cùng| tiên)?(?: của)?"),
        (Role.OCCASION, r"\b(?:nhân |vào )?(?<!trước )dịp"),
        (Role.BY, r"\btrước khi (?:hết|kết thúc)"),
        (Role.AFTER, r"\bsau khi (?:hết|kết thúc)"),
        (Role.BEFORE, r"\btrước (?:thời hạn|hạn(?: cuối| chót)?|thời gian|dịp)"),
        (Role.BY, rf"\bkhông (?:sau|(?:được |thể |vượt |chậm |để ){{0,2}}(?:quá|(?:muộn|chậm|trễ) hơn))|\b(?:chậm|muộn|trễ) nhất|{LABEL}"),
        (Role.AFTER, r"\bsau|\bkhông (?:sớm hơn|trước)|\bsớm nhất(?: là| vào| từ)?"),
        (Role.BEFORE, r"\btrước"),
        (Role.FROM, r"\btừ"),
        (Role.BY, r"\b(?:đến|tới|sang|(?<!hoàn )(?<!khánh )thành|hết|trong(?: phạm vi)?|vào|là|nội|kịp|deadline|kết thúc|(?:(?:(?:nửa|ngày|tuần|tháng) )?cuối(?: cùng)?|hạ tuần)(?: của)?)"),
        (Role.BY, r"\b(?:thời )?hạn(?: cuối| chót| nộp| hoàn thành)?"),
    )
)  # fmt: skip
_WINDOW = 240  # letters looked at before a date: longer than a document's title, short enough to stay linear
_NEAR = 60  # the governing words themselves


def governing_words(words: str, start: int) -> Cue:
    """The cue of the date that begins at `start`."""
    offset = max(0, start - _WINDOW)
    tail = words[offset:start].rstrip(" (")
    hour = 0
    while match := _STEP.search(tail, max(0, len(tail) - _NEAR)):
        hour = int(match["hour"] or hour)
        tail = tail[: match.start()].rstrip(" (")
    for role, pattern in ROLES:
        if match := pattern.search(tail, max(0, len(tail) - _NEAR)):
            # "trước 17 giờ ngày 15/11": the day itself is in time
            governing = Role.BY if role is Role.BEFORE and hour else role
            before = tail[: match.start()].rstrip(" (")
            return Cue(
                governing, match[0], before, tail, offset, offset + _chain_start(tail, match.start(), role)
            )
    stepped = words[offset + len(tail) : start]
    return Cue(Role.BARE, "", tail, tail, offset, start - len(stepped.lstrip(" (")))


_CHAINED = re.compile(
    r"(?:\b(?:(?:chậm|muộn|trễ) nhất|không quá|là|vào|đến|tới|hết|cuối|trong|thời hạn|hạn|kịp|ngay|cho|nội),? ?)$"
)
_CHAINED_BEFORE = re.compile(
    r"(?:\b(?:(?:chậm|muộn|trễ) nhất|không quá|là|đến|tới|thời hạn|hạn|kịp|ngay),? ?)$"
)


def _chain_start(tail: str, start: int, role: Role) -> int:
    """Chậm nhất đến hết tháng 02/2026: the offset of the first of several governing words."""
    if role is Role.FROM:  # "trong từ tháng 9/2025" is no start
        return start
    chained = _CHAINED_BEFORE if role is Role.BEFORE else _CHAINED  # "trong trước tháng 9/2025" has two cues
    while match := chained.search(tail, max(0, start - len("chậm nhất, ") - 2), start):
        start = match.start()
    return start
