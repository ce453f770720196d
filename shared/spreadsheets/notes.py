"""Notes of a report on the rows of a file, and the headings beside which they go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowNote:
    """The note on a row: its outcome as code and in words, the reason, a suggestion."""

    sheet: str
    row: int
    code: str
    outcome: str
    reason: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The end of a sheet's headings, and its columns as printed."""

    sheet: str
    row: int
    printed: tuple[str, ...]
