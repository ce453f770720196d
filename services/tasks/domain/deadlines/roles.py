"""What the words before a day or period make of it: a table of governing words, and the names that hide dates."""

import re
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.tasks.domain.deadlines.flags import DeadlineFlag, DeadlineKind
from services.tasks.domain.deadlines.forms import MONTHS, Written, find_written, is_range, linked
from services.tasks.domain.deadlines.words import DOCUMENT


class Role(StrEnum):
    BEFORE = "before"
    BY = "by"
    FROM = "from"
    BARE = "bare"
    AFTER = "after"
    VAGUE = "vague"
    HORIZON = "horizon"
    CITED = "cited"
    PERIOD = "period"
    FORMER = "former"


IGNORED = {
    Role.HORIZON: DeadlineFlag.HORIZON_IGNORED,
    Role.CITED: DeadlineFlag.CITATION_IGNORED,
    Role.PERIOD: DeadlineFlag.PERIOD_IGNORED,
    Role.FORMER: DeadlineFlag.PERIOD_IGNORED,
}
_PROBLEMS = {Role.AFTER: DeadlineFlag.AFTER_ONLY, Role.VAGUE: DeadlineFlag.VAGUE_PART}


@dataclass(frozen=True, slots=True)
class Mention:
    """A written day or period with its role.

    days: first and last, or why there is none.
    governed: the words before it, or its place, make it a deadline.
    completes: "hoàn thành" or its like stands in the same clause before it.
    """

    written: Written
    role: Role
    days: tuple[date, date] | DeadlineFlag
    governed: bool = True
    completes: bool = False


_HOUR = r"(?P<hour>[0-9]{1,2}) ?(?:h|g|giờ|:) ?(?:[0-9]{2})?(?: ?phút)?(?: (?:sáng|trưa|chiều|tối))?"
_STEP = re.compile(
    r"(?:\b(?:ngày|thời điểm|mốc|mùng|mồng|thứ (?:hai|ba|tư|năm|sáu|bảy|[2-7])|chủ nhật|giai đoạn|thời kỳ"
    rf")|(?<![0-9]){_HOUR}),?$"
)
_LABEL = r"\b(?:hạn|thời gian|tiến độ|hoàn thành|thời điểm|deadline|mốc|ngày)[^:;]{0,30}:"

# (role, the words that stand just before the date), asked in this order.
ROLES = tuple(
    (role, re.compile(rf"(?:{pattern})$"))
    for role, pattern in (
        (Role.PERIOD, r"\b(?:tính|lũy kế|số liệu|dữ liệu|kết quả|tình hình)(?: tính)? (?:đến|tới|từ)(?: hết| cuối)?"),
        (Role.FORMER, r"\b(?:gia hạn|lùi|điều chỉnh|kéo dài|dời)\b[^,;:.]{0,40} từ"),
        (Role.HORIZON, r"\b(?:chỉ tiêu|mục tiêu|tầm nhìn|định hướng)(?: phấn đấu)?(?: đến| tới| trong)?(?: hết| cuối)?"),
        (Role.FROM, r"\btừ đầu|\bbắt đầu(?: từ)?"),
        (Role.VAGUE, r"\b(?:từ|sau) cuối|(?<!bước )(?<!lần )\bđầu|\b(?:giữa|thượng tuần|trung tuần|khoảng)(?: của)?"),
        (Role.VAGUE, r"\b(?:nửa (?:đầu|cuối)|tuần (?:đầu|giữa|(?:thứ )?(?:[1-5]|nhất|hai|ba|tư)))(?: tiên)?(?: của)?"),
        (Role.BY, rf"\bkhông (?:sau|quá|muộn hơn|chậm hơn|trễ hơn|để quá)|\b(?:chậm|muộn|trễ) nhất|{_LABEL}"),
        (Role.AFTER, r"\bsau|\bkhông (?:sớm hơn|trước)|\bsớm nhất(?: là| vào| từ)?"),
        (Role.BEFORE, r"\btrước"),
        (Role.FROM, r"\btừ"),
        (Role.BY, r"\b(?:đến|tới|sang|(?<!hoàn )thành|hết|trong(?: phạm vi)?|vào|là|nội|kịp|kết thúc|(?:cuối(?: cùng)?|hạ tuần)(?: của)?)"),
        (Role.BY, r"\b(?:thời )?hạn(?: cuối| chót| nộp| hoàn thành)?"),
    )
)  # fmt: skip

