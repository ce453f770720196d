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
    return " ".join(re.findall(r"[^\W_]+", text.translate(_LETTERS)))


class _Letters(dict[int, str]):
    """Each character's bare form, which depends on it alone; those of Latin scripts are worked out once."""

    def __missing__(self, code: int) -> str:
        letters = unicodedata.normalize("NFKD", chr(code).casefold()).casefold().translate(_PLAIN)
        bare = "".join(char for char in letters if not unicodedata.combining(char))
        if code < _KEPT_BELOW:
            self[code] = bare
        return bare


_KEPT_BELOW = 0x2000  # the end of Latin Extended Additional, in which Vietnamese letters are
_LETTERS = _Letters()
