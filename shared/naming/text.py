"""The key by which printed names are compared: words without diacritics, with the common spellings made one."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from shared.text.folding import fold

CONNECTIVES = frozenset({"va", "cung", "voi"})

# "KH&CN" and "LĐ-TB&XH" are one abbreviation: letters without a vowel, joined without a space
_CONSONANTS = "[bcdđghklmnpqrstvx]{1,5}"
_WORD = re.compile(
    rf"(?<![^\W_])(?:{_CONSONANTS}[&-])+{_CONSONANTS}(?![^\W_])|(?<![^\W_])đ/c\b|[^\W_]+|&",
    re.IGNORECASE,
)
_ABBREVIATIONS = {
    "": "va",  # a lone "&"
    "d/c": "dong chi",
    "hcm": "ho chi minh",
    "mttq": "mat tran to quoc",
    "tp": "thanh pho",
    "tphcm": "thanh pho ho chi minh",
    "tw": "trung uong",
    "ubnd": "uy ban nhan dan",
    "vn": "viet nam",
    "vp": "van phong",
}
_SLIPS = 2
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_HARD_K = re.compile(r"k(?![heiy])")  # Đắk Lắk, Đắc Lắc; Bắc Kạn, Bắc Cạn
_LONE_Y = re.compile(r"\b([hklmst])y\b")  # kỹ thuật, kĩ thuật; tỷ, tỉ
_SILENT_H = re.compile(r"\b(n?g)h")  # ngành is often typed nghành


@dataclass(frozen=True, slots=True)
class Word:
    start: int
    end: int
    key: str


def words_of(text: str) -> list[Word]:
    """Words of an NFC text with their places; an abbreviation's key is written out in full."""
    return [Word(m.start(), m.end(), _word_key(m.group())) for m in _WORD.finditer(text)]


def past(words: Sequence[Word], start: int, phrase: str) -> int:
    """Index after the phrase, a key, where it begins at `start`; `start` itself where it does not."""
    here, rest = start, f"{phrase} "
    while rest and here < len(words) and rest.startswith(f"{words[here].key} "):
        rest = rest[len(words[here].key) + 1 :]
        here += 1
    return start if rest else here


def is_bullet(text: str, words: Sequence[Word], index: int) -> bool:
    """True if the word is an item's number or letter: "1. Bộ Nội vụ", "a) Bộ Y tế"."""
    if index + 1 >= len(words) or not re.fullmatch(r"\d{1,2}|[a-z]", words[index].key):
        return False
    return re.match(r"[.)]\s", text[words[index].end : words[index + 1].start]) is not None


def name_key(name: str) -> str:
    """Two names with one key are the same name to a reader."""
    return " ".join(word.key for word in words_of(unicodedata.normalize("NFC", name)))


def accented(text: str) -> str:
    """Words with their diacritics; where the tone mark sits (hoà, hòa) does not matter."""
    return " ".join(
        _tone_last(word) for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text.casefold()))
    )


def has_accents(text: str) -> bool:
    return fold(text) != " ".join(re.findall(r"[^\W_]+", text.casefold()))


def one_slip_apart(left: Sequence[str], right: Sequence[str]) -> bool:
    """Same number of words, at most two of them differ, each by one letter added, lost, changed or swapped."""
    if len(left) != len(right):
        return False
    different = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
    return len(different) <= _SLIPS and all(_one_letter_apart(a, b) for a, b in different)


def _one_letter_apart(left: str, right: str) -> bool:
    head = 0
    while head < min(len(left), len(right)) and left[head] == right[head]:
        head += 1
    a, b = left[head:], right[head:]
    swapped = a[:2] == b[:2][::-1] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped


def _word_key(word: str) -> str:
    folded = "d/c" if "/" in word else fold(word).replace(" ", "")
    return _one_spelling(_ABBREVIATIONS.get(folded, folded))


def _one_spelling(letters: str) -> str:
    return _SILENT_H.sub(r"\1", _LONE_Y.sub(r"\1i", _HARD_K.sub("c", letters)))


def _tone_last(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    quality = "".join(char for char in letters if char not in _TONES)
    tone = "".join(char for char in letters if char in _TONES)
    return _one_spelling(quality) + tone
