"""Text made comparable: for matching what people type, never for showing."""

import re
import unicodedata


def fold(text: str) -> str:
    """Lower case without diacritics or punctuation, one space between words."""
    letters = unicodedata.normalize("NFKD", text.casefold()).casefold().replace("đ", "d")
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", bare))
