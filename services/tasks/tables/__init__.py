"""Rows of the tasks service. Deadlines, assignments and decisions are added, never changed."""

from services.tasks.tables.agencies import Agency, AgencyAlias, AgencyIdentifier, AgencyPredecessor
from services.tasks.tables.assignments import Assignment
from services.tasks.tables.base import Base
from services.tasks.tables.deadlines import Deadline
from services.tasks.tables.documents import Document, Numbered, Programme
from services.tasks.tables.endings import Ending
from services.tasks.tables.groups import Group, GroupAlias, GroupMember
from services.tasks.tables.keys import IssuedKey
from services.tasks.tables.origins import Origin
from services.tasks.tables.projection import ProjectedTask, TaskKey
from services.tasks.tables.submissions import Evidence, Submission
from services.tasks.tables.tasks import Citation, Task

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
    "ProjectedTask",
    "Submission",
    "Task",
    "TaskKey",
]
