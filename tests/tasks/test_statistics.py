"""Any figure, for any day and any state of knowledge, is what the pure rule counts, and stays so for ever."""

import asyncio
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.domain.assignments import NewAssignment, Role
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.status import Status, combined
from services.tasks.domain.tasks import NewTask
from services.tasks.queries.statistics import COUNTS, GROUPINGS, Count, GroupBy, count_tasks
from services.tasks.queries.status import combined_status, parameters
from services.tasks.queries.tasks import list_tasks
from services.tasks.use_cases.tasks import create_task
from shared.keys.viewers import EVERYTHING
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock, local_instant
from shared.runtime.database import Database
from shared.runtime.stable_reads import AsOf, is_complete, latest_stable_moment, oldest_xid
from tests.support.histories import START, History, Step, record_catalogue, steps
from tests.support.tasks import PROGRAMME, TasksService, group_task
from tests.support.writing import writing

SOON = 7
ONCE = {("programme", "task"), ("programme", "assignment"), ("agency", "assignment"), ("bloc", "assignment")}
questions = st.lists(st.tuples(st.integers(-10, 260), st.integers(0, 260 * 24)), min_size=2, max_size=4)
Figures = dict[tuple[GroupBy | None, Count], dict[str, dict[str, int]]]


async def ask(database: Database, day: date, known_at: datetime) -> Figures:
    figures: Figures = {}
    asked = parameters(AsOf(day, known_at), SOON)
    async with database.snapshot() as connection:
        for count in COUNTS:
            for by in GROUPINGS:
                whole, groups = await count_tasks(connection, asked, by, count)
                if by is None:
                    groups = [whole] if whole.total else []
                elif (by, count) in ONCE:
                    assert sum(group.total for group in groups) == whole.total
                    added = sum((Counter(group.by_status) for group in groups), Counter())
                    assert added == +Counter(whole.by_status)
                figures[by, count] = {
                    group.key: {word: number for word, number in group.by_status.items() if number}
                    for group in groups
                }
    return figures


def expected(history: History, day: date, known_at: datetime) -> Figures:
    return {
        (by, count): history.count(day, known_at, SOON, by, count) for count in COUNTS for by in GROUPINGS
    }


async def listed(database: Database, day: date, known_at: datetime) -> dict[Any, Any]:
    async with database.reading() as connection:
        rows = await list_tasks(
            connection, {}, parameters(AsOf(day, known_at), SOON), EVERYTHING, after=None, limit=500
        )
    return {row.id: (row.status, row.due_on) for row in rows}


@pytest.fixture
async def empty(database: Database) -> Database:
    await record_catalogue(database, local_instant(START))
    return database


CANCELLED_HALF_DONE = [Step("group", 9, 4, 1, 60), Step("finish", 9, 0, 0, 0), Step("cancel", 9, 0, 0, 1)]


@given(story=steps, asked=questions)
@example(story=CANCELLED_HALF_DONE, asked=[(2, 0), (2, 90)])
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_figures_are_those_of_the_rule_and_never_change(
    empty: Database, story: list[Step], asked: list[tuple[int, int]]
) -> None:
    database = empty
    async with writing(database) as session:
        await session.execute(text("TRUNCATE tasks, audit, outbox, projected_tasks, task_keys CASCADE"))
    clock = ManualClock(local_instant(START, 8))
    history = History(database, clock)
    answered: dict[tuple[date, datetime], Figures] = {}
    for number, step in enumerate(story):
        await history.play(step)
        days, hours = asked[number % len(asked)]
        turning = history.turning_days()
        near = turning[(days + number) % len(turning)] + timedelta(
            days=(0, 1, -1, -SOON, -SOON - 1)[hours % 5]
        )
        earlier = min(clock.now(), local_instant(START) + timedelta(hours=hours))
        for day, known_at in ((near, clock.now()), (START + timedelta(days=days), earlier)):
            answered[day, known_at] = await ask(database, day, known_at)
            assert answered[day, known_at] == expected(history, day, known_at)
            assert await listed(database, day, known_at) == history.tops(day, known_at, SOON)
    for (day, known_at), figures in answered.items():
        assert await ask(database, day, known_at) == figures


@given(wholes=st.lists(st.lists(st.sampled_from(Status), max_size=5), max_size=20))
@example(wholes=[[]])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_database_combines_parts_as_the_rule_does(
    database: Database, wholes: list[list[Status]]
) -> None:
    sent = func.jsonb_array_elements(bindparam("wholes", type_=JSONB))
    whole = sent.table_valued("parts", with_ordinality="place").render_derived()
    part = func.jsonb_array_elements_text(whole.c.parts).column_valued("part")
    status = select(combined_status(part)).scalar_subquery()
    async with database.reading() as connection:
        found = await connection.scalars(
            select(status).select_from(whole).order_by(whole.c.place), {"wholes": wholes}
        )
        assert list(found) == [combined(parts) for parts in wholes]


