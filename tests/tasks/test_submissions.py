"""Who may report a task done, on which day, and which decisions are possible: the pure rules, case by case."""

from collections.abc import Callable
from datetime import date

import pytest

from services.tasks.domain.assignments import NewAssignment, Role, check_assignments, check_reassignable
from services.tasks.domain.submissions import (
    check_completed_on,
    check_decision,
    check_none_awaiting,
    check_reporter,
)
from shared.errors import Refusal

ASSIGNED, TODAY = date(2025, 5, 2), date(2025, 5, 20)
LEAD, CO_LEAD = NewAssignment("G09", Role.LEAD), NewAssignment("G12", Role.CO_LEAD)


def refusal(check: Callable[[], None]) -> str | None:
    try:
        check()
    except Refusal as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    ("agency_code", "has_members", "code"),
    [
        ("G09", False, None),
        ("G12", False, None),
        (None, False, None),  # the office, for the agency
        ("G01", False, "not_the_lead"),
        ("G09", True, "task_has_members"),
        (None, True, "task_has_members"),
    ],
)
def test_the_agencies_that_lead_report_a_task(
    agency_code: str | None, has_members: bool, code: str | None
) -> None:
    assert refusal(lambda: check_reporter(agency_code, {"G09", "G12"}, has_members=has_members)) == code


@pytest.mark.parametrize(
    ("completed_on", "code"),
    [
        (ASSIGNED, None),
        (TODAY, None),
        (date(2025, 5, 1), "completed_before_assigned"),
        (date(2025, 5, 21), "completed_in_future"),
    ],
)
def test_a_task_is_done_between_its_assignment_and_today(completed_on: date, code: str | None) -> None:
    assert refusal(lambda: check_completed_on(completed_on, ASSIGNED, TODAY)) == code


@pytest.mark.parametrize(("awaiting", "code"), [(False, None), (True, "submission_awaiting")])
def test_one_submission_at_a_time_awaits_its_decision(awaiting: bool, code: str | None) -> None:
    assert refusal(lambda: check_none_awaiting(awaiting=awaiting)) == code


@pytest.mark.parametrize(
    ("recorded", "accept", "reason", "code"),
    [
        (None, True, None, None),
        (None, True, "Đủ minh chứng", None),
        (None, False, "Thiếu minh chứng", None),
        (None, False, None, "reason_required"),
        (None, False, "", "reason_required"),
        ("accept", True, None, "submission_decided"),
        ("accept", False, "Thiếu minh chứng", "submission_decided"),
        ("return", True, None, "submission_decided"),
    ],
)
def test_a_submission_is_decided_once_and_returned_with_a_reason(
    recorded: str | None, accept: bool, reason: str | None, code: str | None
) -> None:
    assert refusal(lambda: check_decision(recorded, accept=accept, reason=reason)) == code


@pytest.mark.parametrize(
    ("assignments", "members", "code"),
    [
        ((LEAD, CO_LEAD), (), None),
        ((CO_LEAD,), (), "lead_required"),
        ((LEAD, NewAssignment("G12", Role.LEAD)), (), "lead_required"),
        ((LEAD, CO_LEAD, CO_LEAD), (), "assignment_repeated"),
        ((), ("01", "31"), None),
        ((LEAD,), ("01", "31"), "lead_and_group"),
        ((CO_LEAD,), ("01", "31"), "lead_and_group"),
    ],
)
def test_a_task_has_one_lead_or_the_members_of_a_group(
    assignments: tuple[NewAssignment, ...], members: tuple[str, ...], code: str | None
) -> None:
    assert refusal(lambda: check_assignments(assignments, members)) == code


@pytest.mark.parametrize(("has_members", "code"), [(False, None), (True, "task_has_members")])
def test_the_assignments_of_a_group_are_its_members(has_members: bool, code: str | None) -> None:
    assert refusal(lambda: check_reassignable(has_members=has_members)) == code
