from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.deliveries import (
    AttemptOutcome,
    DeliveryReason,
    DeliveryState,
    DeliveryStatus,
    after_attempt,
    after_attempts,
    delivery_ended,
    error_code,
    outcome_of,
)
from services.notify.domain.reminders import ReminderStatus
from services.notify.domain.retries import DELAYS, next_attempt_at
from services.notify.domain.subjects.tasks.messages import DueTask, message_en, message_vi
from services.notify.domain.subjects.tasks.milestones import (
    FIXED,
    DeadlineReason,
    Milestone,
    due_at,
    following,
    name_of,
    passed_over,
    plan,
)
from services.notify.domain.subjects.tasks.responsibility import no_alert_reason, responsible
from shared.runtime.clock import local_instant

DUE = date(2025, 5, 31)
NOW = datetime(2025, 5, 20, 1, 0, tzinfo=UTC)


def names(milestones: tuple[Milestone, ...], status: ReminderStatus) -> list[str]:
    return [name_of(each.days) for each in milestones if each.state.status is status]


# --- planning -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heard_on", "hour", "obsolete", "pending"),
    [
        (date(2025, 4, 10), 0, [], ["T-30", "T-14", "T-7", "T-3", "T-1", "T0", "T+1", "T+7"]),
        (date(2025, 5, 1), 8, [], ["T-30", "T-14", "T-7", "T-3", "T-1", "T0", "T+1", "T+7"]),
        (date(2025, 5, 1), 9, ["T-30"], ["T-14", "T-7", "T-3", "T-1", "T0", "T+1", "T+7"]),
        (date(2025, 5, 31), 7, ["T-30", "T-14", "T-7", "T-3", "T-1"], ["T0", "T+1", "T+7"]),
        (date(2025, 6, 7), 8, ["T-30", "T-14", "T-7", "T-3", "T-1", "T0", "T+1"], ["T+7"]),
        (date(2025, 6, 7), 9, [name_of(m) for m in FIXED], ["T+14"]),
        (date(2025, 6, 14), 7, [name_of(m) for m in FIXED], ["T+14"]),
        (date(2025, 6, 14), 9, [*(name_of(m) for m in FIXED), "T+14"], ["T+21"]),
        (date(2026, 5, 31), 9, [*(name_of(m) for m in FIXED), "T+364"], ["T+371"]),
    ],
)
def test_what_is_past_when_heard_of_is_obsolete_and_the_rest_planned(
    heard_on: date, hour: int, obsolete: list[str], pending: list[str]
) -> None:
    milestones = plan(DUE, local_instant(heard_on, hour))
    assert names(milestones, ReminderStatus.OBSOLETE) == obsolete
    assert names(milestones, ReminderStatus.PENDING) == pending


def test_each_milestone_comes_due_at_eight_in_hanoi_or_the_hour_that_is_set() -> None:
    assert due_at(DUE, 0) == datetime(2025, 5, 31, 1, 0, tzinfo=UTC)
    assert due_at(DUE, -30) == datetime(2025, 5, 1, 1, 0, tzinfo=UTC)
    assert due_at(DUE, 7, 17) == datetime(2025, 6, 7, 10, 0, tzinfo=UTC)


# --- firing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "on", "raised", "superseded", "planned"),
    [
        ([-30], date(2025, 5, 1), -30, (), None),
        ([-14, -7, -3], date(2025, 5, 29), -3, (-14, -7), None),
        ([7], date(2025, 6, 7), 7, (), 14),
        ([0, 1, 7], date(2025, 6, 13), 7, (0, 1), 14),
        ([1, 7], date(2025, 6, 28), 28, (1, 7, 14, 21), 35),
        ([14], date(2025, 6, 14), 14, (), 21),
        ([14], date(2025, 7, 4), 28, (14, 21), 35),
    ],
)
def test_only_the_newest_due_milestone_is_raised(
    due: list[int], on: date, raised: int, superseded: tuple[int, ...], planned: int | None
) -> None:
    assert settle(due, local_instant(on, 8)) == (raised, superseded, planned)


