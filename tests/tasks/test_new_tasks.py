"""Many new tasks at once: PostgreSQL makes of the staged ones all that creating each by itself would record."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.tasks.domain.assignments import NewAssignment, Role
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.tasks import NewCitation, NewTask
from services.tasks.use_cases import new_tasks
from services.tasks.use_cases.generating import record_basis, synthetic_tasks, write_generated
from services.tasks.use_cases.new_tasks import make_new_tasks, project_new_tasks, stage_new_tasks
from services.tasks.use_cases.tasks import create_task
from shared.errors import InvalidInput
from shared.events.tasks import EVENTS, TaskCreated
from shared.runtime.audit import Actor
from shared.runtime.clock import ManualClock, local_date
from shared.runtime.database import Database
from tests.support.reused import emptied
from tests.support.tasks import DOCUMENT, ISSUED, LOCALITIES, PROGRAMME, record_basics
from tests.support.writing import writing

ACTOR = Actor("Văn phòng (ddk_x)", "request-1")
GIVEN_BY_THE_SERVER = {
    "outbox": {"id", "xid", "event_id", "written_at"},
    "audit": {"id"},
    "assignments": {"id"},
}
LEAD, OTHER = "G12", "G01"
WORDS = (
    "Tháng 5/2025", "trước ngày 15/11/2025", "định kỳ trước ngày 20 hàng tháng", "hằng tuần", "thường xuyên", "khẩn trương",
    "từ ngày 01/5/2026", "quý IV/2025 xyz",
)  # fmt: skip


def task(words: str, **changes: Any) -> NewTask:
    reading = read_deadline(words, ISSUED, before_includes_day=False)
    given: dict[str, Any] = {
        "title": f'Xây dựng "đề án" \\ {words}', "programme_code": PROGRAMME, "standing": reading.standing,
        "reading": reading, "deliverable": None, "priority": "normal", "citations": (NewCitation(DOCUMENT, "mục 1"),),
        "assignments": (NewAssignment(LEAD, Role.LEAD, unit="Cục A"), NewAssignment(OTHER, Role.COORDINATE, "Bộ trưởng")),
        "assigned_on": ISSUED, "id": uuid4(),
    }  # fmt: skip
    return NewTask(**given | changes)


def tasks() -> list[NewTask]:
    group = task(
        "cuối năm 2025", members=LOCALITIES, titles={LOCALITIES[0]: "Chủ tịch"}, deliverable="Đề án", priority="urgent",
        lead_text="Các địa phương", coordinate_text="Bộ, ngành", assignments=(NewAssignment(OTHER, Role.COORDINATE),),
        citations=(NewCitation(DOCUMENT), NewCitation(DOCUMENT, "mục 2")),
    )  # fmt: skip
    return [*map(task, WORDS[:4]), group, *map(task, WORDS[4:])]


async def recorded(database: Database) -> dict[str, Sequence[dict[str, Any]]]:
    """All rows of tasks, table by table in the order of writing, without what the server draws."""
    found = {}
    async with database.reading() as connection:
        for name, order in {
            "tasks": "id", "deadlines": "task_id", "assignments": "task_id, id", "citations": "task_id, position",
            "outbox": "id", "audit": "id",
            "projected_tasks": "id", "task_keys": "task_id, key, lasting",
        }.items():  # fmt: skip
            condition = (
                "WHERE type LIKE '%.task.%'"
                if name == "outbox"
                else "WHERE entity = 'task'"
                if name == "audit"
                else ""
            )
            rows = await connection.execute(text(f"SELECT * FROM {name} {condition} ORDER BY {order}"))  # noqa: S608 - own words
            drawn = GIVEN_BY_THE_SERVER.get(name, set())
            found[name] = [
                {key: value for key, value in row._asdict().items() if key not in drawn} for row in rows
            ]
    return found


async def test_all_is_recorded_as_by_creating_each(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_tasks, "PART", 3)
    at, wanted = clock.now() + timedelta(days=1), tasks()
    async with emptied(database.url) as each, writing(each) as session:
        await record_basics(each, clock.now())
        for new in wanted:
            await create_task(session, new, actor=ACTOR, at=at)
        await session.commit()
        one_by_one = await recorded(each)
    async with emptied(database.url) as at_once, writing(at_once) as session:
        await record_basics(at_once, clock.now())
        count = await stage_new_tasks(session, wanted)
        await make_new_tasks(session, count, actor=ACTOR, at=at)
        await project_new_tasks(session, count)
        await session.commit()
        assert await recorded(at_once) == one_by_one
    assert count == len(wanted) + len(LOCALITIES) == len(one_by_one["tasks"])
    for row in one_by_one["outbox"]:
        assert TaskCreated.model_validate(row["data"]).model_dump(mode="json") == row["data"]


async def test_a_task_of_too_many_assignments_for_an_event_is_refused(database: Database) -> None:
    many = tuple(NewAssignment(f"A{n}", Role.COORDINATE, "x" * 200) for n in range(4000))
    async with writing(database) as session:
        with pytest.raises(InvalidInput, match="event_too_large"):
            await stage_new_tasks(session, [task("Tháng 5/2025", assignments=many)])


async def test_statistics_are_not_taken_of_tables_that_are_being_filled(
    database: Database, clock: ManualClock
) -> None:
    """They would tell of pages without a row, for which any index seems as good as the one of the key."""
    await record_basics(database, clock.now())
    taken = text("SELECT relname, relpages, reltuples FROM pg_class WHERE relname = 'tasks'")
    async with writing(database) as session, database.reading() as other:
        count = await stage_new_tasks(session, tasks())
        await make_new_tasks(session, count, actor=ACTOR, at=clock.now())
        before = (await other.execute(taken)).one()
        await other.execute(text("ANALYZE (SKIP_LOCKED) tasks"))  # as autovacuum does
        assert (await other.execute(taken)).one() == before


async def test_generated_tasks_that_are_done_have_the_facts_and_events_of_it(
    database: Database, clock: ManualClock
) -> None:
    await record_basics(database, clock.now())
    today = local_date(clock.now())
    wanted = list(synthetic_tasks(120, 1, [LEAD, OTHER, "G06"], today, today))
    async with writing(database) as session:
        await record_basis(session, 1, today, actor=ACTOR, at=clock.now())
    for added in (len(wanted), 0):
        async with database.late_change(clock) as change:
            assert await write_generated(change, wanted, actor=ACTOR) == added
    done = {each.new.id: each.completed_on for each in wanted if each.completed_on}
    found = await recorded(database)
    assert {row["id"]: row["completed_on"] for row in found["tasks"] if row["state"] == "completed"} == done
    assert len(found["outbox"]) == len(found["audit"]) == len(wanted) + 2 * len(done)
    for row in found["outbox"]:
        data = EVENTS[row["type"]].model_validate(row["data"]).model_dump(mode="json")
        assert data | {"accepted_at": None} == row["data"] | {"accepted_at": None}
        assert row["data"]["task"]["version"] == row["version"]
    async with database.reading() as connection:
        differing = text(
            "SELECT count(*) FROM tasks_by_facts AS fresh LEFT JOIN projected_tasks AS was USING (id)"
            " WHERE was.* IS DISTINCT FROM ROW(fresh.*)::projected_tasks"
        )
        assert await connection.scalar(differing) == 0
