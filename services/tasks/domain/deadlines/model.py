"""The parts of a text as understood, and the reading of a deadline."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.tasks.domain.deadlines.durations import Duration
from services.tasks.domain.deadlines.flags import DeadlineFlag, DeadlineKind
from services.tasks.domain.deadlines.mentions import Mention
from services.tasks.domain.deadlines.recurrences import Recurrence, Recurring


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading of a deadline.

    text: verbatim.
    start_on: first day of a month, quarter, half, year or range; None for a plain day.
    due_on: last in-time day; of an open end, that of its first period.
    recurrence: of a recurring duty; None where a person must decide (flag period_unknown, ambiguous ...).
    unread_words: words beside the deadline that were not understood (flag words_unread).
    """

    text: str
    kind: DeadlineKind
    start_on: date | None = None
    due_on: date | None = None
    recurrence: Recurrence | None = None
    flags: tuple[DeadlineFlag, ...] = field(default=())
    unread_words: tuple[str, ...] = ()

    @property
    def open_ended(self) -> bool:
        return DeadlineFlag.OPEN_ENDED in self.flags

    @property
    def late_after(self) -> date | None:
        """The day after which a task is overdue: none where the end is open."""
        return None if self.open_ended else self.due_on

    @property
    def standing(self) -> bool:
        """Followed without ever being overdue."""
        return self.open_ended or self.kind in {DeadlineKind.STANDING, DeadlineKind.RECURRING}


@dataclass(frozen=True, slots=True)
class Understood:
    """A text's parts. `words` have marks, letter for letter, in place of the parts taken out of `text`."""

    text: str
    words: str
    recurring: Recurring | None
    durations: Sequence[Duration]
    open_end: bool
    mentions: Sequence[Mention]