def settle(
    due: Collection[int], now: datetime, due_on: date = DUE, hour: int = 8
) -> tuple[int, tuple[int, ...], int | None]:
    """As the engine does with one series: (raised, superseded, planned)."""
    added = {each.days for milestone in due for each in passed_over(due_on, milestone, now, hour)}
    *older, newest = sorted({*due, *added})
    ahead = following(due_on, newest, hour)
    return newest, tuple(older), None if ahead is None else ahead.days


instants = st.datetimes(datetime(1960, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
gaps = st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=60)), max_size=25)


@given(
    st.dates(date(1960, 1, 1), date(2045, 1, 1)),
    st.timedeltas(timedelta(days=-100), timedelta(days=100)),
    gaps,
    st.integers(0, 23),
)
def test_each_milestone_is_settled_once_and_none_is_lost(
    due_on: date, ahead: timedelta, waits: list[timedelta], hour: int
) -> None:
    """Whenever the worker looks, and however long it was away."""
    heard = local_instant(due_on, 12) + ahead
    record = {each.days: each.state.status for each in plan(due_on, heard, hour)}
    assert [due_at(due_on, m, hour) >= heard for m in record] == [
        status is ReminderStatus.PENDING for status in record.values()
    ]
    now = heard
    for wait in waits:
        now += wait
        due = [
            m
            for m, status in record.items()
            if status is ReminderStatus.PENDING and due_at(due_on, m, hour) <= now
        ]
        if not due:
            continue
        raised, superseded, planned = settle(due, now, due_on, hour)
        settled = {raised: ReminderStatus.RAISED} | dict.fromkeys(superseded, ReminderStatus.SUPERSEDED)
        assert set(due) <= set(settled)
        assert all(record.get(m, ReminderStatus.PENDING) is ReminderStatus.PENDING for m in settled)
        assert all(m < raised for m in superseded)
        record |= settled
        if planned is not None:
            assert planned not in record
            record[planned] = ReminderStatus.PENDING
    assert_whole(record, due_on, heard, now, hour)


def assert_whole(
    record: dict[int, ReminderStatus], due_on: date, heard: datetime, now: datetime, hour: int
) -> None:
    """Nothing due is open, something is always ahead, and the series has no hole after it was heard of."""
    pending = [m for m, status in record.items() if status is ReminderStatus.PENDING]
    assert pending
    assert now == heard or all(due_at(due_on, m, hour) > now for m in pending)
    assert set(FIXED) <= set(record)
    known = sorted(m for m in record if m >= FIXED[-1] and due_at(due_on, m, hour) >= heard)
    assert all(later - earlier == 7 for earlier, later in pairwise(known))


# --- whom, and why not ----------------------------------------------------------------------------------------------


def test_those_who_answer_for_a_task_are_told() -> None:
    roles = [
        ("B", "lead"),
        ("A", "co_lead"),
        ("C", "coordinate"),
        ("D", "direct"),
        ("E", "accountable"),
        ("B", "accountable"),
    ]
    assert responsible(roles) == ("A", "B", "E")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"state": "completed"}, DeadlineReason.TASK_ENDED),
        ({"state": "cancelled"}, DeadlineReason.TASK_ENDED),
        ({"state": "merged"}, DeadlineReason.TASK_ENDED),
        ({"kind": "standing"}, DeadlineReason.NO_DEADLINE),
        ({"due_on": None}, DeadlineReason.NO_DEADLINE),
        ({"children": 3}, DeadlineReason.REPORTED_BY_CHILDREN),
    ],
)
def test_a_task_is_silent_for_a_reason(changes: dict[str, object], reason: DeadlineReason | None) -> None:
    usual: dict[str, object] = {"state": "open", "kind": "dated", "due_on": DUE, "children": 0}
    assert no_alert_reason(**(usual | changes)) is reason  # type: ignore[arg-type]  # a table of cases


# --- retries --------------------------------------------------------------------------------------------------------


def retry_in(made: int, *, jitter: float = 0.0, retry_after: int | None = None) -> float | None:
    """Seconds until the next attempt."""
    at = next_attempt_at(attempts_made=made, now=NOW, jitter=jitter, retry_after=retry_after)
    return at and (at - NOW).total_seconds()


