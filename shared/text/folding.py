"""Text made comparable: for matching what people type, never for showing."""

import re
import unicodedata

from shared.text.characters import FOR_VIETNAMESE

_BARE = str.maketrans({"đ": "d", "ư": "u"})
_PLAIN = str.maketrans({letter: like.translate(_BARE) for letter, like in FOR_VIETNAMESE.items()}) | _BARE

MOST_WORDS = 10  # of a search; more narrow nothing down
_IN_NO_TEXT = "_"


def search_words(asked: str) -> list[str]:
    """Folded words that a text must contain; where there are none, one that no folded text contains."""
    return fold(asked).split()[:MOST_WORDS] or [_IN_NO_TEXT]


def fold(text: str) -> str:
    """Lower case without diacritics or punctuation, one space between words."""
    letters = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_PLAIN)
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", bare))
