"""The known name most similar to one that is not known."""

from collections.abc import Collection

from rapidfuzz import fuzz, process

LONGEST_NAME = 64  # characters of a name that are compared and shown: no known name is longer


def nearest(name: str, known: Collection[str]) -> str | None:
    """None if `known` is empty."""
    found = process.extractOne(shortened(name).lower(), sorted(known), scorer=fuzz.ratio)
    return found[0] if found else None


def shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"
