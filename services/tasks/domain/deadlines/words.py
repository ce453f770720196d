"""The words of deadline sentences: their normal form, and the phrases that carry no date of their own.

To teach a new phrase, add it to the table of its meaning; every table is matched on the text that `normalise` gives
(NFC, lower case, single spaces). Patterns have bounded repeats only, so reading stays linear in the text's length.
"""

import re
import unicodedata
from datetime import date

from services.tasks.domain.deadlines.flags import DeadlineKind

USED = "\ue000"  # stands for each letter already understood, so that no later pattern reads it again
DOCUMENT = "\ue001"  # the same for document numbers: a bare day after one is the day of that document

# A run of combining marks costs the square of its length in Unicode normalisation; no word carries more than four.
_MARKS = re.compile(r"([^\w\s\x00-\x7f]{4})[^\w\s\x00-\x7f]+")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff\ue000\ue001\x00-\x08\x0e-\x1f]")
_SPACES = re.compile(r"\s+")
_LETTERS = str.maketrans(
    {"–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "−": "-", "⁄": "/", "∕": "/", "ð": "đ"}
)
_SPELLINGS = {"quí": "quý", "qúy": "quý", "kì": "kỳ", "nửa sau": "nửa cuối", "luỹ": "lũy", "uỷ": "ủy"}
_SPELLING = re.compile(rf"\b(?:{'|'.join(_SPELLINGS)})\b")

_NUMBERS = {
    "mười hai": 12, "mười một": 11, "mười": 10, "chín": 9, "tám": 8, "bảy": 7, "bẩy": 7, "sáu": 6,
    "tư": 4, "bốn": 4, "ba": 3, "hai": 2, "một": 1, "giêng": 1, "chạp": 12,
}  # fmt: skip
_SPELT_MONTH = re.compile(rf"(?<![0-9] )\b(tháng|quý)(?: thứ)? ({'|'.join(_NUMBERS)})\b(?! lần)")
# "quý III-IV/2025", "tháng 5 và 6/2025": the unit is said once for both numbers.
_SHARED_UNIT = re.compile(
    r"\b(tháng|quý) ([ivx]{1,4}|[0-9]{1,2}) ?(-|,|và|đến|tới) ?(?=(?:[ivx]{1,4}|[0-9]{1,2}) ?(?:[/,]|năm))"
)
_SHARED_YEARS = re.compile(r"\bnăm ([0-9]{4}) ?(,|và|hoặc) (?=[0-9]{4}(?![0-9]| ?(?:tỉ|tỷ|triệu)))")

# Text typed without any accents: only the words that decide a date are given theirs back.
_UNACCENTED = {
    "(?<=hang )quy": "quý", "hang(?= thang| quý| nam| tuan)": "hằng", "dinh ky": "định kỳ", "ky hop": "kỳ họp",
    "truoc": "trước", "ngay(?= [0-9])": "ngày", "thang": "tháng", "quy(?= [0-9ivx]{1,4}\\b)": "quý", "nam": "năm",
    "cuoi": "cuối", "dau": "đầu", "het": "hết", "den": "đến", "tu(?= [0-9]| ngày)": "từ", "cham nhat": "chậm nhất",
    "muon nhat": "muộn nhất", "hoan thanh": "hoàn thành", "thuong xuyen": "thường xuyên", "giai doan": "giai đoạn",
}  # fmt: skip


# "trước (ngày) 15/11/2025", "(hoàn thành) trong tháng 11/2025": the brackets of a form's optional words
_BRACKETED = re.compile(r"\((ngày|tháng|năm|hoàn thành|ngày,? tháng)\)")


def normalise(text: str, issued_on: date | None = None) -> str:
    """The text as the tables expect it; "năm nay" becomes the year of issue where that is known."""
    words = unicodedata.normalize("NFKC", _MARKS.sub(r"\1", text)).lower().translate(_LETTERS)
    words = _SPACES.sub(" ", _BRACKETED.sub(r"\1", _INVISIBLE.sub("", words))).strip(" \"'“”.,;")
    if words.isascii():
        for plain, accented in _UNACCENTED.items():
            words = re.sub(rf"\b{plain}(?!\w)", accented, words)
    words = _SPELLING.sub(lambda m: _SPELLINGS[m[0]], words).replace("tháng năm năm", "tháng 5 năm")
    words = _SPELT_MONTH.sub(lambda m: f"{m[1]} {_NUMBERS[m[2]]}", words)
    words = _SHARED_YEARS.sub(r"năm \1 \2 năm ", _SHARED_UNIT.sub(r"\1 \2 \3 \1 ", words))
    return words.replace("năm nay", f"năm {issued_on.year:04}") if issued_on else words


def blank(text: str, spans: list[tuple[int, int]], filler: str = USED) -> str:
    """The text with each span (in order, apart) filled, every other position unchanged."""
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], filler * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


_DOCUMENT_NUMBER = re.compile(
    r"(?<![\w/.-])[a-zđ]{0,5}[0-9]{1,6}[a-z]?(?:/[0-9]{4})?[-/] ?[a-zđ][a-zđ0-9]{0,15}(?:[-/.&][a-zđ0-9]{1,15}){0,4}(?!\w)"
)


