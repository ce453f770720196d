"""Invisible characters and look-alike letters, for all code that refuses or compares text."""

import re
import unicodedata
from collections.abc import Mapping

# Controls but tab and line breaks, and those of the bidirectional algorithm: they make a text read otherwise than it is
# written (Unicode TR36, 2.10.1).
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
CONTROL = re.compile(rf"[\t\n\r{_CONTROLS}]")
CONTROL_BUT_BREAKS = re.compile(f"[{_CONTROLS}]")

# Drawn as nothing: what Unicode calls default ignorable (UAX 44), annotations, Braille's blank pattern. Joiners, marks of
# direction and variation selectors are needed within words and emoji, though there is nothing to see in them either.
_NEEDED = r"\u061c\u200c-\u200f\ufe00-\ufe0f"
_IGNORABLE = re.compile(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_VISIBLE = re.compile(rf"[^\s{_NEEDED}]")


def without_ignorable(text: str) -> str:
    """The text without what is drawn as nothing; empty where there is nothing to see in it."""
    if text.isascii():
        return text
    rest = _IGNORABLE.sub("", text)
    return rest if _VISIBLE.search(rest) else ""


def is_invisible(character: str) -> bool:
    """A control, a format character or one drawn as nothing: no name, code or number has one."""
    return unicodedata.category(character) in {"Cc", "Cf"} or _IGNORABLE.match(character) is not None


def has_invisible(text: str) -> bool:
    return any(map(is_invisible, text))


# What old fonts and keyboards leave behind for đ and ư; Cyrillic and Greek letters drawn like Latin ones, in lower case
# as of their capitals too (Unicode TR39, confusables).
FOR_VIETNAMESE: Mapping[str, str] = {"\u00f0": "đ", "\u0256": "đ", "\u01a3": "ư"}
FOR_LATIN: Mapping[str, str] = dict(
    zip("авекмнорстухіјѕαβεζηικμνορτυχ", "abekmhopctyxijsabezhikmnoptyx", strict=True)
)
LOOK_ALIKE: Mapping[int, str] = str.maketrans({**FOR_VIETNAMESE, **FOR_LATIN})
