"""Our copy of tasks, the reminders and the alerts, against a real database."""

import asyncio
from datetime import date
from uuid import uuid4

import pytest

from services.notify.domain.subjects.tasks.milestones import kind_of
from services.notify.worker import next_due_instant
from shared.events import tasks
from shared.events.envelope import wrap
from shared.events.notify import AlertRaised
from shared.runtime.clock import local_instant
from tests.notify.world import World, agency, event, task

DUE = date(2025, 5, 31)  # the world's clock begins at 08:00 on 20/5/2025
EARLY = ["T-30", "T-14"]
AHEAD = ["T-7", "T-3", "T-1", "T0", "T+1", "T+7"]


async def raised(world: World) -> list[tuple[str, str]]:
    """(milestone, agency) of all alerts, oldest first."""
    items = await world.items("/alerts?limit=200")
    return [(item["milestone"], item["agency"]["code"]) for item in reversed(items)]


async def test_months_are_played_and_each_milestone_raised_once_in_order(world: World) -> None:
    known = task(date(2025, 7, 31))
    await world.receive(tasks.TaskCreated(task=known))
    while (due := await next_due(world)) < local_instant(date(2025, 8, 29)):
        world.clock.move_to(due)
        assert await world.raise_all() == 1
        assert await world.raise_all() == 0
    names = ["T-30", "T-14", "T-7", "T-3", "T-1", "T0", "T+1", "T+7", "T+14", "T+21", "T+28"]
    assert await raised(world) == [(name, "G12") for name in names]
    assert await world.milestones(known.id, "pending") == [("T+35", "pending", "planned")]
    assert await world.milestones(known.id, "superseded") == []


async def next_due(world: World):  # type: ignore[no-untyped-def]  # noqa: ANN201 - an instant, never None here
    async with world.database.reading() as connection:
        return await next_due_instant(connection)


async def test_what_is_past_when_first_heard_of_is_never_sent(world: World) -> None:
    known = task(DUE)
    await world.receive(tasks.TaskCreated(task=known))
    assert await world.milestones(known.id) == [
        *((name, "obsolete", "past_when_heard_of") for name in EARLY),
        *((name, "pending", "planned") for name in AHEAD),
    ]
    assert await world.raise_all() == 0


async def test_after_an_outage_only_the_newest_is_raised_and_the_others_have_their_record(
    world: World,
) -> None:
    known = task(DUE)
    await world.receive(tasks.TaskCreated(task=known))
    world.go_to(date(2025, 6, 23), 15)
    assert await world.raise_all() == 1
    assert await raised(world) == [("T+21", "G12")]
    assert await world.milestones(known.id, "superseded") == [
        (name, "superseded", "newer_came_due") for name in [*AHEAD, "T+14"]
    ]
    assert await world.milestones(known.id, "pending") == [("T+28", "pending", "planned")]
    [alert] = await world.items("/alerts")
    assert alert["message_vi"].startswith("Quá hạn 23 ngày (hạn 31/05/2025): đề nghị Bộ Nội vụ")


async def test_those_who_answer_for_a_task_get_reminders_of_their_own(world: World) -> None:
    roles = [
        ("G12", "lead"),
        ("G01", "co_lead"),
        ("G05", "accountable"),
        ("G06", "coordinate"),
        ("G12", "accountable"),
    ]
    assignments = tuple(tasks.AssignmentState(agency_code=code, role=role) for code, role in roles)
    await world.receive(task(DUE, assignments=assignments))
    world.go_to(date(2025, 5, 24))
    await world.raise_all()
    assert sorted(await raised(world)) == [("T-7", "G01"), ("T-7", "G05"), ("T-7", "G12")]


@pytest.mark.parametrize(
    "silent", [{"kind": "standing"}, {"children": 4}, {"state": "completed"}, {"due_on": None}]
)
async def test_a_task_without_a_deadline_of_its_own_is_silent(
    world: World, silent: dict[str, object]
) -> None:
    due_on = silent.pop("due_on", DUE)
    known = task(due_on, **silent)  # type: ignore[arg-type]  # a table of cases
    await world.receive(known)
    assert await world.milestones(known.id) == []


