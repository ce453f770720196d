"""Counts of databases by declared, measured and observed facts, each with the codes counted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.datasets.domain.declarations import JOINED, Connection, Phase
from services.datasets.domain.observation import Observed

UNDECLARED = "undeclared"


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The facts of one database at an instant; `fails`: the latest result of some criterion failed."""

    code: str
    kind: str
    owner: str
    phase: str | None
    connection: str | None
    fails: bool
    observed: str

    @property
    def is_operating(self) -> bool:
        return self.phase == Phase.OPERATING

    @property
    def is_joined(self) -> bool:
        return self.connection in JOINED


@dataclass(frozen=True, slots=True)
class Measure:
    count: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of a group, as `figures_of` defines them."""

    key: str
    total: Measure
    without_platform: Measure
    failing_criteria: Measure
    incomplete_or_unconnected: Measure
    connected: Measure
    planned: Measure
    by_phase: Mapping[str, Measure]
    by_ndc_connection: Mapping[str, Measure]
    by_observed: Mapping[str, Measure]


def figures_of(key: str, databases: Sequence[DatabaseFacts]) -> Group:
    """The figures of some databases. An undeclared phase or connection counts as none."""
    return Group(
        key=key,
        total=_measure(databases),
        without_platform=_measure(item for item in databases if not item.is_operating),
        failing_criteria=_measure(item for item in databases if item.is_operating and item.fails),
        incomplete_or_unconnected=_measure(
            item for item in databases if not (item.is_operating and item.is_joined)
        ),
        connected=_measure(item for item in databases if item.is_joined),
        planned=_measure(item for item in databases if item.phase not in {None, Phase.NONE}),
        by_phase=_split(databases, [*Phase, UNDECLARED], lambda item: item.phase or UNDECLARED),
        by_ndc_connection=_split(
            databases, [*Connection, UNDECLARED], lambda item: item.connection or UNDECLARED
        ),
        by_observed=_split(databases, list(Observed), lambda item: item.observed),
    )


def grouped(databases: Sequence[DatabaseFacts], by: str) -> list[Group]:
    """The figures of each kind or owner, by key."""
    found: dict[str, list[DatabaseFacts]] = {}
    for item in databases:
        found.setdefault(item.kind if by == "kind" else item.owner, []).append(item)
    return [figures_of(key, found[key]) for key in sorted(found)]


def _measure(databases: Iterable[DatabaseFacts]) -> Measure:
    codes = tuple(sorted(item.code for item in databases))
    return Measure(len(codes), codes)


def _split(
    databases: Sequence[DatabaseFacts], words: Sequence[str], word_of: Callable[[DatabaseFacts], str]
) -> dict[str, Measure]:
    """A measure for every value; 0 for one that no database has."""
    return {str(word): _measure(item for item in databases if word_of(item) == word) for word in words}
