"""Invisible characters and look-alike letters, for all code that refuses or compares text."""

import re
import unicodedata
from collections.abc import Mapping

# Controls but tab and line breaks, and those of the bidirectional algorithm: they make a text read otherwise than it is
# written (Unicode TR36, 2.10.1).
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
CONTROL = re.compile(rf"[\t\n\r{_CONTROLS}]")
CONTROL_BUT_BREAKS = re.compile(f"[{_CONTROLS}]")


def is_invisible(character: str) -> bool:
    """A control or a format character: no name, code or number has one."""
    return unicodedata.category(character) in {"Cc", "Cf"}


def has_invisible(text: str) -> bool:
    return any(map(is_invisible, text))


# What old fonts and keyboards leave behind for đ and ư; Cyrillic and Greek letters drawn like Latin ones, in lower case
# as of their capitals too (Unicode TR39, confusables).
FOR_VIETNAMESE: Mapping[str, str] = {"\u00f0": "đ", "\u0256": "đ", "\u01a3": "ư"}
FOR_LATIN: Mapping[str, str] = dict(
    zip("авекмнорстухіјѕαβεζηικμνορτυχ", "abekmhopctyxijsabezhikmnoptyx", strict=True)
)
LOOK_ALIKE: Mapping[int, str] = str.maketrans({**FOR_VIETNAMESE, **FOR_LATIN})