async def test_events_that_come_twice_late_or_out_of_order_change_nothing(world: World) -> None:
    first = task(DUE)
    moved = first.model_copy(
        update={
            "version": 3,
            "deadline": first.deadline.model_copy(update={"revision": 2, "due_on": date(2025, 8, 31)}),
        }
    )
    repeated = event(tasks.TaskCreated(task=first), version=1, at=world.clock.now())
    await world.receive(repeated, repeated)
    await world.receive(moved)
    settled = await world.milestones(first.id)
    await world.receive(repeated)
    await world.receive(first.model_copy(update={"version": 2, "title": "late"}))
    await world.receive(moved.model_copy(update={"title": "same version again"}))
    assert await world.milestones(first.id) == settled
    [row] = await world.rows("SELECT title, version, due_on FROM tasks")
    assert (row.title, row.version, row.due_on) == (first.title, 3, date(2025, 8, 31))
    assert await world.rows("SELECT 1 FROM dead_letters") == []


async def test_a_moved_deadline_is_planned_anew(world: World) -> None:
    known = task(DUE)
    await world.receive(tasks.TaskCreated(task=known))
    world.go_to(date(2025, 5, 24))
    await world.raise_all()
    later = known.deadline.model_copy(update={"revision": 2, "due_on": date(2025, 6, 30)})
    extended = known.model_copy(update={"version": 2, "deadline": later})
    await world.receive(tasks.DeadlineExtended(task=extended, reason="luật lùi", document_code="12/CV"))
    milestones = await world.milestones(known.id)
    assert [
        name for name, status, reason in milestones if (status, reason) == ("cancelled", "replanned")
    ] == AHEAD[1:]
    assert [name for name, status, _ in milestones if status == "pending"] == [
        "T-30", "T-14", "T-7", "T-3", "T-1", "T0", "T+1", "T+7",
    ]  # fmt: skip
    world.go_to(date(2025, 6, 23))
    await world.raise_all()
    assert await raised(world) == [("T-7", "G12"), ("T-7", "G12")]


async def test_the_same_words_read_anew_are_another_deadline(world: World) -> None:
    known = task(DUE)
    await world.receive(known)
    corrected = known.deadline.model_copy(update={"due_on": date(2025, 6, 30)})
    await world.receive(known.model_copy(update={"version": 2, "deadline": corrected}))
    await world.receive(
        known.model_copy(update={"version": 3})
    )  # and back again: cancelled reminders come back to life
    milestones = await world.milestones(known.id)
    pending = await world.rows("SELECT facts ->> 'due_on' AS due_on FROM reminders WHERE status = 'pending'")
    assert {row.due_on for row in pending} == {str(DUE)}
    assert [name for name, status, _ in milestones if status == "pending"] == AHEAD


async def test_an_assignment_that_ends_takes_its_reminders_along_and_comes_back_with_them(
    world: World,
) -> None:
    known = task(DUE, leads=["G12", "G05"])
    await world.receive(known)
    alone = task(DUE, id_=known.id, version=2, leads=["G05"])
    await world.receive(alone)
    cancelled = await world.rows(
        "SELECT DISTINCT agency_code, reason FROM reminders WHERE status = 'cancelled'"
    )
    assert [tuple(row) for row in cancelled] == [("G12", "assignment_ended")]
    await world.receive(task(DUE, id_=known.id, version=3, leads=["G12"]))
    world.go_to(date(2025, 5, 24))
    await world.raise_all()
    assert await raised(world) == [("T-7", "G12")]


@pytest.mark.parametrize("state", ["completed", "cancelled", "merged"])
async def test_a_task_that_ends_is_not_spoken_of_again(world: World, state: str) -> None:
    known = task(DUE)
    await world.receive(known)
    await world.receive(known.model_copy(update={"version": 2, "state": state}))
    world.go_to(date(2025, 7, 1))
    assert await world.raise_all() == 0
    assert {(status, reason) for _, status, reason in (await world.milestones(known.id))[2:]} == {
        ("cancelled", "task_ended")
    }


