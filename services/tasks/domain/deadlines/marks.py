"""Parts that are taken out of a text before its dates are looked for: each kind leaves a mark of its own, letter for letter."""

import re

USED = "\ue000"  # replaces each letter already understood, so that no later pattern reads it again
DOCUMENT = "\ue001"  # a document's number: a bare day after one is the day of that document
OWNED = "\ue002"  # a number that belongs to the noun before it: Đề án 06, Đợt 1
DURATION = "\ue003"
RECURRENCE = "\ue004"
OPEN_END = "\ue005"


def blank(text: str, spans: list[tuple[int, int]], filler: str = USED) -> str:
    """The text with each span (in order, apart) filled, every other position unchanged."""
    if not spans:
        return text
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], filler * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


_DOCUMENT_NUMBER = re.compile(
    r"(?<![\w/.-])[a-zđ]{0,5}[0-9]{1,6}[a-z]?(?:/[0-9]{4})?[-/] ?[a-zđ][a-zđ0-9]{0,15}(?:[-/.&][a-zđ0-9]{1,15}){0,4}(?!\w)"
)
# 118/2025/NĐ-CP, 45-TB/TGV, NQ193/2025/QH15, 1552/BTTTT-TTH

_OWNERS = (
    r"đề án|dự án|tiểu dự án|đợt|giai đoạn|lần|phụ lục|phụ biểu|khoản|điều|điểm|mục|chương"
    r"|phần|nhóm|bước|vòng|khóa|khoá|tổ|đội|đoàn|lô|gói thầu|gói|khu|vùng|khu vực|quận|phường|cấp độ|mức độ|mức|cấp|loại"
    r"|hạng|lớp|bậc|tiêu chí|chỉ tiêu|nhiệm vụ|nội dung|biểu|biểu mẫu|mẫu|mẫu số|bảng|tiểu mục|trụ cột|trục|cột|dòng|kỳ"
    r"|học kỳ|tuyến|quốc lộ|đường|vành đai|cảng|nhà máy|tổ máy|phân hệ|phiên bản|hợp phần|tập|quyển|câu|hộp|số"
)
_MEETINGS = "kỳ họp|phiên họp|hội nghị|phiên|đại hội"  # "phiên họp 2 tháng 1": the second, or on the 2nd
_OWNED_NUMBER = re.compile(
    rf"\b(?:(?:{_OWNERS})(?: thứ| số| lần thứ)?|(?:{_MEETINGS}) (?:thứ|lần thứ|số)) "
    r"(?P<number>[0-9]{1,4}(?:(?:-|, ?| và )[0-9]{1,2}(?![0-9/.-]))?(?:/[0-9]{4})?)(?!\w| ?%|[.,/-][0-9]| ?[/-] ?[0-9]| (?:giờ|ngày|tuần|tháng|quý|năm|lần)\b(?! [0-9ivx]))"
)
_A_YEAR = re.compile(r"20[0-9]{2}")


def mask_document_numbers(words: str) -> str:
    return blank(words, [match.span() for match in _DOCUMENT_NUMBER.finditer(words)], DOCUMENT)


def mask_owned_numbers(words: str) -> str:
    """Fills the numbers of Đề án 06, Kỳ họp thứ 10, Phụ lục 3/2025; a year is no such number (giai đoạn 2026-2030)."""
    spans = [m.span("number") for m in _OWNED_NUMBER.finditer(words) if not _A_YEAR.match(m["number"])]
    return blank(words, spans, OWNED)
