"""The sample data load on any day of the calendar and show every status."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tasks.domain.status import Status
from services.tasks.use_cases.samples import fill, load_samples
from services.tasks.use_cases.seeding import load_catalogue
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock, local_instant
from shared.runtime.database import Database
from tests.support.tasks import TasksService, running_tasks
from tests.support.writing import writing

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
async def empty(database: Database, clock: ManualClock) -> AsyncIterator[TasksService]:
    async with running_tasks(database, clock) as service:
        await service.execute(
            "TRUNCATE agencies, groups, group_aliases, programmes, documents, outbox CASCADE"
        )
        yield service


@pytest.mark.parametrize(
    "day", ["2025-06-01", "2026-01-01", "2026-02-28", "2028-02-29", "2026-03-31", "2026-12-31", "2030-07-15"]
)
@pytest.mark.parametrize("before_includes_day", [False, True])
async def test_samples_show_every_status_whatever_day_they_are_loaded(
    empty: TasksService, day: str, *, before_includes_day: bool
) -> None:
    empty.clock.move_to(local_instant(date.fromisoformat(day), 9))
    at = empty.clock.now()
    async with writing(empty.database) as session:
        await load_catalogue(session, actor=SYSTEM, at=at)
        await load_samples(session, actor=SYSTEM, at=at, before_includes_day=before_includes_day)
    by_status = (await empty.get("/statistics", params={"count": "assignment"}))["by_status"]
    assert {status for status, number in by_status.items() if not number} <= {Status.MERGED}
    page = await empty.get("/tasks", params={"limit": 200})
    assert any(item["submitted"] for item in page["items"])
    assert any(item["members"] for item in page["items"])
    assert any(item["deadline"]["flags"] for item in page["items"])


async def test_the_real_annexes_come_in_under_the_documents_of_the_samples(empty: TasksService) -> None:
    empty.clock.move_to(local_instant(date(2026, 11, 27), 9))
    at = empty.clock.now()
    async with writing(empty.database) as session:
        await load_catalogue(session, actor=SYSTEM, at=at)
        await load_samples(session, actor=SYSTEM, at=at, before_includes_day=False)
    annexes = {"71/NQ-CP": "nq71_appendix3.csv", "07-TB/CQTTBCĐ": "tb07_annex.csv"}
    for document, name in annexes.items():
        answer = await empty.send(
            "POST",
            "/imports",
            data={"programme": "NQ57", "document": document, "dry_run": "true"},
            files={"file": (name, (DATA / name).read_bytes())},
        )
        assert answer.status_code == 200, answer.text
        rows = answer.json()["rows"]
        assert len(rows) > 40
        assert not [row for row in rows if "past_issue" in row["flags"]]


@given(st.dates(date(2025, 1, 1), date(2100, 12, 31)))
def test_a_template_is_filled_with_real_days(today: date) -> None:
    assert fill("{day+0}", today) == f"{today:%d/%m/%Y}"
    month, year = map(int, fill("{month-1}", today).split("/"))
    assert (today.year * 12 + today.month) - (year * 12 + month) == 1
    assert fill("{year+1}", today) == str(today.year + 1)
    quarter = fill("{quarter+0}", today)
    assert quarter == f"quý {('I', 'II', 'III', 'IV')[(today.month - 1) // 3]}/{today.year}"
