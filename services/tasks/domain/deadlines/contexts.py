"""Contexts in which a date is no deadline: a name, a cited document, a report's period, an event, a thing done."""

import re
from typing import NamedTuple

from services.tasks.domain.deadlines.cues import LABEL, Role
from services.tasks.domain.deadlines.flags import DeadlineKind
from services.tasks.domain.deadlines.forms import Written
from services.tasks.domain.deadlines.marks import DOCUMENT, OWNED

COMPLETION = r"\b(?:hoàn thành|hoàn tất|xong|kết thúc|khánh thành)"
_COMPLETES = re.compile(rf"{COMPLETION}\b[^,;:.(\ue000]{{0,60}}$")
_COMPLETED = re.compile(rf"{COMPLETION}$")
_CLAUSE_START = re.compile(r"(?:^|[;.:])$")
_LABELLED = re.compile(rf"{LABEL}$")
_ALONE = re.compile(r" ?(?:$|[.;)])")
_REPORTED = re.compile(
    r"\b(?:báo cáo|số liệu|tình hình|kết quả|dự toán|kế hoạch|chương trình|lương|kinh phí|giao ban)"
    r"(?: (?:kết quả|tình hình|thực hiện|triển khai|công tác|hoạt động|số liệu|của|kỳ|đề án|dự án|sơ kết|tổng kết)){0,4}"
    rf"(?: (?:đề án|dự án|giai đoạn|đợt|kỳ) {OWNED}{{1,9}})?$"
)
_TITLED = re.compile(
    r"\b(?:chiến lược|chương trình|đề án|quy hoạch|kế hoạch|dự án|nghị quyết|định hướng|tầm nhìn|lộ trình|khung|ứng dụng)\b"
)
_TARGET = re.compile(r"\b(?:mục tiêu|chỉ tiêu|tầm nhìn)\b")
_PAPER = (
    r"(?:nghị quyết|nghị định|quyết định|thông tư|thông báo|chỉ thị|công điện|công văn|kết luận|luật|pháp lệnh"
    r"|hiến pháp|quy định|quy chế|kế hoạch|tờ trình|văn bản|hướng dẫn|qđ|nq|tb|cv)"
)
_CITING = re.compile(
    rf"\b{_PAPER}(?: kết luận| chỉ đạo| thanh tra| kiểm tra)?(?: số)?(?: (?:[0-9]{{1,6}}(?:/[0-9]{{4}})?|{OWNED}{{1,9}}))?"
    r"(?: (?:đã |được ){0,2}(?:của|tại|do|ban hành|ký|cuộc họp|phiên họp|hội nghị|buổi làm việc)\b[^;:]{0,90})?,?$"
)
# theo chỉ đạo ngày 15/9/2025, ý kiến tại phiên họp ngày 15/9/2025
_STATED_AT = re.compile(
    r"(?:\b(?:tại|theo|căn cứ|từ) (?:các )?(?:báo cáo|chỉ đạo|ý kiến|kết quả (?:họp|kiểm tra|làm việc|giám sát))"
    r"|\b(?:ý kiến|kết luận|chỉ đạo|phát biểu|nêu) tại(?: [^\W\d]{1,9}){1,6}"
    r"|\b(?:biên bản|giấy mời|buổi làm việc|biên bản làm việc|phiên bản|mẫu ban hành)|^(?:ý kiến|điện|tờ trình))$"
)
_NUMBERED = re.compile(rf"\b(?:{_PAPER}|số)(?: số)?$")
_IN_FORCE = re.compile(rf"{DOCUMENT}[^,;:]{{0,60}}\bhiệu lực(?: thi hành)?(?: kể)?$")

# Luật Dữ liệu có hiệu lực từ ngày 01/7/2025: a statement, not a demand
_FORCE_STATED = re.compile(
    rf"(?:^|[,;:.] ?|\b(?:do|vì|khi) )(?:các )?{_PAPER}(?: (?!(?:phải|cần|bảo|đảm|để)\b)[^\W\d]{{1,9}}){{0,9}}"
    r"(?: có)? hiệu lực(?: thi hành)?(?: kể)?$"
)

