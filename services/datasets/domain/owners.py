"""Which agency a printed name means: exactly, or by likeness with a margin; else a person decides."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.folding import fold
from shared.rows import Suggestion

ACCEPT = 88.0  # of 100: as for the agencies of annexes, two slips in a name of usual length
MARGIN = 4.0  # above the next agency
SUGGESTED = 3
MAX_COMPARED = 1_000  # texts that name nobody and are compared with all agencies, some 3 ms each

Similarity = Callable[[str, str], float]


@dataclass(frozen=True, slots=True)
class Owner:
    """`code` is None where no agency could be determined; `suggestions` are the nearest then."""

    code: str | None
    suggestions: tuple[Suggestion, ...] = ()


class Owners:
    """Looks up agencies, each text once.

    Args:
        agencies: (code, name, short name or None).
        similarity: of two folded names, 0 to 100.
    """

    def __init__(self, agencies: Sequence[tuple[str, str, str | None]], similarity: Similarity) -> None:
        self._names = {code: name for code, name, _ in agencies}
        self._similarity = similarity
        self._found: dict[str, Owner] = {}
        self._compared = 0
        by_key: dict[str, set[str]] = defaultdict(set)
        for code, name, short_name in agencies:
            for spelling in (name, short_name):
                if spelling:
                    by_key[fold(spelling)].add(code)
        self._by_key: Mapping[str, set[str]] = by_key

    def find(self, text: str) -> Owner:
        """The agency of a code or name as printed."""
        if text not in self._found:
            self._found[text] = self._find(text)
        return self._found[text]

    def _find(self, text: str) -> Owner:
        if text in self._names:
            return Owner(text)
        exact = self._by_key.get(fold(text), set())
        if len(exact) == 1:
            return Owner(next(iter(exact)))
        self._compared += 1
        if self._compared > MAX_COMPARED:
            return Owner(None)
        ranked = self._ranked(fold(text))
        alike = tuple(
            Suggestion(code, self._names[code], round(score, 1)) for score, code in ranked[:SUGGESTED]
        )
        if not ranked or exact or ranked[0][0] < ACCEPT:
            return Owner(None, alike)
        if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < MARGIN:
            return Owner(None, alike)
        return Owner(ranked[0][1])

    def _ranked(self, key: str) -> list[tuple[float, str]]:
        """(score, code) of every agency by its likest spelling, the likest first."""
        best: dict[str, float] = {}
        for spelling, codes in self._by_key.items():
            score = self._similarity(key, spelling)
            for code in codes:
                best[code] = max(score, best.get(code, 0.0))
        return sorted(((score, code) for code, score in best.items()), key=lambda item: (-item[0], item[1]))
