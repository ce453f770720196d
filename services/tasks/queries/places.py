"""The place of a row in a list of tasks, which a cursor keeps."""

from datetime import date
from typing import NamedTuple
from uuid import UUID


class PlaceInList(NamedTuple):
    """`rank`: 0 without words; `due_on`: None without a due date, which comes last."""

    rank: int
    due_on: date | None
    id: UUID