def mask_document_numbers(words: str) -> str:
    """Fills 118/2025/NĐ-CP, 45-TB/TGV, NQ193/2025/QH15, 1552/BTTTT-TTH."""
    return blank(words, [m.span() for m in _DOCUMENT_NUMBER.finditer(words)], DOCUMENT)


_COUNT = r"(?<![0-9/.-])(?:[0-9]{1,3}|một|hai|ba|bốn|năm|sáu|bảy|tám|chín|mười|mười lăm|hai mươi|ba mươi)(?: \([^)]{1,20}\))?"
_SPAN = rf"{_COUNT} (?:ngày|tuần|tháng|năm|giờ)(?: làm việc)?\b(?! (?:đầu|cuối|ngày|[0-9]))"
_ANCHOR = r"(?:,? (?:kể |tính )?(?:từ|sau)(?: khi)?\b(?: ngày)?(?: [0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4})?)"
_LEAD = r"\b(?:trong(?: vòng| thời hạn| thời gian)?|vòng|thời hạn|không quá|tối đa|(?:chậm|muộn) nhất(?: là)?|sau|trước)"
_HORIZON = re.compile(r"\b(?:trong |những |các )?(?:[0-9]{1,2} )?năm (?:tới|tiếp theo|sắp tới)\b")
_DURATION = re.compile(rf"{_LEAD} {_SPAN}{_ANCHOR}?|\b{_SPAN}{_ANCHOR}")


def take_durations(words: str) -> tuple[str, bool, bool]:
    """The text without "trong 5 năm tới" and "trong vòng 30 ngày kể từ ...", and whether each was there."""
    horizons = [m.span() for m in _HORIZON.finditer(words)]
    words = blank(words, horizons)
    durations = [m.span() for m in _DURATION.finditer(words)]
    return blank(words, durations), bool(horizons), bool(durations)


# What has no date until it is known, in the order in which it is asked.
_EVENT = re.compile(
    r"\bkỳ họp (?:thứ|gần nhất|tiếp theo|tới|cuối năm|giữa năm|chuyên đề|bất thường|quốc hội)"
    r"|\b(?:tại|trước|sau|đến|trong|ngay sau)(?: các| mỗi)? (?:kỳ họp|phiên họp|đại hội|hội nghị trung ương|tết|dịp tết|dịp lễ)\b"
    r"|\bcùng (?:thời điểm|lúc|thời gian)\b|\bđồng thời với\b"
    r"|\btừ (?:ngày|khi|thời điểm) (?![0-9])|\bngay (?:sau )?khi\b"
)
_STANDING = re.compile(
    r"(?<!chi )(?<!vốn )(?<!kinh phí )(?<!ngân sách )(?<!nguồn )(?<!giáo dục )(?<!đào tạo )(?<!không )(?<!dự toán )\bthường xuyên\b"
    r"|(?:^|\b(?:thực hiện|triển khai|duy trì|cập nhật) )liên tục\b"
)
_CONDITION = re.compile(
    r"\b(?:sau|trước|đến|tới) khi\b|^khi \w|\bkhi (?:có|được|luật|nghị định|nghị quyết|cấp có thẩm quyền)\b"
)
_PLAN = r"(?:lộ trình|tiến độ|thời hạn|thời gian(?! thực)|chương trình lập pháp|chương trình công tác|chương trình xây dựng luật)"
_PAPER = r"(?:quyết định|nghị quyết|nghị định|kế hoạch|chương trình|đề án|dự án|yêu cầu|quy định|thông báo|thông tư|hướng dẫn|chỉ đạo|luật|phê duyệt|văn bản|hợp đồng|ý kiến|kết luận)"
_REFERENCE = re.compile(
    rf"\btheo (?:đúng )?(?:các )?{_PLAN}\b"
    rf"|(?:^|: ?|^(?:thực hiện|hoàn thành|triển khai) )theo (?:đúng )?(?:các )?{_PAPER}\b"
    r"|\btheo (?:đúng )?(?:quyết định phê duyệt|kế hoạch (?:đã|được|đề ra|chung))\b"
)
UNDATED_KINDS = (
    (_EVENT, DeadlineKind.EVENT),
    (_STANDING, DeadlineKind.STANDING),
    (_CONDITION, DeadlineKind.EVENT),
    (_REFERENCE, DeadlineKind.REFERENCE),
)
# "this", "next": of the day on which it was written, which the sentence alone does not tell.
RELATIVE = re.compile(r"\b(?:tháng|quý|tuần|ngày) (?:này|tới|sau|tiếp theo)\b|\b(?:hôm nay|ngày mai)\b")
URGENT = re.compile(
    r"\bkhẩn trương\b|\bkhẩn\b|\bsớm\b|\bngay\b|\bkịp thời\b|\bnhanh chóng\b|\bgấp\b|\bhỏa tốc\b|\bđẩy nhanh\b|\btức thì\b"
)