def test_the_schedule_is_the_published_one() -> None:
    waits = [retry_in(made) for made in range(1, len(DELAYS))]
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert retry_in(10) is retry_in(11) is None


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({}, 300),
        ({"jitter": 1.0}, 330),
        ({"jitter": -1.0}, 270),
        ({"retry_after": 1000}, 1000),
        ({"retry_after": 10}, 300),
        ({"retry_after": 999_999}, 86_400),
    ],
)
def test_when_the_third_attempt_is_made(more: dict[str, Any], seconds: int) -> None:
    assert retry_in(2, **more) == seconds


# --- deliveries after an attempt --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "status", "transport_error", "outcome", "error"),
    [
        (True, 200, None, "delivered", None),
        (True, 204, None, "delivered", None),
        (False, 200, "connection_lost", "failed", "connection_lost"),  # a 2xx whose body broke off
        (False, 301, None, "failed", "redirect_not_followed"),
        (False, 404, None, "failed", "status_refused"),
        (False, 410, None, "gone", "status_refused"),
        (False, 500, None, "failed", "status_refused"),
        (False, None, "timeout", "failed", "timeout"),
    ],
)
def test_the_outcome_of_a_call(
    accepted: bool, status: int | None, transport_error: str | None, outcome: str, error: str | None
) -> None:
    assert outcome_of(accepted=accepted, status_code=status) == outcome
    assert error_code(accepted=accepted, status_code=status, transport_error=transport_error) == error


OWN, OTHER = uuid4(), uuid4()
BEFORE = NOW - timedelta(hours=1)
LATER = NOW + timedelta(minutes=5)
EXHAUSTED = ("failed", "retries_exhausted", None, NOW)
DONE = ("delivered", None, None, BEFORE)
CANCELLED = ("cancelled", "task_ended", None, BEFORE)


@pytest.mark.parametrize(
    ("before", "outcome", "retry_at", "after"),
    [
        # (status, reason, lease, ended_at): the attempt's lease is OWN
        (("pending", None, OWN, None), "delivered", LATER, ("delivered", None, None, NOW)),
        (("pending", None, OWN, None), "failed", LATER, ("pending", None, None, None)),
        (("pending", None, OWN, None), "failed", None, EXHAUSTED),
        (("pending", None, OWN, None), "gone", LATER, ("pending", None, None, None)),
        # its lease ran out, and nobody or another has it
        (("pending", None, None, None), "delivered", LATER, ("delivered", None, None, NOW)),
        (("pending", None, OTHER, None), "delivered", LATER, ("delivered", None, None, NOW)),
        (("pending", None, OTHER, None), "failed", None, ("pending", None, OTHER, None)),
        (("pending", None, None, None), "failed", None, ("pending", None, None, None)),
        # it ended meanwhile
        (("cancelled", "task_ended", OWN, BEFORE), "delivered", LATER, ("delivered", None, None, NOW)),
        (("cancelled", "task_ended", OWN, BEFORE), "failed", LATER, CANCELLED),
        (("cancelled", "task_ended", OWN, BEFORE), "failed", None, CANCELLED),
        (("failed", "retries_exhausted", None, BEFORE), "delivered", None, ("delivered", None, None, NOW)),
        (DONE, "delivered", LATER, DONE),
        (DONE, "failed", None, DONE),
    ],
)
def test_a_delivery_after_an_attempt(
    before: tuple[Any, ...], outcome: str, retry_at: datetime | None, after: tuple[Any, ...]
) -> None:
    found = after_attempt(delivery(*before), AttemptOutcome(outcome), token=OWN, retry_at=retry_at, now=NOW)
    is_repeated = outcome == "failed" and before[2] == OWN and after[0] == "pending"
    assert found == delivery(*after, next_attempt_at=LATER if is_repeated else BEFORE)


def delivery(
    status: str,
    reason: str | None,
    lease: UUID | None,
    ended_at: datetime | None,
    *,
    next_attempt_at: datetime = BEFORE,
) -> DeliveryState:
    return DeliveryState(
        DeliveryStatus(status), reason and DeliveryReason(reason), next_attempt_at, lease, ended_at
    )


