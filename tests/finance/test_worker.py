"""Agencies come from the log of tasks; operators see the year's money."""

from uuid import uuid4

from prometheus_client import REGISTRY

from services.finance.main import SERVICE
from services.finance.worker import refresh_figures
from shared.events import tasks
from shared.events.envelope import CloudEvent
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.finance.world import SETTINGS, FinanceService, header, line, line_body, post
from tests.support.bus import NoSource, consume


def recorded(code: str, name: str, version: int, clock: ManualClock) -> CloudEvent:
    data = tasks.AgencyRecorded(code=code, name=name, bloc="government", level="central")
    return CloudEvent(
        id=uuid4(),
        source="/dondoc/tasks",
        type=data.event_type,
        subject=code,
        time=clock.now(),
        sequence=str(version),
        data=data.model_dump(mode="json"),
    )


async def test_an_agency_is_known_once_tasks_told_of_it(service: FinanceService) -> None:
    body = service.decision("approve", line_body(5, "G99"))
    problem = await service.refused("/decisions", body, 422)
    assert problem["unknown"] == ["G99"]
    newer, older = recorded("G99", "Tên mới", 2, service.clock), recorded("G99", "Tên cũ", 1, service.clock)
    await consume(SERVICE, SETTINGS, service.database, service.clock, newer, older, newer)
    assert await service.rows("SELECT name, version FROM agencies WHERE code = 'G99'") == [("Tên mới", 2)]
    await service.post("/decisions", body)


async def test_operators_see_this_year_s_money_by_level(database: Database, clock: ManualClock) -> None:
    await post(database, clock, header("approve", "1"), [line(100), line(7, year=2024)])
    await post(database, clock, header("allocate", "1"), [line(60)])
    await refresh_figures(database, clock)

    def gauge(level: str, figure: str) -> float | None:
        return REGISTRY.get_sample_value("dondoc_budget_dong", {"level": level, "figure": figure})

    assert (gauge("central", "approved"), gauge("central", "allocated")) == (100, 60)
    assert gauge("commune", "approved") == 0


async def test_a_worker_consumes_and_shows_figures(database: Database, clock: ManualClock) -> None:
    worker = SERVICE.build_worker(SETTINGS, database, clock, source=NoSource)
    assert set(worker.loops) == {"finance-figures", "finance-consume-tasks", "finance-maintenance"}
    assert set(worker.checks) == {"finance-database", "finance-restore", "finance-source-tasks"}
