"""Of a name that is not known, the known one that looks most like it."""

from collections.abc import Collection

from rapidfuzz import fuzz, process

LONGEST_NAME = 64  # characters of a name that are compared and told: no name of ours is longer


def nearest(name: str, known: Collection[str]) -> str | None:
    """None where nothing is known."""
    found = process.extractOne(shortened(name).lower(), sorted(known), scorer=fuzz.ratio)
    return found[0] if found else None


def shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"
