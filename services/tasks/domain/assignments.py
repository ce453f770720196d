"""Roles of agencies in a task, and the assignments that it may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import Conflict, InvalidInput


class Role(StrEnum):
    LEAD = "lead"
    CO_LEAD = "co_lead"
    COORDINATE = "coordinate"
    DIRECT = "direct"
    ACCOUNTABLE = "accountable"


LEADING = frozenset({Role.LEAD, Role.CO_LEAD})  # whose task it is: they submit, they are counted


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """`position`: the title of the agency's head, where the head is named; `unit`: the part of it that is."""

    agency_code: str
    role: Role
    position: str | None = None
    unit: str | None = None


def check_assignments(assignments: Sequence[NewAssignment], members: Sequence[str]) -> None:
    """A task has exactly one lead, or goes to the members of a group; no agency has a role twice."""
    leads = [item for item in assignments if item.role is Role.LEAD]
    if members and any(item.role in LEADING for item in assignments):
        raise InvalidInput(
            "lead_and_group",
            "Nhiệm vụ giao cho một nhóm thì mỗi thành viên là một cơ quan chủ trì: bỏ cơ quan chủ trì riêng.",
            "A task given to a group is led by each member: leave out the separate lead.",
            field="assignments",
        )
    if not members and len(leads) != 1:
        raise InvalidInput(
            "lead_required",
            f"Cần đúng một cơ quan chủ trì (lead), đang có {len(leads)}; cơ quan khác cùng chủ trì ghi co_lead.",
            f"Exactly one lead is needed, there are {len(leads)}; others who lead with it are co_lead.",
            field="assignments",
        )
    if len({(item.agency_code, item.role) for item in assignments}) != len(assignments):
        raise InvalidInput(
            "assignment_repeated",
            "Một cơ quan được ghi hai lần cùng vai trò: giữ một dòng.",
            "An agency stands twice in one role: keep one.",
            field="assignments",
        )


def check_reassignable(*, has_members: bool) -> None:
    """Raises Conflict task_has_members: of a group's task the members' tasks carry the assignments."""
    if has_members:
        raise Conflict(
            "task_has_members",
            "Nhiệm vụ giao cho nhóm: sửa phân công ở nhiệm vụ của từng thành viên.",
            "The task was given to a group: change the assignments of the members' tasks.",
            field="assignments",
        )
