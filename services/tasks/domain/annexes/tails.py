"""Rows below a table that are no tasks: a signature block, notes, a line that ends the list."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from shared.text.folding import fold

TailReason = Literal["signature", "note"]

_SIGNED_FOR = re.compile(r"(?:t/m|k/t|t/l)\s+\S|(?:t\.? ?m|k\.? ?t|t\.? ?l|tuq)\s?[.:]\s*\S", re.IGNORECASE)
_RECEIVERS = re.compile(r"n[oơ]i nh[aậ]n\b", re.IGNORECASE)
_SIGNED = re.compile(r"\((?:đã )?[kK][ýí]\b.{0,60}\)", re.IGNORECASE)
_DATED = re.compile(
    r"[^\W\d_][^,\d]{1,40},\s*ngày\s*[\d.…_]*\s*tháng\s*[\d.…_]*\s*năm\s*[\d.…_]*\s*", re.IGNORECASE
)
_OFFICES = re.compile(
    r"(?:pho |quyen |q )?(?:chu tich|thu tuong|bo truong|thu truong|giam doc|tong giam doc|chanh van phong|truong ban|"
    r"cuc truong|vu truong|chu nhiem|truong phong|vien truong|chanh an|tong bi thu|bi thu|hieu truong)\b.{0,80}"
)
_MADE_BY = re.compile(
    r"(?:nguoi |can bo )?(?:lap bieu|lap bang|tong hop bieu|lap)|thu truong (?:don vi|co quan)|xac nhan cua\b.{0,60}"
)
_NOTE = re.compile(r"(?:ghi chu|chu thich|luu y|chu giai|note)\b")
_MARKED = re.compile(r"(?:\*|\(\*+\)|\[\d{1,2}\]|[¹²³⁴⁵⁶⁷⁸⁹])\s*\S")
_ENCLOSED = re.compile(r"\(.{1,300}\)[./]*", re.DOTALL)
_PAGE = re.compile(r"(?:trang|page) \d{1,4}(?: \d{1,4})?")
_LISTED = re.compile(r"(?:danh muc|danh sach|phu luc|bang)(?: nay)? (?:co|gom|bao gom)\b.{0,120}")
_ITEM = re.compile(r"[-–+•*]\s*\S")
_NAME_WORDS = range(2, 7)


def opens_tail(values: Mapping[str, str], own: Sequence[str], *, below: bool) -> TailReason | None:
    """The kind of a row without a number that is no task: a signature or a note; None for neither.

    Args:
        values: the row.
        own: its columns with text of their own, from left to right.
        below: nothing from here on can only be a task, so that an office or a name is a signature's.
    """
    cells = [values[key] for key in own]
    if any(_SIGNED_FOR.match(cell) or _RECEIVERS.match(cell) or _SIGNED.fullmatch(cell) for cell in cells):
        return "signature"
    if len(cells) == 1 and _DATED.fullmatch(cells[0]):
        return "signature"
    if below and cells and all(map(may_be_signature, cells)):
        return "signature"
    if values.get("lead_text") and values.get("deadline_text"):
        return None
    return "note" if cells and _is_note(cells) else None


def may_be_signature(text: str) -> bool:
    """True for words that may be a signature although nothing announces one: an office in capitals, a name, one of the receivers."""
    words = [word.strip(".") for word in text.split()]
    named = len(words) in _NAME_WORDS and all(word.isalpha() and word[0].isupper() for word in words)
    office = text.isupper() and bool(_OFFICES.fullmatch(fold(text)))
    return named or office or bool(_MADE_BY.fullmatch(fold(text)) or _ITEM.match(text))


def _is_note(cells: Sequence[str]) -> bool:
    first = fold(cells[0])
    if _NOTE.match(first) or _MARKED.match(cells[0]) or not any(map(fold, cells)):
        return True
    lines = _ENCLOSED.fullmatch(cells[0]) or _PAGE.fullmatch(first) or _LISTED.fullmatch(first)
    return len(cells) == 1 and bool(lines)
