"""The tasks and events that concern the agency of a viewer, or one below it."""

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import aliased

from services.tasks.tables import Agency, Assignment, Task
from shared.agencies import WITHIN_VIEWER, within
from shared.keys.viewers import Viewer
from shared.log.reader import EventFilter


def concerns_viewer(task: type[Task], *, bound: bool) -> ColumnElement[bool]:
    """The condition that a task concerns the viewer: by an assignment in force, in any role, to it, its group's or a member's task.

    A viewer that is not bound to an agency is concerned by all.
    """
    if not bound:
        return true()
    member = aliased(Task, name="member_assigned")
    ours = select(Assignment.id).where(
        Assignment.ended_at.is_(None), Assignment.agency_code.in_(within(Agency))
    )
    own = ours.where(Assignment.task_id == task.id).correlate(task).exists()
    of_parent = ours.where(Assignment.task_id == task.parent_id).correlate(task).exists()
    of_member = (
        ours.join(member, member.id == Assignment.task_id)
        .where(member.parent_id == task.id)
        .correlate(task)
        .exists()
    )
    return or_(own, of_parent, (task.children_count > 0) & of_member)


# An event of a task concerns whom it is assigned to at that instant, and whose assignment ends with it. OFFSET 0: the few
# assignments of its tasks are looked up, not the thousands of the viewer's agencies searched for each event.
_ASSIGNED = f"""
    EXISTS (
        SELECT FROM (
            SELECT CAST(outbox.subject AS uuid)
            UNION ALL SELECT parent_id FROM tasks WHERE id = CAST(outbox.subject AS uuid)
            UNION ALL SELECT id FROM tasks WHERE parent_id = CAST(outbox.subject AS uuid)
        ) AS task (id) CROSS JOIN LATERAL (
            SELECT agency_code FROM assignments
            WHERE task_id = task.id AND recorded_at <= outbox.time AND (ended_at IS NULL OR ended_at >= outbox.time) OFFSET 0
        ) AS assigned
        WHERE assigned.agency_code = ANY(ARRAY({WITHIN_VIEWER})))
"""  # noqa: S608 - put together from constants, as below
_OWN_KEY = f"""
    outbox.subject = :prefix
    OR outbox.subject IN (SELECT prefix FROM issued_keys WHERE agency_code = ANY(ARRAY({WITHIN_VIEWER})))
"""  # noqa: S608
_EVENTS = f"""
    CASE
        WHEN starts_with(type, 'vn.dondoc.tasks.task.') THEN CAST(:viewer AS text) IS NULL OR {_ASSIGNED}
        WHEN starts_with(type, 'vn.dondoc.tasks.key.') THEN {_OWN_KEY}
        ELSE true
    END
"""


def visible_events(viewer: Viewer) -> EventFilter | None:
    """The filter of a feed: events of tasks that concern the viewer, of its own keys and its units', and of the catalogue."""
    if viewer.knows_keys and not viewer.is_bound:
        return None
    return EventFilter(_EVENTS, {"viewer": viewer.agency, "prefix": viewer.prefix})
