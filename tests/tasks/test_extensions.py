"""Which deadlines an approving document moves: the pure rule, case by case."""

from collections.abc import Callable
from datetime import date

import pytest

from services.tasks.domain.deadlines import DeadlineKind, Reading
from services.tasks.domain.extensions import (
    Approval,
    Extended,
    check_extension,
    check_first_date,
    moves_with_group,
)
from services.tasks.domain.states import State, check_open, group_state
from shared.errors import Conflict, Refusal

APPROVED, TODAY = date(2025, 5, 15), date(2025, 5, 20)
DUE, NEW = date(2025, 6, 30), date(2025, 8, 15)
APPROVAL = Approval("85/QD-TTg", APPROVED)


def reading(due_on: date | None = NEW) -> Reading:
    return Reading("…", DeadlineKind.DATE if due_on else DeadlineKind.NONE, due_on=due_on)


def task(state: State = State.OPEN, due_on: date | None = DUE, completed_on: date | None = None) -> Extended:
    return Extended(state, standing=False, due_on=due_on, completed_on=completed_on)


@pytest.mark.parametrize(
    ("extended", "new", "approval", "code"),
    [
        (task(), reading(), APPROVAL, None),
        (task(due_on=None), reading(), APPROVAL, None),
        (task(), reading(date(2025, 6, 1)), APPROVAL, None),  # brought forward
        (task(), reading(APPROVED), APPROVAL, None),
        (task(), reading(), Approval("1/QD", TODAY), None),
        (task(State.COMPLETED, completed_on=APPROVED), reading(), APPROVAL, None),
        (task(State.COMPLETED, completed_on=date(2025, 5, 14)), reading(), APPROVAL, "task_ended"),
        (task(State.COMPLETED), reading(), APPROVAL, "task_ended"),
        (task(State.CANCELLED), reading(), APPROVAL, "task_ended"),
        (task(State.MERGED), reading(), APPROVAL, "task_ended"),
        (Extended(State.OPEN, standing=True, due_on=None), reading(), APPROVAL, "task_standing"),
        (task(), reading(None), APPROVAL, "deadline_unreadable"),
        (task(), reading(DUE), APPROVAL, "deadline_unchanged"),
        (task(), reading(date(2025, 5, 14)), APPROVAL, "deadline_before_document"),
        (task(), reading(), Approval("1/QD", date(2025, 5, 21)), "document_in_future"),
    ],
)
def test_an_extension_is_taken_or_refused(
    extended: Extended, new: Reading, approval: Approval, code: str | None
) -> None:
    assert _refusal(lambda: check_extension(extended, new, approval, TODAY)) == code


@pytest.mark.parametrize(
    ("member", "moves"),
    [
        (task(), True),
        (task(due_on=date(2025, 7, 31)), True),  # a day of its own, before the new one
        (task(due_on=date(2025, 9, 30)), False),
        (task(due_on=NEW), False),
        (task(due_on=None), True),
        (task(State.COMPLETED, completed_on=APPROVED), True),
        (task(State.COMPLETED, completed_on=date(2025, 5, 14)), False),
        (task(State.COMPLETED), False),
    ],
)
def test_a_member_follows_its_group_unless_it_was_given_a_later_day(member: Extended, moves: bool) -> None:
    assert moves_with_group(member, DUE, reading(), APPROVAL) is moves


def test_a_group_brought_forward_takes_along_those_who_have_its_day_only() -> None:
    earlier = reading(date(2025, 6, 1))
    assert moves_with_group(task(), DUE, earlier, APPROVAL)
    assert not moves_with_group(task(due_on=date(2025, 6, 15)), DUE, earlier, APPROVAL)


@pytest.mark.parametrize(
    ("due_on", "standing", "new", "code"),
    [
        (None, False, reading(), None),
        (None, True, reading(), "task_standing"),
        (None, False, reading(None), "deadline_unreadable"),
        (DUE, False, reading(), "deadline_has_date"),
    ],
)
def test_a_first_date(due_on: date | None, standing: bool, new: Reading, code: str | None) -> None:
    assert _refusal(lambda: check_first_date(due_on, new, standing=standing)) == code


def _refusal(check: Callable[[], None]) -> str | None:
    try:
        check()
    except Refusal as refusal:
        return refusal.code
    return None


S = State


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({S.OPEN}, S.OPEN),
        ({S.OPEN, S.COMPLETED, S.CANCELLED}, S.OPEN),
        ({S.COMPLETED}, S.COMPLETED),
        ({S.COMPLETED, S.CANCELLED, S.MERGED}, S.COMPLETED),
        ({S.CANCELLED}, S.CANCELLED),
        ({S.CANCELLED, S.MERGED}, S.CANCELLED),
    ],
)
def test_a_group_is_done_with_its_last_member(members: set[State], state: State) -> None:
    assert group_state(members) is state


@pytest.mark.parametrize("state", [S.COMPLETED, S.CANCELLED, S.MERGED])
def test_what_has_ended_is_not_open(state: State) -> None:
    check_open(S.OPEN)
    with pytest.raises(Conflict) as refused:
        check_open(state)
    assert (refused.value.code, refused.value.extra) == ("task_ended", {"state": state.value})
