"""Where a task stands on a day, by what was known: the pure rule, case by case."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.tasks.domain.status import (
    Acceptance,
    DeadlineFact,
    EndingFact,
    Facts,
    Status,
    combined,
    status_on,
)

ASSIGNED = date(2025, 4, 1)
DUE = date(2025, 6, 30)
RECORDED = datetime(2025, 4, 2, 2, tzinfo=UTC)
LATER = datetime(2025, 12, 31, tzinfo=UTC)  # everything is known
SOON = 7
DAY = timedelta(days=1)


def task(
    *, standing: bool = False, due_on: date | None = DUE, accepted: Acceptance | None = None,
    ending: EndingFact | None = None, extensions: tuple[DeadlineFact, ...] = (),
) -> Facts:  # fmt: skip
    first = DeadlineFact(1, due_on, ASSIGNED, RECORDED)
    return Facts(standing, ASSIGNED, RECORDED, (first, *extensions), accepted, ending)


def on(facts: Facts, day: date, known_at: datetime = LATER) -> Status | None:
    return status_on(facts, day, known_at, SOON)


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (ASSIGNED - DAY, None),
        (ASSIGNED, Status.IN_PROGRESS),
        (DUE - 8 * DAY, Status.IN_PROGRESS),
        (DUE - 7 * DAY, Status.DUE_SOON),
        (DUE, Status.DUE_SOON),
        (DUE + DAY, Status.OVERDUE),
        (DUE + 1000 * DAY, Status.OVERDUE),
    ],
)
def test_an_open_task_by_its_deadline(day: date, status: Status | None) -> None:
    assert on(task(), day) is status


@pytest.mark.parametrize("day", [ASSIGNED, DUE, DUE + 1000 * DAY])
def test_without_a_date_nothing_is_late(day: date) -> None:
    assert on(task(due_on=None), day) is Status.IN_PROGRESS


@pytest.mark.parametrize("due_on", [DUE, None])
def test_a_standing_task_is_never_overdue(due_on: date | None) -> None:
    assert on(task(standing=True, due_on=due_on), DUE + 400 * DAY) is Status.STANDING


@pytest.mark.parametrize(
    ("completed_on", "status"),
    [
        (DUE - DAY, Status.COMPLETED_ON_TIME),
        (DUE, Status.COMPLETED_ON_TIME),
        (DUE + DAY, Status.COMPLETED_LATE),
    ],
)
def test_completion_is_late_by_the_day_it_was_done_not_by_the_day_it_was_accepted(
    completed_on: date, status: Status
) -> None:
    accepted = Acceptance(completed_on, decided_at=datetime(2025, 9, 1, tzinfo=UTC))
    assert on(task(accepted=accepted), date(2025, 9, 2)) is status


def test_completion_counts_from_its_day_once_the_decision_is_known() -> None:
    done, decided = DUE - 10 * DAY, datetime(2025, 7, 3, 4, tzinfo=UTC)
    facts = task(accepted=Acceptance(done, decided))
    moment = timedelta(microseconds=1)
    assert on(facts, done - DAY, decided) is Status.IN_PROGRESS
    assert on(facts, done, decided) is Status.COMPLETED_ON_TIME
    assert on(facts, done, decided - moment) is Status.IN_PROGRESS
    assert on(facts, DUE + DAY, decided - moment) is Status.OVERDUE


def test_a_completed_standing_task_was_never_late() -> None:
    accepted = Acceptance(DUE + DAY, LATER)
    assert on(task(standing=True, accepted=accepted), DUE + 2 * DAY) is Status.COMPLETED_ON_TIME


def test_completion_without_a_date_is_on_time() -> None:
    assert on(task(due_on=None, accepted=Acceptance(DUE, LATER)), DUE) is Status.COMPLETED_ON_TIME


class TestExtension:
    effective, recorded = date(2025, 7, 5), datetime(2025, 7, 8, 3, tzinfo=UTC)
    facts = task(extensions=(DeadlineFact(2, date(2025, 8, 31), effective, recorded),))

    @pytest.mark.parametrize(
        ("day", "known_at", "status"),
        [
            (date(2025, 7, 4), LATER, Status.OVERDUE),  # the extension did not hold yet
            (date(2025, 7, 5), LATER, Status.IN_PROGRESS),
            (date(2025, 7, 5), recorded, Status.IN_PROGRESS),
            (date(2025, 7, 5), recorded - timedelta(microseconds=1), Status.OVERDUE),  # nobody knew yet
            (date(2025, 9, 1), LATER, Status.OVERDUE),
        ],
    )
    def test_holds_from_its_document_and_counts_once_recorded(
        self, day: date, known_at: datetime, status: Status
    ) -> None:
        assert on(self.facts, day, known_at) is status

    def test_the_newest_revision_in_force_decides(self) -> None:
        back = DeadlineFact(3, date(2025, 7, 20), self.effective, self.recorded + DAY)
        facts = task(extensions=(*self.facts.deadlines[1:], back))
        assert on(facts, date(2025, 7, 21)) is Status.OVERDUE
        assert on(facts, date(2025, 7, 21), self.recorded) is Status.IN_PROGRESS

    def test_work_done_after_the_old_date_is_on_time_by_the_new_one(self) -> None:
        accepted = Acceptance(date(2025, 7, 10), datetime(2025, 7, 11, tzinfo=UTC))
        facts = task(extensions=self.facts.deadlines[1:], accepted=accepted)
        assert on(facts, date(2025, 7, 12)) is Status.COMPLETED_ON_TIME


@pytest.mark.parametrize("kind", [Status.CANCELLED, Status.MERGED])
def test_an_ending_holds_from_its_day_and_goes_before_everything(kind: Status) -> None:
    day, recorded = DUE + DAY, datetime(2025, 7, 4, tzinfo=UTC)
    accepted = Acceptance(DUE, RECORDED + DAY)
    facts = task(ending=EndingFact(kind, day, recorded), accepted=accepted)
    assert on(facts, day) is kind
    assert on(facts, day - DAY) is Status.COMPLETED_ON_TIME
    assert on(facts, day, recorded - timedelta(seconds=1)) is Status.COMPLETED_ON_TIME


def test_a_task_is_not_there_before_it_was_recorded() -> None:
    assert on(task(), DUE, RECORDED - timedelta(microseconds=1)) is None
    assert on(task(), DUE, RECORDED) is Status.DUE_SOON


S = Status


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ({S.COMPLETED_ON_TIME}, S.COMPLETED_ON_TIME),
        ({S.COMPLETED_ON_TIME, S.COMPLETED_LATE}, S.COMPLETED_LATE),
        ({S.COMPLETED_ON_TIME, S.CANCELLED}, S.COMPLETED_ON_TIME),
        ({S.COMPLETED_LATE, S.MERGED, S.CANCELLED}, S.COMPLETED_LATE),
        ({S.COMPLETED_ON_TIME, S.IN_PROGRESS}, S.IN_PROGRESS),
        ({S.IN_PROGRESS, S.DUE_SOON}, S.DUE_SOON),
        ({S.COMPLETED_LATE, S.DUE_SOON, S.OVERDUE, S.IN_PROGRESS}, S.OVERDUE),
        ({S.STANDING}, S.STANDING),
        ({S.STANDING, S.COMPLETED_ON_TIME}, S.STANDING),
        ({S.STANDING, S.CANCELLED}, S.STANDING),
        ({S.CANCELLED}, S.CANCELLED),
        ({S.CANCELLED, S.MERGED}, S.MERGED),
        (set(), None),
        ({S.CANCELLED, S.OVERDUE}, S.OVERDUE),
    ],
)
def test_a_task_of_several(parts: set[Status], whole: Status) -> None:
    assert combined(parts) is whole


def test_a_task_cancelled_as_a_whole_is_not_done_because_one_part_was() -> None:
    assert combined({S.COMPLETED_ON_TIME, S.CANCELLED}, S.CANCELLED) is S.CANCELLED