async def test_a_group_without_members_stands_by_its_own_deadline(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    for table in ("deadlines", "assignments", "citations"):
        await service.execute(
            f"DELETE FROM {table} USING tasks WHERE task_id = tasks.id AND parent_id IS NOT NULL"  # noqa: S608 - our own words
        )
    await service.execute("DELETE FROM tasks WHERE parent_id IS NOT NULL")
    days = {"2025-06-22": "in_progress", "2025-06-23": "due_soon", "2025-07-01": "overdue"}
    for day, status in days.items():
        found = await service.read(parent, as_of=day, known_at=service.clock.now().isoformat())
        assert found["status"] == status


async def test_statistics_over_http(service: TasksService) -> None:
    await service.assign()
    await service.assign(**group_task())
    late = await service.assign(deadline_text="trước ngày 11/5/2025")
    await service.finish(late)
    figures = await service.get("/statistics", params={"group_by": "agency", "count": "assignment"})
    assert (figures["as_of"], figures["known_at"]) == ("2025-05-20", "2025-05-20T01:00:00Z")
    assert figures["total"] == 5
    assert figures["by_status"]["completed_late"] == 1
    assert [(group["key"], group["total"]) for group in figures["groups"]] == [
        ("01", 1), ("48", 1), ("79", 1), ("G12", 2),
    ]  # fmt: skip
    assert (await service.get("/statistics"))["total"] == 3


async def test_an_instant_to_come_is_answered_as_now(service: TasksService) -> None:
    await service.assign()
    asked = {"as_of": "2025-07-01", "known_at": "2099-01-01T00:00:00Z"}
    figures = await service.get("/statistics", params=asked)
    assert figures["known_at"] == "2025-05-20T01:00:00Z"
    service.clock.advance(days=1)
    await service.assign()
    again = await service.get("/statistics", params=asked | {"known_at": figures["known_at"]})
    assert again == figures


async def test_a_figure_asked_while_a_change_is_under_way_holds_after_it(service: TasksService) -> None:
    """The change is recorded under an instant that has passed by the time it can be seen."""
    await service.assign()
    service.clock.advance(hours=1)
    async with service.database.change(service.clock) as (session, began):
        service.clock.advance(hours=1)
        figures = await service.get("/statistics")
        asked = {name: figures[name] for name in ("as_of", "known_at")}
        assert datetime.fromisoformat(figures["known_at"]) < began
        late = await service.get("/statistics", params={"known_at": service.clock.now().isoformat()})
        assert late["known_at"] == figures["known_at"]
        new = NewTask(
            title="Chậm", programme_code=PROGRAMME, standing=False, reading=read_deadline("Tháng 7/2025"),
            deliverable=None, priority="normal", assignments=(NewAssignment("G12", Role.LEAD),), citations=(),
            assigned_on=START,
        )  # fmt: skip
        await create_task(session, new, actor=SYSTEM, at=began)
    assert await service.get("/statistics", params=asked) == figures
    now = await service.get("/statistics")
    assert (figures["total"], now["total"]) == (1, 2)
    assert now["known_at"] == "2025-05-20T03:00:00Z"


async def test_figures_of_today_are_read_from_the_projection_and_others_from_the_facts(
    service: TasksService,
) -> None:
    await service.assign()
    known = {"known_at": service.clock.now().isoformat()}
    for table in ("projected_tasks", "task_keys"):
        await service.execute(f"UPDATE {table} SET lasting = 'merged'")  # noqa: S608 - our own words
    found = [
        (await service.get("/statistics", params=asked))["by_status"]["merged"]
        for asked in ({}, {"group_by": "agency"}, {"as_of": "2025-05-21"}, known, {"as_of": "2025-05-19"})
    ]
    assert found == [1, 1, 1, 0, 0]
    async with service.database.change(service.clock):
        service.clock.advance(hours=1)
        figures = await service.get("/statistics")
    assert (
        figures["by_status"]["merged"] == 0
    )  # a change that is under way may be recorded before what is committed


async def test_a_snapshot_is_complete_until_it_sees_what_was_recorded_after_its_instant(
    service: TasksService,
) -> None:
    await service.assign()
    async with service.database.reading() as connection:
        xid = await oldest_xid(connection)
        moment = await latest_stable_moment(connection, service.clock)
        assert await is_complete(connection, moment, xid)
        service.clock.advance(microseconds=1)
        await service.assign()
        assert not await is_complete(connection, moment, xid)


async def test_figures_asked_while_tasks_are_assigned_never_change(service: TasksService) -> None:
    manual = service.clock

    def ticking() -> datetime:
        manual.advance(microseconds=1)
        return type(manual).now(manual)

    manual.now = ticking  # type: ignore[method-assign]  # a clock that moves whenever it is read, as real ones do

    async def ask_often() -> list[Any]:
        return [await service.get("/statistics") for _ in range(15)]

    async def assign_often() -> None:
        for _ in range(8):
            service.clock.advance(seconds=1)
            await service.assign(**group_task())

    asked, _, _ = await asyncio.gather(ask_often(), assign_often(), assign_often())
    for figures in asked:
        again = {name: figures[name] for name in ("as_of", "known_at")}
        assert await service.get("/statistics", params=again) == figures


async def test_an_instant_is_answered_as_it_was_asked(service: TasksService) -> None:
    figures = await service.get("/statistics", params={"known_at": "2025-05-20T00:00:00Z"})
    assert figures["known_at"] == "2025-05-20T00:00:00Z"


async def test_an_instant_before_the_republic_is_refused(service: TasksService) -> None:
    refused = {
        "0001-01-01T00:00:00+14:00": "request_invalid",  # no calendar has it in universal time
        "1944-12-31T00:00:00+07:00": "known_at_too_early",
    }
    for instant, code in refused.items():
        response = await service.send("GET", "/statistics", params={"known_at": instant})
        assert (response.status_code, response.json()["code"]) == (422, code)
