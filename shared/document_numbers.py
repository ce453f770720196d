"""Numbers of documents and decisions as they are typed: which are one number, and which are easily taken for another.

Kept is what was typed; compared is `normal_form`. "9/QĐ-BTC", "09/QĐ–BTC", "9 / qđ - btc" and "Số 9/QÐ-BTC" with an
Icelandic Ð are one number. "9/QD-BTC" is not, but it is similar: it may be another number or a slip.
"""

import re
import unicodedata
from collections.abc import Iterable

from shared.errors import Conflict
from shared.text.characters import LOOK_ALIKE, is_invisible

_DASHES = {ord(dash): "-" for dash in "\u00ad\u2212"}  # a soft hyphen, a minus; the others are of category Pd
_SLASHES = {ord(slash): "/" for slash in "\u2044\u2215"}
_ALIKE = {**_DASHES, **_SLASHES, **LOOK_ALIKE}
_SPACES = re.compile(r"(?<!\d)\s+|\s+(?!\d)")  # one between two digits keeps them apart
_BEFORE = re.compile(r"^(?:số[:.]*)*0*(?=\d)")
_FIRST = re.compile(r"[0-9oil]{1,20}(?![^\W\d_])")  # the number proper, where letters are read for digits
_WORDS_BEFORE = re.compile(r"^[^\d/]{1,40}?so[:.]*(?=\d)")  # "Quyết định số"
_DIGITS_READ = str.maketrans("oil", "011")
_PUNCTUATION = re.compile(r"[^\w]+|_+")


def normal_form(number: str) -> str:
    """The form by which numbers are compared; "" where it has neither letter nor digit.

    Alike are upper and lower case, composed and decomposed letters, full-width ones, every dash and slash, spaces, the
    word "Số" before it, marks after it, and leading zeros: practice writes 09 for 9 (Nghị định 30/2020/NĐ-CP, annex I,
    asks for a 0 before numbers below 10).
    """
    form, before = _normalized(number), number
    while form != before:  # a space that is left out may let a mark join its letter
        form, before = _normalized(form), form
    return form if any(map(str.isalnum, form)) else ""


def _normalized(text: str) -> str:
    text = _folded(_folded(unicodedata.normalize("NFD", text)))
    text = "".join("-" if unicodedata.category(char) == "Pd" else char for char in text.translate(_ALIKE))
    text = "".join(char for char in text if not is_invisible(char) or char.isspace())
    text = text.replace("d\u0335", "đ").replace("d\u0336", "đ")
    text = _SPACES.sub("", re.sub(r"\s+", " ", text)).strip(" .,;:")
    return _BEFORE.sub("", re.sub(r"-+", "-", text))


def similar_form(number: str) -> str:
    """A form shared by numbers that are easily mistyped for one another.

    These differ by đ and d or other marks of letters, by separators, by words before the number, by
    O, I, l for 0 and 1.
    """
    letters = unicodedata.normalize("NFD", normal_form(number)).replace("đ", "d")
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    bare = _WORDS_BEFORE.sub("", bare)
    first = _FIRST.match(bare)
    if first and any(map(str.isdigit, first.group())):
        bare = first.group().translate(_DIGITS_READ).lstrip("0") + bare[first.end() :]
    return re.sub(r"(?<!\d)-|-(?!\d)", "", _PUNCTUATION.sub("-", bare))


def number_similar(number: str, similar: Iterable[str], field: str) -> Conflict:
    """The refusal of a number that is not recorded while a similar one is; `similar_is_meant` of the request lifts it."""
    named = tuple(similar)
    return Conflict(
        "number_similar",
        f"Số {number} dễ nhầm với {', '.join(named)} đã ghi. Nếu là cùng một văn bản, dùng số đã ghi; nếu đúng là văn bản khác, "
        "gửi thêm similar_is_meant là true.",
        f"The number {number} is easily taken for {', '.join(named)}, which is recorded. If it is the same document, use "
        "that number; if another is meant, send similar_is_meant as true.",
        field=field,
        similar=named,
    )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())
