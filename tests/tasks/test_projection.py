"""Lists and figures of today, from the projection, are what the facts say."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.tasks.domain.assignments import Role
from services.tasks.domain.status import Status
from services.tasks.queries import projection
from services.tasks.queries import tasks as facts
from services.tasks.queries.places import PlaceInList
from services.tasks.queries.statistics import COUNTS, GROUPINGS, count_tasks
from services.tasks.queries.statistics_today import count_tasks_today
from services.tasks.queries.status import parameters
from services.tasks.schemas.tasks import TaskOut
from services.tasks.use_cases.projection import compare_projection
from shared.document_numbers import normal_form
from shared.keys.viewers import EVERYTHING, Viewer
from shared.runtime.clock import ManualClock, local_instant
from shared.runtime.database import Database
from shared.runtime.stable_reads import AsOf
from tests.support.histories import (
    AGENCIES,
    DOCUMENTS,
    PROGRAMMES,
    START,
    History,
    Step,
    record_catalogue,
    steps,
)
from tests.support.tasks import TasksService, group_task
from tests.support.writing import writing

SOON = 7
DAY = timedelta(days=1)
days = st.integers(-40, 60).map(lambda day: START + timedelta(days=day))
filters = st.fixed_dictionaries(
    {},
    optional={
        "status": st.lists(st.sampled_from(Status), min_size=1, max_size=3, unique=True),
        "agency": st.sampled_from(AGENCIES),
        "role": st.sampled_from([role.value for role in Role]),
        "document": st.sampled_from([normal_form(code) for code in list(DOCUMENTS)[:2]]),
        "programme": st.sampled_from([normal_form(code) for code in PROGRAMMES]),
        "due_after": days,
        "due_before": days,
        "of_group": st.just(True),
    },
)
viewers = st.sampled_from([EVERYTHING, *(Viewer(agency=code) for code in AGENCIES)])
questions = st.lists(st.tuples(filters, viewers, st.integers(0, 30)), min_size=6, max_size=12)
Listed = list[tuple[PlaceInList, Any]]


async def by_facts(
    database: Database, wanted: Mapping[str, Any], asked: Mapping[str, Any], viewer: Viewer
) -> Listed:
    async with database.reading() as connection:
        rows = await facts.list_tasks(connection, wanted, asked, viewer, after=None, limit=500)
    return [
        (PlaceInList(row.rank, row.due_on_now, row.id), TaskOut.of(row).model_dump(mode="json"))
        for row in rows
    ]


async def by_projection(
    database: Database, wanted: Mapping[str, Any], asked: Mapping[str, Any], viewer: Viewer, limit: int = 2
) -> Listed:
    """All pages."""
    found: Listed = []
    after = None
    async with database.reading() as connection:
        while True:
            page = await projection.list_tasks(connection, wanted, asked, viewer, after=after, limit=limit)
            found += [(place, json.loads(shown)) for place, shown in page[:limit]]
            if len(page) <= limit:
                return found
            after = page[limit - 1][0]


async def check_figures(database: Database, asked: Mapping[str, Any]) -> None:
    async with database.snapshot() as connection:
        for count in COUNTS:
            for by in GROUPINGS:
                figures = await count_tasks_today(connection, asked, by, count)
                assert figures == await count_tasks(connection, asked, by, count)


def near_turning(history: History, place: int) -> date:
    """Today or a later day, on which a status turns, or the one before."""
    turning = {day + shift * DAY for day in history.turning_days() for shift in (-SOON - 1, -SOON, 0, 1)}
    later = sorted(day for day in turning if day >= history.today)
    return later[place % len(later)]


@pytest.fixture
async def empty(database: Database) -> Database:
    await record_catalogue(database, local_instant(START))
    return database


MEMBER_EXTENDED = [Step("group", 9, 4, 1, 60), Step("extend", 9, 0, 0, 10), Step("finish", 9, 0, 0, 0)]


@given(story=steps, asked=questions)
@example(story=MEMBER_EXTENDED, asked=[({"status": ["due_soon"]}, EVERYTHING, 9)])
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_lists_and_figures_of_today_are_those_of_the_facts(
    empty: Database, story: list[Step], asked: list[tuple[dict[str, Any], Viewer, int]]
) -> None:
    async with writing(empty) as session:
        await session.execute(text("TRUNCATE tasks, audit, outbox, projected_tasks, task_keys CASCADE"))
    history = History(empty, ManualClock(local_instant(START, 8)))
    for number, step in enumerate(story):
        await history.play(step)
        wanted, viewer, later = asked[number % len(asked)]
        if wanted.get("of_group") and history.parents:
            wanted = {**wanted, "parent": list(history.parents)[step.pick % len(history.parents)]}
        moment = AsOf(near_turning(history, later), history.clock.now())
        for each in (wanted, {}):
            values = parameters(moment, SOON)
            assert await by_projection(empty, each, values, viewer) == await by_facts(
                empty, each, values, viewer
            )
        await check_figures(empty, values)
    assert (await compare_projection(empty)).differing == 0


@pytest.mark.parametrize("viewer", [EVERYTHING, Viewer(agency="48")])
@pytest.mark.parametrize("few", [0, projection.FEW])
async def test_words_find_the_same_by_index_and_in_order(
    service: TasksService, monkeypatch: pytest.MonkeyPatch, few: int, viewer: Viewer
) -> None:
    """`few`: tasks with the words that are sorted; of more the list is searched in its order."""
    titles = ("Xây dựng cơ sở dữ liệu đất đai", "Đề án 06", "Đề án 0612 về dữ liệu", "Dựng xây", "xây")
    for number, title in enumerate(titles * 2):
        await service.assign(title=f"{title} {number}", deadline_text=f"Tháng {number % 3 + 6}/2025")
    await service.assign(**group_task(title="Xây dựng tại địa phương"))
    monkeypatch.setattr(projection, "_IS_FEW", projection._IS_FEW.replace(str(projection.FEW), str(few)))
    projection._page.cache_clear()
    values = parameters(AsOf(local_day(service), service.clock.now()), SOON)
    for words in (["xay"], ["x"], ["06"], ["de", "an", "0"], ["dung", "xay"], ["1"], ["_"]):
        for narrow in ({}, {"agency": "G12"}, {"agency": "79"}, {"status": ["in_progress"]}):
            wanted = {"words": words, **narrow}
            found = await by_projection(service.database, wanted, values, viewer)
            assert found == await by_facts(service.database, wanted, values, viewer)
    projection._page.cache_clear()


def local_day(service: TasksService) -> Any:
    return service.clock.now().date()
