"""The parts of a cell of agencies as read, each as printed."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.imports.rows import Suggestion
from shared.naming.lookup import EXACT, How

Role = Literal["lead", "co_lead", "coordinate", "direct", "accountable"]
Reason = Literal[
    "no_match",
    "dissolved",
    "ambiguous",
    "count_mismatch",
    "exception",
    "too_long",
    "elsewhere",
    "district",
    "note_unclear",
    "role_unclear",
    "repeat",
]


Sort = Literal["name", "outside", "unit"]


@dataclass(frozen=True, slots=True)
class Mention:
    """One name that was found.

    Attributes:
        kind: an agency; a group, or several named by one phrase; a list of agencies: spelt out, or of the issuer.
        codes: of agencies, or of groups when kind is group.
        text: as printed.
        how: an exact name (`alias`) or one slip away from it (`fuzzy`).
        score: 0 to 100.
        role: as the cell gives it, or None.
        assumed: without a role of its own: beside a lead it coordinates.
        position: the title of its head, where the head is named ("Bộ trưởng").
        unit: the unit of it that is named ("C06"); the assignment is the agency's.
    """

    kind: Literal["agency", "group", "list"]
    codes: tuple[str, ...]
    text: str
    how: How = "alias"
    score: float = EXACT
    role: Role | None = None
    assumed: bool = False
    position: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Indefinite:
    """A phrase that names no one in particular; suggestions are the examples it gives.

    `whose`: it would name agencies of a province, had one issued the document.
    """

    text: str
    suggestions: tuple[Suggestion, ...] = ()
    role: Role | None = None
    whose: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that a person must decide on; a dissolved body's successor comes first.

    `sort`: a name like any other; a body of the kind that no catalogue of agencies has ("Viettel"); a unit that is
    definite only where its owner is known ("Sở Y tế"). `valid_to`: last day of a dissolved body.
    """

    text: str
    suggestions: tuple[Suggestion, ...] = ()
    reason: Reason = "no_match"
    role: Role | None = None
    sort: Sort = "name"
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    """The reading of one text.

    Attributes:
        notes: parentheses with further information, which a person should see.
        asides: those without any ("BNV", "1"), and appositions.
        roles: the words that give roles, as printed.
    """

    found: tuple[Mention, ...] = ()
    indefinite: tuple[Indefinite, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    notes: tuple[str, ...] = ()
    asides: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