@pytest.mark.parametrize(
    ("outcomes", "is_answering", "is_gone"),
    [
        ({"delivered"}, True, False),
        ({"failed"}, False, False),
        ({"failed", "delivered"}, True, False),
        ({"gone"}, False, True),
        ({"gone", "delivered"}, True, True),
        ({"gone", "failed"}, False, True),
    ],
)
def test_a_subscription_after_attempts(outcomes: set[str], is_answering: bool, is_gone: bool) -> None:
    found = after_attempts({AttemptOutcome(outcome) for outcome in outcomes})
    assert (found.is_answering, found.is_gone) == (is_answering, is_gone)


# --- words ----------------------------------------------------------------------------------------------------------

SUBJECT = DueTask("Bộ Nội vụ", "Xây dựng Đề án.", DUE, "Đề án")


@pytest.mark.parametrize(
    ("today", "vi", "en"),
    [
        (
            date(2025, 5, 24),
            "Còn 7 ngày đến hạn (31/05/2025): đề nghị Bộ Nội vụ hoàn thành “Xây dựng Đề án”; sản phẩm: Đề án.",
            "Due in 7 days (31 May 2025): Bộ Nội vụ is asked to complete “Xây dựng Đề án”; deliverable: Đề án.",
        ),
        (
            date(2025, 5, 30),
            "Còn 1 ngày đến hạn (31/05/2025): đề nghị Bộ Nội vụ hoàn thành “Xây dựng Đề án”; sản phẩm: Đề án.",
            "Due in 1 day (31 May 2025): Bộ Nội vụ is asked to complete “Xây dựng Đề án”; deliverable: Đề án.",
        ),
        (
            DUE,
            "Hôm nay đến hạn (31/05/2025): đề nghị Bộ Nội vụ hoàn thành “Xây dựng Đề án”; sản phẩm: Đề án.",
            "Due today (31 May 2025): Bộ Nội vụ is asked to complete “Xây dựng Đề án”; deliverable: Đề án.",
        ),
        (
            date(2025, 6, 7),
            (
                "Quá hạn 7 ngày (hạn 31/05/2025): đề nghị Bộ Nội vụ khẩn trương hoàn thành “Xây dựng Đề án”; "
                "sản phẩm: Đề án."
            ),
            "Overdue by 7 days (31 May 2025): Bộ Nội vụ is asked to complete “Xây dựng Đề án” without delay; deliverable: Đề án.",
        ),
    ],
)
def test_what_an_alert_says(today: date, vi: str, en: str) -> None:
    assert message_vi(SUBJECT, today) == vi
    assert message_en(SUBJECT, today) == en


def test_long_titles_are_cut_between_words() -> None:
    message = message_vi(DueTask("Bộ Nội vụ", "nhiệm vụ " * 100, DUE, None), DUE)
    assert len(message) < 280
    assert message.endswith("nhiệm vụ…”.")


def test_days_and_months_have_two_digits_in_vietnamese() -> None:
    message = message_vi(DueTask("Bộ Nội vụ", "Xây dựng Đề án", date(2025, 6, 5), None), date(2025, 6, 5))
    assert message == "Hôm nay đến hạn (05/06/2025): đề nghị Bộ Nội vụ hoàn thành “Xây dựng Đề án”."


@pytest.mark.parametrize(
    ("status", "vi", "en"),
    [
        (DeliveryStatus.CANCELLED, "lần gửi này đã hủy.", "this one was cancelled."),
        (DeliveryStatus.DELIVERED, "lần gửi này đã gửi tới nơi.", "this one was delivered."),
    ],
)
def test_a_refused_retry_says_how_the_delivery_ended(status: DeliveryStatus, vi: str, en: str) -> None:
    refusal = delivery_ended(status)
    assert refusal.vi.endswith(vi)
    assert refusal.en.endswith(en)


def test_milestones_have_names() -> None:
    assert [name_of(m) for m in (-30, 0, 7, 21)] == ["T-30", "T0", "T+7", "T+21"]
