"""Deadlines as documents write them, and their reading: kind, days, recurrence and flags."""

from services.tasks.domain.deadlines.flags import FLAG_SENTENCES, DeadlineFlag, DeadlineKind, Sentence
from services.tasks.domain.deadlines.model import Reading
from services.tasks.domain.deadlines.reading import read_deadline
from services.tasks.domain.deadlines.recurrences import Period, Recurrence

__all__ = [
    "FLAG_SENTENCES",
    "DeadlineFlag",
    "DeadlineKind",
    "Period",
    "Reading",
    "Recurrence",
    "Sentence",
    "read_deadline",
]