HAPPENING = (
    r"(?:kỳ họp|phiên họp|cuộc họp|buổi họp|đại hội|hội nghị|hội thảo|diễn đàn|lễ|ngày hội|bầu cử|khai giảng|khai mạc|bế mạc"
    r"|tổng tuyển cử|kỳ thi|tết|sáp nhập|hợp nhất|mùa mưa|mùa bão|mùa lũ)"
)
_TURNS = r"(?:không|chưa|hoặc|trừ|nếu|sau|trước|tháng|năm(?! học)|quý|tuần|đã|từ|đến|tới|giữa|khoảng|gần|quá|ít|tối|mỗi|sớm|muộn)"
# on a known day: trước ngày Quốc khánh, trước ngày Luật có hiệu lực
_STARTS_OF = (
    r"(?:(?:lễ )?quốc khánh|giải phóng|thành lập|khánh thành|khởi công|ký kết|công bố|vận hành|bắt đầu|kết thúc|tổ chức|họp"
    r"|chuyển đổi số|toàn quốc|nhà giáo|tựu trường|nhập học|(?:luật|nghị định|nghị quyết|thông tư|quyết định)\b[^,;:.()0-9]{0,60} hiệu lực)"
)
_GAP = r"[^,;:.()0-9\ue000\ue001\ue003-\ue005]"
_OCCASION = re.compile(
    r"\b(?:chào mừng|hưởng ứng|(?<!lễ )(?<!tổ chức )kỷ niệm|dịp)\b[^,;:.()\ue000-\uf8ff]{0,80}$"
)
_PREPARED = re.compile(
    rf"\b(?:phục vụ|chuẩn bị)\b[^,;:.()0-9\ue000-\uf8ff]{{0,40}}\b{HAPPENING}\b[^,;:.()0-9]{{0,40}}$"
)
# trước lễ khai giảng 05/9/2025, trước ngày bầu cử 15/3/2026, trước khi Luật có hiệu lực (01/7/2025)
_AROUND_EVENT = re.compile(
    rf"\b(?P<cue>trước|sau|từ)(?: các| mỗi| dịp)? (?:khi|(?:(?:ngày|lúc|thời điểm) )?(?:{HAPPENING}|{_STARTS_OF}))\b(?:(?!\b{_TURNS}\b){_GAP}){{0,80}}$"
)
_EVENT_NAME = re.compile(rf"\b{HAPPENING}(?: [^\W\d]{{1,9}}){{0,5}}$")
_SITTING = re.compile(
    r"\bphiên họp(?: (?:thường kỳ|chuyên đề|chính phủ|ubnd|của|tỉnh|thành phố|thường trực)){0,4}$"
)  # of that month, held whenever
_ABOUT = {"trước": Role.BEFORE, "sau": Role.AFTER, "từ": Role.FROM}
_PART_OF_YEAR = frozenset({"cuối", "đầu", "giữa"})
# ..., Chính phủ đã ban hành 112 Nghị định: a report of what was done
_DUTIES = r"phải|cần|hoàn thành|thực hiện|xử lý|trình|rà soát|cập nhật|tổ chức|xây dựng|gửi|báo cáo|triển khai|khắc phục|đưa"
_DONE = re.compile(
    rf"(?:,|:)(?: (?!(?:{_DUTIES})\b)[^\W\d]{{1,9}}){{1,8}} đã (?!được|có|giao|đề|ban hành tại)\w"
)

# Ngày 15/10/2025, Thủ tướng yêu cầu hoàn thành ...: the day of the demand
_DEMANDED = re.compile(
    r",?(?: [^\W\d]{1,9}){1,14}? (?:yêu cầu|chỉ đạo|kết luận|giao|đề nghị|ký|ban hành|có (?:công văn|văn bản|ý kiến)|thông báo|phát biểu|đã)\b"
)


def completes(before: str, word: str) -> bool:
    """True where "hoàn thành" or its like precedes the governing words in their clause, or these are a label."""
    return word.endswith(":") or _COMPLETES.search(before) is not None


def is_narrated(words: str, end: int) -> bool:
    """True where the words after `end` report a thing that was done."""
    return _DONE.match(words, end) is not None


_OF_FIGURES = re.compile(
    r"\b(?:số liệu|dữ liệu|thống kê|kỳ báo cáo)(?: được)?(?: tính| lấy| chốt| tổng hợp| báo cáo)?:?$"
)


# thời điểm chốt số liệu 31/12/2025
_FIGURES_OF = re.compile(
    r"\b(?:chốt|(?:mốc|lấy|kỳ|thời điểm|chốt) (?:số liệu|dữ liệu|thống kê|báo cáo))(?: là)?$"
)


def is_of_figures(before: str) -> bool:
    """Thời gian chốt số liệu: từ 15/12/2024 đến 14/6/2025."""
    return _OF_FIGURES.search(before) is not None


def is_in_force(before: str, word: str) -> bool:
    """The day on which a cited document was made, or from which it holds."""
    return (word == "vào" and is_cited(before)) or _IN_FORCE.search(before) is not None


def is_force_stated(before: str) -> bool:
    return _FORCE_STATED.search(before) is not None


