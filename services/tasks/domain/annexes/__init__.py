"""Layout of an annex: columns, sections, text around the table, and recognition of rows at the next import."""

from services.tasks.domain.annexes.columns import COLUMNS
from services.tasks.domain.annexes.layout import SkipReason, TaskRow, tasks_of
from services.tasks.domain.annexes.places import Place, annex_named, annex_of
from services.tasks.domain.annexes.row_answers import answers_by_row, read_answer

__all__ = [
    "COLUMNS",
    "Place",
    "SkipReason",
    "TaskRow",
    "annex_named",
    "annex_of",
    "answers_by_row",
    "read_answer",
    "tasks_of",
]
