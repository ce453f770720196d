"""Rows of the tasks service. What was recorded stays: deadlines, assignments and decisions are added, not changed."""

from services.tasks.tables.base import Base
from services.tasks.tables.catalogue import (
    Agency,
    AgencyAlias,
    AgencyIdentifier,
    AgencyPredecessor,
    Document,
    Group,
    GroupAlias,
    GroupMember,
    Numbered,
    Programme,
)
from services.tasks.tables.keys import IssuedKey
from services.tasks.tables.tasks import (
    Assignment,
    Citation,
    Deadline,
    Ending,
    Evidence,
    Origin,
    Submission,
    Task,
)

__all__ = [
    "Agency",
    "AgencyAlias",
    "AgencyIdentifier",
    "AgencyPredecessor",
    "Assignment",
    "Base",
    "Citation",
    "Deadline",
    "Document",
    "Ending",
    "Evidence",
    "Group",
    "GroupAlias",
    "GroupMember",
    "IssuedKey",
    "Numbered",
    "Origin",
    "Programme",
    "Submission",
    "Task",
]
