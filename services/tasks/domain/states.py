"""The state of a task by all that is recorded, and the state that its members' give a group's."""

from collections.abc import Iterable
from enum import StrEnum

from shared.errors import Conflict


class State(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    MERGED = "merged"


_VI = {State.COMPLETED: "đã hoàn thành", State.CANCELLED: "đã hủy", State.MERGED: "đã gộp"}


def check_open(state: State) -> None:
    """Raises Conflict task_ended."""
    if state is not State.OPEN:
        raise Conflict(
            "task_ended",
            f"Nhiệm vụ {_VI[state]}: không nhận thay đổi này.",
            f"The task has ended ({state}): this change is not taken.",
            state=state.value,
        )


def group_state(members: Iterable[State]) -> State:
    """A group's task is open while a member's is; then completed where one was completed, else cancelled."""
    found = set(members)
    if State.OPEN in found:
        return State.OPEN
    return State.COMPLETED if State.COMPLETED in found else State.CANCELLED
