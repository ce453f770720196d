"""Phrases that carry no date of their own: events, standing duties, open ends, conditions, references, haste.

A new phrase is added to the table of its meaning; every table is matched on the text that `normalise` gives.
"""

import re

from services.tasks.domain.deadlines.flags import DeadlineKind
from services.tasks.domain.deadlines.marks import OPEN_END, blank

_MEETING = (
    r"(?:kỳ họp|phiên họp|đại hội|hội nghị trung ương|hội nghị lần thứ|tết|lễ|bầu cử|ngày bầu cử|khai giảng|ngày khai giảng"
    r"|kỳ thi|mùa (?:mưa|bão|khô|lũ)|năm học mới|dịp)"
)
# Kinds of texts without a date, in the order in which they are tried.
_EVENT = re.compile(
    r"\bkỳ họp (?:thứ|thường lệ|gần nhất|tiếp theo|tới|cuối năm|giữa năm|chuyên đề|bất thường|quốc hội|hội đồng|hđnd)"
    rf"|\b(?:tại|trước|sau|đến|trong|kịp|ngay sau|phục vụ)(?: các| mỗi| thềm)? {_MEETING}\b"
    r"|\bcùng (?:thời điểm|lúc|thời gian)\b|\bđồng thời với\b"
    r"|\btừ (?:ngày|khi|thời điểm) (?![0-9])|\bngay (?:sau )?khi\b|\bngay sau (?:khi|hội nghị|phiên|cuộc|lễ)\b"
)
_NOT_A_DUTY = "".join(
    f"(?<!{word} )"
    for word in (
        "chi",
        "vốn",
        "kinh phí",
        "ngân sách",
        "nguồn",
        "giáo dục",
        "đào tạo",
        "không",
        "dự toán",
        "tự chủ",
    )
)
_STANDING = re.compile(
    rf"{_NOT_A_DUTY}\bthường xuyên\b|(?:^|\b(?:thực hiện|triển khai|duy trì|cập nhật) )liên tục\b"
)
# "Thường xuyên, từ năm 2026": a clause of its own, not "thường xuyên rà soát, hoàn thành trước ..."
STANDING_CLAUSE = re.compile(
    r"(?:^|[:,;(] ?|\bthực hiện )thường xuyên(?:,? (?:và )?(?:liên tục|kịp thời|hằng năm|lâu dài)){0,2} ?(?=$|[,;.:)(]|\b(?:từ|kể từ|bắt đầu|trong|đến|cho đến|giai đoạn|năm)\b)"
)
_CONDITION = re.compile(
    r"\b(?:sau|trước|đến|tới) khi\b|^khi \w|\bkhi (?:có|được|luật|nghị định|nghị quyết|cấp có thẩm quyền)\b"
    r"|^(?:nếu|tùy|tuỳ|sau) \w"
)
_PLAN = (
    r"(?:lộ trình|tiến độ|thời hạn|thời gian(?! thực)|chương trình lập pháp|chương trình công tác|chương trình làm việc"
    r"|chương trình xây dựng luật)"
)
_PAPER = (
    r"(?:quyết định|nghị quyết|nghị định|kế hoạch|chương trình|đề án|dự án|yêu cầu|quy định|thông báo|thông tư|hướng dẫn"
    r"|chỉ đạo|luật|phê duyệt|văn bản|hợp đồng|ý kiến|kết luận|đề nghị|phân công|chỉ thị|công điện|công văn)"
)
_REFERENCE = re.compile(
    rf"\btheo (?:đúng )?(?:các )?{_PLAN}\b"
    rf"|(?:^|: ?|^(?:thực hiện|hoàn thành|triển khai) )theo (?:đúng )?(?:các )?{_PAPER}\b"
    r"|\btheo (?:đúng )?(?:quyết định phê duyệt|kế hoạch (?:đã|được|đề ra|chung))\b"
)
_KINDS = (
    (_EVENT, DeadlineKind.EVENT),
    (_STANDING, DeadlineKind.STANDING),
    (_CONDITION, DeadlineKind.EVENT),
    (_REFERENCE, DeadlineKind.REFERENCE),
)
_AWAITED = re.compile(
    r"\bkhi\b|^(?:nếu|tùy|tuỳ)\b|\bđược [^,;.]{0,30}(?:phê duyệt|thông qua|ban hành|chấp thuận|đồng ý)\b"
)