async def test_an_alert_goes_to_the_log_with_its_whole_payload(world: World) -> None:
    known = task(DUE)
    await world.receive(known)
    world.go_to(date(2025, 5, 24))
    await world.raise_all()
    [change] = (await world.call("GET", "/changes"))["items"]
    alert = AlertRaised.model_validate(change["data"])
    assert change["type"] == "vn.dondoc.notify.alert.raised.v1"
    assert (alert.kind, alert.milestone, alert.agency.name) == ("deadline.reminder", "T-7", "Bộ Nội vụ")
    assert alert.task.link == f"https://dondoc.example.vn/tasks/v1/tasks/{known.id}"
    assert alert.message_vi.startswith("Còn 7 ngày đến hạn (31/05/2025): đề nghị Bộ Nội vụ hoàn thành “")
    assert alert.raised_at == world.clock.now()
    [row] = await world.rows("SELECT body FROM alerts")
    contract = AlertRaised.event_type
    expected = {"event_id": alert.alert_id, "subject": str(alert.alert_id), "time": world.clock.now()}
    data = alert.model_dump(mode="json")
    assert row.body == wrap(contract, data, version=1, **expected).model_dump_json()
    [(action, detail)] = await world.rows(
        "SELECT action, detail FROM audit WHERE entity = 'alert' AND entity_id = :id", id=str(alert.alert_id)
    )
    [(reminder,)] = await world.rows("SELECT reminder_id FROM alerts")
    about = {"agency": "G12", "kind": "deadline.reminder", "reminder": str(reminder), "task": str(known.id)}
    assert (action, detail) == ("alert.raised", about)


async def test_an_agency_not_yet_told_of_is_named_by_its_code(world: World) -> None:
    await world.receive(task(DUE, leads=["G99"]))
    world.go_to(date(2025, 5, 24))
    await world.raise_all()
    [alert] = await world.items("/alerts")
    assert alert["agency"] == {"code": "G99", "name": "G99"}


@pytest.mark.parametrize(
    ("milestone", "kind"), [(-1, "deadline.reminder"), (0, "deadline.due"), (7, "deadline.overdue")]
)
def test_the_kind_of_an_alert_follows_from_its_milestone(milestone: int, kind: str) -> None:
    assert kind_of(milestone) == kind


async def test_workers_at_once_raise_each_milestone_once(world: World) -> None:
    known = [task(DUE, leads=["G12", "G05"]) for _ in range(150)]
    await world.receive(*known)
    world.go_to(date(2025, 5, 28))  # T-7 and T-3 of each are due
    counts = await asyncio.gather(*(world.raise_all() for _ in range(4)))
    assert sum(counts) == 300
    found = await world.rows(
        "SELECT rank, count(*) AS number FROM alerts JOIN reminders ON reminders.id = reminder_id GROUP BY rank"
    )
    assert [tuple(row) for row in found] == [(-3, 300)]
    states = await world.rows(
        "SELECT status, count(*) AS n FROM reminders WHERE due_at <= :now GROUP BY 1 ORDER BY 1",
        now=world.clock.now(),
    )
    assert [tuple(row) for row in states] == [("obsolete", 600), ("raised", 300), ("superseded", 300)]


async def test_a_task_that_ends_while_its_timer_is_raised_leaves_no_timer_behind(world: World) -> None:
    for _ in range(10):
        known = task(date(2025, 5, 13), id_=uuid4())  # T+7 is this morning: raising it plans the next
        await world.receive(known)
        ended = known.model_copy(update={"version": 2, "state": "completed"})
        await asyncio.gather(world.raise_all(), world.receive(ended))
        assert await world.milestones(known.id, "pending") == []


async def test_an_event_that_makes_no_sense_is_set_aside_and_the_others_take_effect(world: World) -> None:
    beyond = task(date(9999, 12, 31))
    sound = task(DUE)
    await world.receive(beyond, sound)
    [letter] = await world.rows("SELECT reason FROM dead_letters")
    assert "OverflowError" in letter.reason
    assert len(await world.milestones(sound.id)) == 8


async def test_agencies_follow_their_newest_version_only(world: World) -> None:
    newer = event(agency("G12", "Bộ Nội vụ mới", "GOV"), version=5, at=world.clock.now())
    older = event(agency("G12", "Bộ Nội vụ cũ"), version=4, at=world.clock.now())
    await world.receive(newer)
    await world.receive(older)
    [row] = await world.rows("SELECT name, parent_code FROM agencies WHERE code = 'G12'")
    assert tuple(row) == ("Bộ Nội vụ mới", "GOV")
