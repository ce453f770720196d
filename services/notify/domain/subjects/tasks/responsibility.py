"""The agencies that are reminded of a task's deadline, and the reasons for which none is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.notify.domain.subjects.tasks.milestones import DeadlineReason

RESPONSIBLE_ROLES = frozenset({"lead", "co_lead", "accountable"})


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline; another reading of the same words, or a new revision, is another deadline."""

    revision: int
    due_on: date


def responsible(assignments: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The codes of the agencies that answer for the deadline, in order, from pairs of agency code and role."""
    return tuple(sorted({agency for agency, role in assignments if role in RESPONSIBLE_ROLES}))


def no_alert_reason(*, state: str, kind: str, due_on: date | None, children: int) -> DeadlineReason | None:
    """The reason for which a task raises no alerts; None for one that does."""
    if state != "open":
        return DeadlineReason.TASK_ENDED
    if kind != "dated" or due_on is None:
        return DeadlineReason.NO_DEADLINE
    if children:
        return DeadlineReason.REPORTED_BY_CHILDREN
    return None
