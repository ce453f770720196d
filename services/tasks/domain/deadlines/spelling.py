"""The normal form of a text: differences of keyboard, font and handwriting are removed.

Lower case, NFC, single spaces, one kind of dash; the words of the grammar spelt alike wherever their tone was put;
words run together taken apart. Letters typed for digits are corrected and flagged. Patterns have bounded repeats only,
so reading stays linear in the text's length.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from shared.text.characters import LOOK_ALIKE


class Normal(NamedTuple):
    """A text as the patterns expect it; `corrected` where letters were typed for digits."""

    words: str
    corrected: bool


# A run of combining marks costs the square of its length in Unicode normalisation; no word carries more than four.
_MARKS = re.compile(r"([^\w\s\x00-\x7f]{4})[^\w\s\x00-\x7f]+")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_SPACES = re.compile(r"\s+")
_BULLET = re.compile(r"^(?:[-+*•·]|[0-9a-z]{1,2}\)) ")
_MIDNIGHT = re.compile(r"(?<=[0-9]{4}-[0-9]{2}-[0-9]{2})[ t]00:00(?::00)?(?![0-9:])")  # a cell's day
_ENDS = " \"'“”.,;"
_LETTERS: Mapping[int, str | int] = {**str.maketrans("–—‐‑‒−⁄∕", "------//"), **LOOK_ALIKE}
# "trước (ngày) 15/11/2025", "(hoàn thành) trong tháng 11/2025": the brackets of a form's optional words
_BRACKETED = re.compile(r"\((ngày|tháng|năm|hoàn thành|ngày,? tháng)\)")

# The words of the grammar: each is known by its letters and its tone, wherever the tone was put (trứơc, qúy, ngaỳ).
_GRAMMAR = (
    "trước ngày tháng quý năm hằng hàng định kỳ thường xuyên đến tới hết từ kể chậm muộn trễ nhất cuối đầu giữa hoàn"
    " thành thời hạn khoảng sau tuần tầm nhìn giai đoạn mỗi lần nửa kết thúc bắt tháng thứ chủ nhật hai sáu bảy lũy ủy"
)
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_WORD = re.compile(r"\w+")
_HORNLESS = re.compile(r"u\u031bo(?!\u031b)|uo\u031b(?=\w)")  # truớc, trưóc
_LIKE = {"qui": "quy", "ki": "ky"}


def _letters_and_tone(word: str) -> tuple[str, str]:
    parts = unicodedata.normalize("NFD", word)
    tones = {mark for mark in parts if mark in _TONES}
    letters = "".join(mark for mark in parts if mark not in _TONES)
    letters = _HORNLESS.sub("u\u031bo\u031b", letters)
    return _LIKE.get(letters, letters), min(tones) if len(tones) == 1 else ""


_STANDARD = {_letters_and_tone(word): word for word in _GRAMMAR.split()}
_TONELESS = {"đên": "đến", "hêt": "hết", "cuôi": "cuối", "nhât": "nhất", "thơi": "thời"}
_PLAIN = re.compile(r"[\u0300-\u036f]")
_LONGEST = 7  # letters of a word of the grammar, in full


def plain(word: str) -> str:
    """The word without any marks: trước -> truoc."""
    return _PLAIN.sub("", unicodedata.normalize("NFD", word)).replace("đ", "d")


@lru_cache(maxsize=4_096)
def _standard(word: str) -> str:
    if word.isascii() or len(word) > _LONGEST:
        return word
    if plain(word) == "truoc":
        return "trước"
    return _TONELESS.get(word) or _STANDARD.get(_letters_and_tone(word), word)


_JOINED = re.compile(
    r"\b(trước|đến|tới|hết|từ|trong|nhất|cuối|đầu|vào|là|hạn|sau|ngay|chậm|muộn|hằng|hàng|hoàn|cả|vòng)"
    r"(khi|ngày|tháng|quý|năm|tuần|hết|cuối|từ|đến|nhất|thành)\b"
)
_JOINED_NUMBER = re.compile(
    r"\b(trước|đến|tới|hết|từ|nhất|vào|là|hạn|ngày|tháng|năm|quý)(?=[0-9]|(?<=quý)[ivx]{1,4}\b)"
)

_SPELLINGS = {"nửa sau": "nửa cuối", "tháng năm năm": "tháng 5 năm"}
_SPELLING = re.compile(rf"\b(?:{'|'.join(_SPELLINGS)})\b")
_NUMBERS = {
    "mười hai": 12, "mười một": 11, "mười": 10, "chín": 9, "tám": 8, "bảy": 7, "bẩy": 7, "sáu": 6,
    "tư": 4, "bốn": 4, "ba": 3, "hai": 2, "một": 1, "giêng": 1, "chạp": 12,
}  # fmt: skip
_SPELT = rf"(tháng|quý)(?: thứ)? ({'|'.join(_NUMBERS)})\b"
_SPELT_MONTH = re.compile(
    rf"(?<![0-9] )\b{_SPELT}(?! lần)|(?<=[0-9] ){_SPELT}(?= năm [0-9]{{4}}| ?/ ?[0-9]{{4}})"
)
# "quý III-IV/2025", "tháng 5 và 6/2025": the unit is written once for both numbers.
_SHARED_UNIT = re.compile(
    r"\b(tháng|quý) ([ivx]{1,4}|[0-9]{1,2}) ?(-|,|và|đến|tới) ?(?=(?:[ivx]{1,4}|[0-9]{1,2}) ?(?:[/,]|năm))"
)
_SHORT_MONTH = re.compile(r"\bt\.?(?=(?:0?[1-9]|1[0-2]) ?[-/,])")  # T9-T12/2025
_SHARED_YEARS = re.compile(r"\bnăm ([0-9]{4}) ?(,|và|hoặc) (?=[0-9]{4}(?![0-9]| ?(?:tỉ|tỷ|triệu)))")

# Text typed without any accents: only the words that decide a date are given theirs back; those beside a number also
# where the rest of the text has its accents.
_BESIDE_NUMBERS = {
    "truoc": "trước", "ngay(?= [0-9])": "ngày", "thang(?= [0-9])": "tháng", "nam(?= [0-9]{4})": "năm",
    "quy(?= [ivx]{1,4}\\b| [0-9]/)": "quý", "het(?= ngày| tháng| quý| năm| [0-9])": "hết",
    "cuoi(?= ngày| tháng| quý| năm| [0-9])": "cuối", "den(?= hết| cuối| ngày| tháng| quý| năm| [0-9])": "đến",
    "tu(?= ngày| tháng| quý| năm| [0-9])": "từ", "cham nhat": "chậm nhất", "muon nhat": "muộn nhất",
}  # fmt: skip
_UNACCENTED = {
    "(?<=hang )quy": "quý", "hang(?= thang| quý| nam| tuan)": "hằng", "dinh ky": "định kỳ", "ky hop": "kỳ họp",
    "thang": "tháng", "nam": "năm", "cuoi": "cuối", "dau": "đầu", "het": "hết", "den": "đến", "tuan": "tuần",
    "hoan thanh": "hoàn thành", "thuong xuyen": "thường xuyên", "giai doan": "giai đoạn",
}  # fmt: skip


def normalise(text: str, issued_on: date | None = None) -> Normal:
    """The text as the tables expect it; "năm nay" becomes the year of issue where that is known."""
    words = _compatible(_MARKS.sub(r"\1", text)).lower().translate(_LETTERS)
    words = _SPACES.sub(" ", _INVISIBLE.sub("", words)).strip(_ENDS)
    words = _MIDNIGHT.sub("", words)
    words = _BULLET.sub("", _WORD.sub(lambda match: _standard(match[0]), words))
    words = _BRACKETED.sub(r"\1", _JOINED_NUMBER.sub(r"\1 ", _JOINED.sub(r"\1 \2", words)))
    tables = (_BESIDE_NUMBERS, _UNACCENTED) if words.isascii() else (_BESIDE_NUMBERS,)
    for bare, accented in (item for table in tables for item in table.items()):
        words = re.sub(rf"\b{bare}(?!\w)", accented, words)
    words, corrected = _correct_digits(words)
    words = _SPELLING.sub(lambda m: _SPELLINGS[m[0]], words)
    words = _SPELT_MONTH.sub(lambda m: f"{m[1] or m[3]} {_NUMBERS[m[2] or m[4]]}", words)
    words = _SHORT_MONTH.sub("tháng ", words)
    words = _SHARED_YEARS.sub(r"năm \1 \2 năm ", _SHARED_UNIT.sub(r"\1 \2 \3 \1 ", words))
    return Normal(words.replace("năm nay", f"năm {issued_on.year:04}") if issued_on else words, corrected)


def _compatible(text: str) -> str:
    """NFKC, where that does not make a text long of signs that stand for whole phrases (\ufdfa is 18 letters)."""
    folded = unicodedata.normalize("NFKC", text)
    return folded if len(folded) <= 2 * len(text) else unicodedata.normalize("NFC", text)


_SLOT, _LONE = r"(?:[0-9][0-9oil|]?|[oil|][0-9])", r"[il|]"
_TYPED_YEAR = r"[12][0-9oil|]{3}"
_TYPED = tuple(
    re.compile(pattern)
    for pattern in (
        # I5/8/2025, l/8/2025; 3O/6; 1O/2025; tháng l0, năm 2O26; quý lV, quý 1V
        rf"(?<![\w/.-])(?P<typed>(?:{_SLOT}|{_LONE})([/.-])(?:{_SLOT}|{_LONE})\2{_TYPED_YEAR})(?![\w/])",
        rf"(?<![\w/.-])(?P<typed>{_SLOT}[/.-]{_SLOT}|{_SLOT}[/-]{_TYPED_YEAR})(?![\w/])",
        rf"\b(?:ngày|mùng|mồng|tháng) (?P<typed>{_SLOT})(?!\w)",
        rf"\bnăm (?P<typed>{_TYPED_YEAR})(?!\w)",
    )
)
_TYPED_QUARTER = re.compile(r"\bquý (?P<typed>[ivxl|1]{1,4})(?![\w|])")
_AS_DIGITS, _AS_ROMAN = str.maketrans("oil|", "0111"), str.maketrans("l|1", "iii")


def _correct_digits(words: str) -> tuple[str, bool]:
    """The text with digits for letters typed instead, and whether there were any."""
    before = words
    for pattern in _TYPED:
        words = pattern.sub(lambda match: _within(match, match["typed"].translate(_AS_DIGITS)), words)
    words = _TYPED_QUARTER.sub(_roman, words)
    return words, words != before


def _roman(match: re.Match[str]) -> str:
    typed = match["typed"]
    return match[0] if typed.isdigit() else _within(match, typed.translate(_AS_ROMAN))


def _within(match: re.Match[str], typed: str) -> str:
    start = match.start("typed") - match.start()
    return match[0][:start] + typed + match[0][start + len(match["typed"]) :]


# Letters that Vietnamese has not, inside a word: TCVN3 (Tr­íc ngµy, th¸ng, n¨m) and VNI (Tröôùc ngaøy, thaùng, naêm).
_TCVN3 = re.compile(
    r"(?<=[a-z])[\u00a1-\u00bf](?=\w)|(?<=[a-z])[\u00a8-\u00ac\u00b5-\u00b9\u00bb-\u00be]|[®§](?=\w)"
)
_VNI = re.compile(
    r"[ae][ùøûõïâêáàåãéèëäúüý]|o[âùûõïøêäåë]|[uy]ù|ö[ôùøûõï]?|ñ(?=[a-zâêôöù])"  # aù aê oâ öô ñ
)
_UNICODE_ONLY = re.compile(r"[\u1ea0-\u1ef9ăđơư]")


def in_legacy_encoding(text: str) -> bool:
    """True for text in an old encoding, TCVN3 or VNI, that was not converted to Unicode."""
    letters = unicodedata.normalize("NFC", _MARKS.sub(r"\1", text)).lower()
    return not _UNICODE_ONLY.search(letters) and bool(_TCVN3.search(letters) or _VNI.search(letters))