_COMPLETION = r"\b(?:hoàn thành|hoàn tất|xong|kết thúc)"
_COMPLETES = re.compile(rf"{_COMPLETION}\b[^,;:.(\ue000]{{0,60}}$")
_CLAUSE_START = re.compile(r"(?:^|[;.:])$")
_LABELLED = re.compile(rf"{_LABEL}$")
_COMPLETED = re.compile(rf"{_COMPLETION}$")
_ALONE = re.compile(r" ?(?:$|[.;)])")
_REPORTED = re.compile(
    r"\b(?:báo cáo|số liệu|tình hình|kết quả|sơ kết|tổng kết|dự toán|kế hoạch|chương trình|lương|kinh phí|giao ban)"
    r"(?: (?:kết quả|tình hình|thực hiện|triển khai|công tác|hoạt động|số liệu|của|kỳ)){0,4}$"
)
_TITLED = re.compile(
    r"\b(?:chiến lược|chương trình|đề án|quy hoạch|kế hoạch|dự án|nghị quyết|định hướng|tầm nhìn|lộ trình|khung)\b"
)
_TARGET = re.compile(r"\b(?:mục tiêu|chỉ tiêu|tầm nhìn)\b")
_PAPER = (
    r"(?:nghị quyết|nghị định|quyết định|thông tư|thông báo|chỉ thị|công điện|công văn|kết luận|luật|pháp lệnh"
    r"|hiến pháp|quy định|quy chế|kế hoạch|tờ trình|văn bản|hướng dẫn|qđ|nq|tb|cv)"
)
_CITING = re.compile(
    rf"\b{_PAPER}(?: kết luận| chỉ đạo)?(?: số)?(?: [0-9]{{1,6}}(?:/[0-9]{{4}})?)?"
    r"(?: (?:đã |được ){0,2}(?:của|tại|do|ban hành|ký)\b[^;:]{0,90})?,?$"
)
_NUMBERED = re.compile(rf"\b(?:{_PAPER}|số)(?: số)?$")
_LUNAR = re.compile(r" ?\(?(?:âm lịch|al)\b")
_IN_FORCE = re.compile(rf"{DOCUMENT}[^,;:]{{0,60}}\bhiệu lực(?: thi hành)?(?: kể)?$")
_WINDOW = 240  # letters looked at before a date: longer than a document's title, short enough to stay linear
_NEAR = 60  # the governing words themselves


def find_mentions(words: str) -> list[Mention]:
    """Every day and period of the normalised text, in order, each with its role; ranges are joined."""
    mentions: list[Mention] = []
    for written in find_written(words):
        mention = _place(words, written)
        if mention is None:
            continue
        left = mentions[-1] if mentions and mentions[-1].role is not Role.FORMER else None
        if left and is_range(words, left.written.end, written.start) and left.written.kind is written.kind:
            mentions[-1] = _join(left, mention)
            continue
        if left and mention.role in {Role.BARE, Role.PERIOD} and linked(words, left.written, written):
            mention = replace(mention, role=left.role, governed=left.governed, completes=left.completes)
        mentions.append(mention)
    return mentions


def _join(left: Mention, right: Mention) -> Mention:
    """Từ A đến B: one period."""
    days: tuple[date, date] | DeadlineFlag
    if isinstance(left.days, DeadlineFlag) or isinstance(right.days, DeadlineFlag):
        days = next(days for days in (left.days, right.days) if isinstance(days, DeadlineFlag))
    else:
        days = (left.days[0], right.days[1])
        if days[0] > days[1]:
            days = DeadlineFlag.INVALID_DATE
    written = replace(right.written, start=left.written.start)
    role = left.role if left.role in IGNORED else Role.BY
    return Mention(written, role, days, left.governed or right.governed, left.completes)


