"""Text made comparable: for matching what people type, never for showing."""

import re
import unicodedata

# what Vietnamese keyboards and old fonts leave behind: đ and its look-alikes (U+00F0, U+0256), ơ and ư as U+01A3
_LOOK_ALIKE = str.maketrans({"đ": "d", "\u00f0": "d", "\u0256": "d", "\u01a3": "u"})


def fold(text: str) -> str:
    """Lower case without diacritics or punctuation, one space between words."""
    letters = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_LOOK_ALIKE)
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", bare))
