"""Text made comparable: for matching what people type, never for showing."""

import re
import unicodedata

from shared.text.characters import FOR_VIETNAMESE

_BARE = str.maketrans({"đ": "d", "ư": "u"})
_PLAIN = str.maketrans({letter: like.translate(_BARE) for letter, like in FOR_VIETNAMESE.items()}) | _BARE


def fold(text: str) -> str:
    """Lower case without diacritics or punctuation, one space between words."""
    letters = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_PLAIN)
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", bare))
