"""A datasets service in a test's hands: its database, its clock, keys for every role, and a few agencies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.datasets.main import SERVICE
from services.datasets.settings import DatasetsSettings
from services.datasets.tables import Agency
from services.datasets.use_cases.watching import WatchRules, examine_database
from services.datasets.worker import watch_due
from shared.agencies import record_agency
from shared.events.tasks import AgencyRecorded
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.support.keys import authorization
from tests.support.service import RunningService, settings_of
from tests.support.writing import writing

SETTINGS = settings_of(DatasetsSettings)
START = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # 08:00 in Vietnam
READ, REPORT, MANAGE = "datasets.read", "datasets.report", "datasets.manage"
EVERYTHING = frozenset({READ, REPORT, MANAGE, "metrics.read", "keys.read"})
AGENCIES = (
    ("G01", "Bộ Công an", "government", "central", None),
    ("G12", "Bộ Tài chính", "government", "central", None),
    ("G12.1", "Cục Thuế", "government", "central", "G12"),
    ("G16", "Bộ Y tế", "government", "central", None),
)
EVIDENCE = [{"kind": "document", "reference": "12/QĐ-BTC", "title": "Quyết định"}]
HOURLY = {"period_seconds": 3600, "grace_seconds": 600}
_runs = count(1)


@dataclass
class World(RunningService):
    keys: dict[tuple[frozenset[str], str | None], dict[str, str]] = field(default_factory=dict)

    service = SERVICE
    keys_carry_scopes = True

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def rules(self) -> WatchRules:
        return WatchRules(self.settings.silent_after, self.settings.downtime)

    # --- who calls

    async def authorization(
        self, scopes: frozenset[str] = EVERYTHING, agency: str | None = None
    ) -> dict[str, str]:
        if (scopes, agency) not in self.keys:
            self.keys[scopes, agency] = authorization(SETTINGS.secrets, " ".join(sorted(scopes)), agency)
        return self.keys[scopes, agency]

    async def refused(self, path: str, body: Any, status: int = 422, **request: Any) -> str:
        """The code of the problem that a change is answered with; of its one field where the shape is wrong."""
        problem = await self.problem(path, body, status, **request)
        if problem["code"] == "request_invalid":
            return str(problem["errors"][0]["field"])
        return str(problem["code"])

    # --- what is done often

    async def register(self, code: str = "DB", **changes: Any) -> Any:
        whole = {"code": code, "name": f"Cơ sở dữ liệu {code}", "kind": "national", "owner_code": "G12"}
        return await self.post("/databases", whole | {"heartbeat": HOURLY} | changes)

    async def declare(self, code: str = "DB", effective_on: str = "2026-03-10", **values: Any) -> Any:
        body = {"effective_on": effective_on, "evidence": EVIDENCE} | values
        return await self.post(f"/databases/{code}/declarations", body)

    async def beat(
        self, code: str = "DB", minutes_ago: float = 0, *, count: int = 100, status: int = 202, **changes: Any
    ) -> Any:
        """A heartbeat that was observed a while ago."""
        return await self.post(
            f"/databases/{code}/heartbeats", self.heartbeat(minutes_ago, count=count) | changes, status
        )

    def heartbeat(self, minutes_ago: float = 0, *, count: int = 100) -> dict[str, Any]:
        observed_at = self.now - timedelta(minutes=minutes_ago)
        return {
            "observed_at": observed_at.isoformat(),
            "record_count": count,
            "last_sync_at": observed_at.isoformat(),
            "run_id": f"run-{next(_runs)}",
        }

    async def assess(
        self, code: str = "DB", *, criterion: str = "complete", passed: bool = True, **changes: Any
    ) -> Any:
        body = {
            "criterion": criterion, "measured": 99, "denominator": 100, "threshold": 95, "passed": passed,
            "as_of": "2026-03-09", "method": "Đối soát mẫu",
        }  # fmt: skip
        return await self.post(f"/databases/{code}/quality-results", body | changes)

    async def watch(self) -> None:
        """Examine all that is due, as the worker does."""
        while await watch_due(self.database, self.clock, self.settings):
            pass

    async def examine(self, code: str = "DB") -> None:
        async with writing(self.database) as session:
            await examine_database(session, code, self.rules, at=self.now)

    async def state(self, code: str = "DB") -> tuple[str, datetime]:
        """The latest recorded state, and since when it holds."""
        [row] = await self.rows(
            "SELECT observed, observed_since FROM watches WHERE database_code = :code", code=code
        )
        return row.observed, row.observed_since

    # --- what is recorded

    async def events(self, subject: str = "DB") -> list[tuple[str, int, Any]]:
        return await super().events(subject)

    async def transitions(self, code: str = "DB") -> list[tuple[str, str, float]]:
        """(before, after, minutes since the start) of every recorded transition."""
        observed = [data for verb, _, data in await self.events(code) if verb == "observed"]
        return [(item["before"], item["after"], minutes(item["at"])) for item in observed]


def minutes(instant: str) -> float:
    return (datetime.fromisoformat(instant) - START).total_seconds() / 60


@asynccontextmanager
async def running_world(database: Database) -> AsyncIterator[World]:
    clock = ManualClock(START)
    async with writing(database) as session:
        for code, name, bloc, level, parent in AGENCIES:
            agency = AgencyRecorded(code=code, name=name, bloc=bloc, level=level, parent_code=parent)
            await record_agency(session, Agency, agency, version=1)
    async with World.running(SETTINGS, database, clock) as world:
        yield world