def undated_kind(words: str) -> tuple[DeadlineKind, bool] | None:
    """The kind of a text without a date, with True where it awaits a condition; None for no kind."""
    kind = next((kind for pattern, kind in _KINDS if pattern.search(words)), None)
    if kind is None:
        return None
    return kind, kind is not DeadlineKind.STANDING and _AWAITED.search(words) is not None


_MONTH_OF = r"(?: ?(?:của )?(?:tháng|quý|năm) (?:này|sau|nay|báo cáo|thuộc kỳ báo cáo|liền kề|hiện tại|cuối quý|cuối kỳ)| của kỳ báo cáo)"
# tính từ ngày 15 tháng trước đến ngày 14 của tháng thuộc kỳ báo cáo: a window of figures
_FIGURES = re.compile(
    r"\b(?:(?:số liệu|dữ liệu|kỳ số liệu|thời gian lấy số liệu|thời gian chốt số liệu)?(?: được)? ?(?:tính|lấy|chốt|tổng hợp) )?"
    r"từ (?:ngày )?[0-9]{1,2} (?:của )?(?:tháng|quý|năm) (?:trước|liền trước)(?: liền kề| đó)?[^,;.]{0,20}? (?:đến|tới)(?: hết)? (?:ngày )?[0-9]{1,2}"
    rf"{_MONTH_OF}?"
    r"|\b(?:tính|chốt|lấy) (?:số liệu )?từ (?:ngày )?[0-9]{1,2}(?![0-9/.-])[^,;.]{0,20}? (?:đến|tới)(?: hết)? (?:ngày )?[0-9]{1,2}(?![0-9/.-])"
    rf"{_MONTH_OF}?"
)


def take_figures(words: str) -> str:
    """The text without the windows of its figures."""
    return blank(words, [match.span() for match in _FIGURES.finditer(words)])


# Năm 2026 và các năm tiếp theo; từ năm 2025 trở đi; Quý III/2025 và thường xuyên; đến khi hoàn thành
_OPEN_END = re.compile(
    r"\btrở (?:đi|về sau)\b"
    r"|(?:\bvà|\bcùng|,)(?: tiếp tục| duy trì| thực hiện| triển khai){0,2}(?: trong| cho| ở)?(?: các| những)"
    r" (?:năm|quý|tháng|kỳ|giai đoạn|năm học) (?:tiếp theo|sau|kế tiếp|tới|tiếp sau|về sau)(?: đó| nữa)?\b"
    r"|(?:\bvà|,)(?: tiếp tục| duy trì| thực hiện| triển khai){0,2} thường xuyên(?:,? (?:liên tục|hằng năm))?(?= ?(?:$|[,.;)]))"
    r"|\b(?:cho )?(?:đến|tới) khi (?:hoàn thành|kết thúc|xong|hết (?:nhiệm vụ|hiệu lực)|có (?:văn bản|quy định|hướng dẫn|thông báo|chỉ đạo))[^,;.]{0,30}"
)


def take_open_end(words: str) -> tuple[str, bool]:
    """The text without the words of an open end; True where there were any."""
    spans = [match.span() for match in _OPEN_END.finditer(words)]
    return blank(words, spans, OPEN_END), bool(spans)


# "this", "next": of the day on which it was written, which is not in the sentence.
RELATIVE = re.compile(
    r"\b(?:tháng|quý|tuần|ngày|năm) (?:này|tới|sau|tiếp theo|kế tiếp|liền kề)\b|\b(?:hôm nay|ngày mai)\b"
)
URGENT = re.compile(
    r"\bkhẩn trương\b|\bkhẩn\b|\bsớm\b|\bngay\b|\bkịp thời\b|\bnhanh chóng\b|\bgấp\b|\bhỏa tốc\b|\bđẩy nhanh\b|\btức thì\b"
)
