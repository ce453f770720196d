"""The words of phrases that name no agency by itself: "các cơ quan liên quan", "3 địa phương", "trừ ..."."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.naming.text import CONNECTIVES, Word, past
from shared.text.folding import fold

_PLURALS = ("tat ca cac", "toan bo cac", "mot so", "tat ca", "cac", "nhung", "moi", "tung")
_HEADS = (
    "bo", "nganh", "co quan", "don vi", "dia phuong", "to chuc", "cap", "ban", "so", "doan the", "tinh", "thanh pho",
    "xa", "phuong", "ca nhan", "nguoi dung dau",
)  # fmt: skip
_BODIES = (
    *_HEADS, *_PLURALS, "van phong", "dang uy", "tinh uy", "thanh uy", "quan uy", "uy ban", "hoi dong", "vien", "dai",
    "tong", "tap doan", "cong ty", "truong", "hoc", "trung tam", "toa an", "thanh tra", "cuc", "vu", "hoi", "lien",
    "ngan hang", "bao", "tap chi", "thong tan", "kiem toan", "mat tran", "dac khu", "huyen", "quan", "doan",
)  # fmt: skip
_ASIDES = ("dac biet", "nhat la", "truoc het", "trong do")
_QUALIFIERS = frozenset(
    ["lien", "co", "duoc", "quan", "chu", "chuyen", "truc", "thuoc", "trong", "khac", "lam", "o", "nay"]
)
_HEADER_WORDS = frozenset(
    fold(
        "bộ ngành cơ quan đơn vị địa phương tỉnh thành phố trung ương trực thuộc chuyên sau đây gồm bao cụ thể sở ban xã "
        "phường đặc khu"
    ).split()
)
_COMMITTEE = ("uy ban nhan dan",)
_COMMUNES = {"xa": "xã", "phuong": "phường", "khu": "đặc khu"}


@dataclass(frozen=True, slots=True)
class Header:
    """Words that introduce a list: "3 địa phương", "các bộ", "UBND các xã"; `end` is the index after the last of them.

    `kinds`: the words, with diacritics, that the names below leave out, where these are of communes or of a province.
    """

    end: int
    count: int | None = None
    kinds: tuple[str, ...] = ()


def begins_a_name(words: Sequence[Word], start: int) -> bool:
    """True if names of bodies begin with this word."""
    return _after(words, start, _BODIES) > start


def list_header(words: Sequence[Word], start: int) -> Header | None:
    start = _after(words, start, _COMMITTEE)
    if start == len(words):
        return None
    count = int(words[start].key) if re.fullmatch(r"[0-9]{1,3}", words[start].key) else None
    first = start + 1 if count is not None else _after(words, start, _PLURALS)
    end = first
    while end < len(words) and words[end].key in _HEADER_WORDS and end >= start:
        end += 1
    kinds_named = " ".join(word.key for word in words[first:end]).replace("dia phuong", "").split()
    kinds = tuple(kind for word, kind in _COMMUNES.items() if word in kinds_named) or (
        ("sở",) if "so" in kinds_named else ()
    )
    return Header(end, count, kinds) if first > start and end > first else None


def generic_run(
    words: Sequence[Word],
    start: int,
    ends: Iterable[int],
    is_name: Callable[[int, int], bool],
) -> tuple[int, bool]:
    """End of a phrase of general nouns that begins here, and whether its last noun is qualified.

    "các bộ, ngành, địa phương có liên quan" is one phrase: a qualifier of the last noun applies to all.
    (0, False) when the text here is no such phrase.
    """
    run, qualified = 0, False
    for end in ends:
        item = run or start
        while item < end and words[item].key in CONNECTIVES:
            item += 1
        if item == end:
            continue
        if run and (_after(words, item, _PLURALS) > item or is_name(item, end)):
            break
        is_qualified = _qualified(words, item, end, plural_may_lead=not run)
        if is_qualified is None:
            break
        run, qualified = end, is_qualified
    return run, qualified


def _qualified(words: Sequence[Word], start: int, end: int, *, plural_may_lead: bool) -> bool | None:
    """True if the noun from start to end is qualified; None when it is not a general noun."""
    if not plural_may_lead and _after(words, start, _ASIDES) > start:
        return True
    noun = _after(words, start, _PLURALS) if plural_may_lead else start
    if words[start].key.isdigit():
        noun = start + 1
    after = _after(words, noun, _HEADS)
    if after == noun or after > end:
        return None
    if after == end:
        return False
    return True if noun > start or words[after].key in _QUALIFIERS else None


def _after(words: Sequence[Word], start: int, phrases: Iterable[str]) -> int:
    """Index after the first of the phrases that begins at `start`; `start` itself when none does."""
    return next((end for phrase in phrases if (end := past(words, start, phrase)) > start), start)