def _place(words: str, written: Written) -> Mention | None:
    """The mention with its role; None for a number that is no month after all (57/2024)."""
    tail, hour = _governing_words(words, written.start)
    role, word = Role.BARE, ""
    before = tail
    for candidate, pattern in ROLES:
        if match := pattern.search(tail, max(0, len(tail) - _NEAR)):
            role, word, before = candidate, match[0], tail[: match.start()].rstrip(" (")
            break
    if role is Role.BEFORE and hour:
        role = Role.BY  # "trước 17 giờ ngày 15/11": the day itself is in time
    completes = word.endswith(":") or _COMPLETES.search(before) is not None
    governed = role is not Role.BARE
    if role is Role.BARE:
        role, governed = _bare_role(words, written, tail)
        if role is Role.BARE and _is_month_number(words, written) and not 1 <= written.numbers["m"] <= MONTHS:
            return None
    elif written.kind is DeadlineKind.DATE and (
        (word == "vào" and _is_cited(before)) or _IN_FORCE.search(before)
    ):
        role = Role.CITED
    elif written.kind is DeadlineKind.YEAR and _is_horizon(written, word, before):
        role = Role.HORIZON
    if role is Role.FROM and "y1" in written.numbers:
        role = Role.BY
    lunar = DeadlineFlag.AMBIGUOUS if _LUNAR.match(words, written.end) else None
    return Mention(written, role, _PROBLEMS.get(role) or lunar or written.days, governed, completes)


def _governing_words(words: str, start: int) -> tuple[str, int]:
    """What stands before the date without "ngày", weekdays and hours; and the hour, where one stands."""
    tail = words[max(0, start - _WINDOW) : start].rstrip(" (")
    hour = 0
    while match := _STEP.search(tail, max(0, len(tail) - _NEAR)):
        hour = int(match["hour"] or hour)
        tail = tail[: match.start()].rstrip(" (")
    return tail, hour


def _bare_role(words: str, written: Written, tail: str) -> tuple[Role, bool]:
    """A date with no governing word: a deadline by its place, or part of a name."""
    if _COMPLETED.search(tail):
        return Role.BARE, True
    if "y1" in written.numbers:
        whole = (written.start, written.end) == (0, len(words))
        return (Role.BARE, True) if whole else (Role.PERIOD, False)
    if _CLAUSE_START.search(tail):
        alone = _ALONE.match(words, written.end) is not None
        return Role.BARE, alone or written.kind is not DeadlineKind.DATE
    return _name_role(words, written, tail), False


def _name_role(words: str, written: Written, tail: str) -> Role:
    """Inside a clause: the name or object that the date belongs to, if there is one."""
    if written.kind is DeadlineKind.DATE:
        return Role.CITED if _is_cited(tail) else Role.BARE
    if _is_month_number(words, written) and _NUMBERED.search(tail):
        return Role.CITED
    return Role.PERIOD if written.kind is DeadlineKind.YEAR or _REPORTED.search(tail) else Role.BARE


def _is_month_number(words: str, written: Written) -> bool:
    """Written 5/2025, without "tháng"."""
    return written.kind is DeadlineKind.MONTH and words[written.start].isdigit()


def _is_cited(before: str) -> bool:
    """The day is that of a document named before it in the same sentence."""
    sentence = re.split(r"[;:]|\. ", before)[-1]
    numbered = sentence.rpartition(DOCUMENT)
    if numbered[1] and not re.search(_COMPLETION, numbered[2]):
        return True
    return _CITING.search(sentence) is not None


def _is_horizon(written: Written, word: str, before: str) -> bool:
    """Đến năm 2030: in the name or the target of a strategy, and not after "hoàn thành" or a comma."""
    if word not in {"đến", "tới"} and "y1" not in written.numbers:
        return False
    if _COMPLETED.search(before) or _LABELLED.search(before):
        return False
    sentence = before.rpartition(";")[2]
    if _TARGET.search(sentence):
        return True
    return (
        not before.endswith(",") and _TITLED.search(re.split(r"[:.]", sentence.rstrip(":"))[-1]) is not None
    )