_PART = re.compile(
    rf"^(?:hoàn thành |triển khai |thực hiện )?(?:giai đoạn|đợt|lần|bước|vòng|phần|nhóm) {OWNED}{{1,9}},?$"
)
_PUBLISHED = re.compile(rf"\bcông bố kết quả (?:đợt|vòng|giai đoạn|kỳ) {OWNED}{{1,9}}$")
_SUMMED_UP = re.compile(r"\b(?:sơ kết|tổng kết)$")  # of a quarter or year; in a month
_DONE_IN = re.compile(r"(?:,|\b(?:trình|phê duyệt|thông qua|nghiệm thu|khánh thành|tổng kết|bàn giao))$")


class Place(NamedTuple):
    """The role of a date by its place; `at`: the offset, in the text before it, of the words that give the role."""

    role: Role
    governed: bool
    at: int | None = None


def bare_role(words: str, written: Written, tail: str) -> Place:
    """A date with no governing word: a deadline by its place, of an event, or part of a name."""
    if _COMPLETED.search(tail) or _PART.match(tail):
        return Place(Role.BARE, governed=True)
    if "y1" in written.numbers:
        whole = tail == "" and written.end == len(words)
        return Place(Role.BARE if whole else Role.PERIOD, governed=whole)
    if _CLAUSE_START.search(tail):
        if written.kind is DeadlineKind.DATE and _DEMANDED.match(words, written.end):
            return Place(Role.CITED, governed=False)
        alone = _ALONE.match(words, written.end) is not None
        return Place(Role.BARE, governed=alone or written.kind is not DeadlineKind.DATE)
    if occasion := _occasion(written, tail):
        return Place(Role.OCCASION, governed=False, at=occasion.start())
    return _around_event(written, tail) or Place(_name_role(words, written, tail), governed=False)


def _occasion(written: Written, tail: str) -> re.Match[str] | None:
    """Chào mừng Quốc khánh 02/9/2025, chuẩn bị Hội nghị ngày 15/9/2025: the day of an event, not a deadline."""
    if written.kind is DeadlineKind.DATE and (prepared := _PREPARED.search(tail)):
        return prepared
    return _OCCASION.search(tail) if written.kind in {DeadlineKind.DATE, DeadlineKind.MONTH} else None


def _around_event(written: Written, tail: str) -> Place | None:
    if match := _AROUND_EVENT.search(tail):
        role = _ABOUT[match["cue"]]
        if written.kind is DeadlineKind.DATE or role is Role.AFTER:
            return Place(role, governed=True, at=match.start())
        return Place(Role.EVENT, governed=False)  # some day of that month
    if written.kind is DeadlineKind.MONTH and _SITTING.search(tail):
        return Place(Role.EVENT, governed=False)
    if written.kind is DeadlineKind.YEAR and _EVENT_NAME.search(tail):
        return Place(Role.EVENT, governed=False)
    return None


def is_year_of_event(written: Written, word: str, before: str) -> bool:
    """Kỳ họp cuối năm 2025."""
    return (
        written.kind is DeadlineKind.YEAR and word in _PART_OF_YEAR and _EVENT_NAME.search(before) is not None
    )


def _name_role(words: str, written: Written, tail: str) -> Role:
    """Inside a clause: the name or object that the date belongs to, if there is one."""
    if _FIGURES_OF.search(tail):
        return Role.PERIOD
    if "d" in written.numbers:
        demanded = _EVENT_NAME.search(tail) and _DEMANDED.match(words, written.end)
        return Role.CITED if demanded or is_cited(tail) else Role.BARE
    if is_month_number(words, written) and _NUMBERED.search(tail):
        return Role.CITED
    named = written.kind is DeadlineKind.YEAR and not _DONE_IN.search(tail)
    summed_up = written.kind is not DeadlineKind.MONTH and _SUMMED_UP.search(tail)
    reported = _REPORTED.search(tail) and not _PUBLISHED.search(tail)
    return Role.PERIOD if named or summed_up or reported else Role.BARE


def is_month_number(words: str, written: Written) -> bool:
    """Written 5/2025, without "tháng"."""
    return written.kind is DeadlineKind.MONTH and words[written.start].isdigit()


def is_cited(before: str) -> bool:
    """The day is that of a document named before it in the same sentence."""
    sentence = re.split(r"[;:]|\. ", before)[-1]
    numbered = sentence.rpartition(DOCUMENT)
    if numbered[1] and not re.search(COMPLETION, numbered[2]):
        return True
    return _CITING.search(sentence) is not None or _STATED_AT.search(sentence) is not None


def is_horizon(written: Written, word: str, before: str) -> bool:
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
