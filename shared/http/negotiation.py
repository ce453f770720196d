"""Content negotiation by `Accept` (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Iterator, Sequence

HTML = "text/html"
JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")  # section 12.4.2
MOST_RANGES = 50  # browsers send ten at most


def preferred(accept: Sequence[str], *kinds: str) -> str:
    """The media type that the lines of `accept` rate highest; of equals the one that it names, then the first of `kinds`.

    The first also where none is acceptable: an answer in another form is more useful than a refusal.
    """
    ranges = dict(_ranges(",".join(accept) or "*/*"))

    def rated(kind: str) -> tuple[float, bool]:
        patterns = (kind, f"{kind.partition('/')[0]}/*", "*/*")  # the most specific one counts
        pattern = next((each for each in patterns if each in ranges), "")
        return ranges.get(pattern, 0.0), pattern == kind

    best = max(kinds, key=rated)
    return best if rated(best)[0] > 0 else kinds[0]


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Media ranges in lower case with their quality; 0 where that is none."""
    for part in accept.split(",", MOST_RANGES)[:MOST_RANGES]:
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        yield name, float(quality) if _QUALITY.fullmatch(quality) else 0.0
