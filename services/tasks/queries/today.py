"""A condition on the columns and indexes of tasks that every task with a status today meets.

`state`, `due_on` and `completed_on` follow from all that is recorded, and no fact holds from a later day than the one
on which it is recorded. So a query about today or a later day, by all that is recorded, may leave out tasks that these
columns exclude. The facts decide of the others, as for any day (`queries/status.py`).
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from services.tasks.domain.status import Status
from services.tasks.queries.status import AS_OF, SOON_UNTIL
from services.tasks.tables import Task
from services.tasks.tables.tasks import due_or_never, lasting_status, word


def may_have(task: Any, statuses: Iterable[Status]) -> ColumnElement[bool]:
    """The condition that a task may have one of the statuses: by its own columns, or, of a group's task, by a member's."""
    wanted = sorted(statuses)
    member = aliased(Task, name="member")
    members = select(member.id).where(member.parent_id == task.id)
    one_may = members.where(or_(*(_by_columns(member, status) for status in wanted))).exists()
    return or_(
        *(_by_columns(task, status) for status in wanted),
        and_(lasting_status(task) == word("group"), or_(one_may, ~members.exists())),
    )


def _by_columns(task: Any, status: Status) -> ColumnElement[bool]:
    due_on = due_or_never(task)
    open_until = {
        Status.OVERDUE: due_on < AS_OF,
        Status.DUE_SOON: due_on.between(AS_OF, SOON_UNTIL),
        Status.IN_PROGRESS: due_on > SOON_UNTIL,
    }
    if status in open_until:
        return and_(lasting_status(task) == word("open"), open_until[status])
    return lasting_status(task) == word(status.value)
