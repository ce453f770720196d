"""Counts of databases by declared, measured and observed facts, each with the codes counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from services.datasets.domain.declarations import JOINED, Connection, Phase
from services.datasets.domain.observation import Observed

UNDECLARED = "undeclared"
_MEASURES = (
    "total",
    "without_platform",
    "failing_criteria",
    "incomplete_or_unconnected",
    "connected",
    "planned",
)
_PHASES = (*(word.value for word in Phase), UNDECLARED)
_CONNECTIONS = (*(word.value for word in Connection), UNDECLARED)
_PLANNED = frozenset(word.value for word in Phase if word is not Phase.NONE)
_STATES = tuple(word.value for word in Observed)


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


class Measure(TypedDict):
    """A dictionary, since statistics by owner have twenty of each owner."""

    count: int
    codes: Sequence[str]


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
    """The figures of some databases in order of code. An undeclared phase or connection counts as none."""
    measures, phases, connections, states = map(_lists, (_MEASURES, _PHASES, _CONNECTIONS, _STATES))
    for item in databases:
        code, is_operating, is_joined = item.code, item.is_operating, item.is_joined
        measures["total"].append(code)
        if not is_operating:
            measures["without_platform"].append(code)
        elif item.fails:
            measures["failing_criteria"].append(code)
        if is_joined:
            measures["connected"].append(code)
        if not (is_operating and is_joined):
            measures["incomplete_or_unconnected"].append(code)
        if item.phase in _PLANNED:
            measures["planned"].append(code)
        phases[item.phase or UNDECLARED].append(code)
        connections[item.connection or UNDECLARED].append(code)
        states[item.observed].append(code)
    return Group(
        key=key,
        **_measures(measures),
        by_phase=_measures(phases),
        by_ndc_connection=_measures(connections),
        by_observed=_measures(states),
    )


def grouped(databases: Sequence[DatabaseFacts], by: str) -> list[Group]:
    """The figures of each kind or owner, by key."""
    found: dict[str, list[DatabaseFacts]] = {}
    for item in databases:
        found.setdefault(item.kind if by == "kind" else item.owner, []).append(item)
    return [figures_of(key, found[key]) for key in sorted(found)]


def _lists(words: Iterable[str]) -> dict[str, list[str]]:
    """An empty list for every value."""
    return {word: [] for word in words}


def _measures(codes: Mapping[str, Sequence[str]]) -> dict[str, Measure]:
    return {word: {"count": len(found), "codes": found} for word, found in codes.items()}
