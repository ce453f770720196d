"""Every route of every service, called with every kind of key: the table in docs/access.md, row by row, on the real applications."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx2
import pytest

from services.datasets.settings import DatasetsSettings
from services.datasets.tables import Agency as DatasetsAgency
from services.finance.settings import FinanceSettings
from services.finance.tables import Agency as FinanceAgency
from services.notify.settings import NotifySettings
from services.reference.access import CALLERS, NO_KEY, UNBOUND, Access, Outcome, Owner, accesses
from services.tasks.settings import TasksSettings
from services.tasks.use_cases.agencies import record_agencies
from shared.agencies import record_agency
from shared.events.tasks import AgencyRecorded
from shared.http.routes import service_router
from shared.http.visibility import Visibility
from shared.runtime.clock import ManualClock
from tests.conftest import Reused
from tests.datasets.world import World as DatasetsService
from tests.finance.world import FinanceService, line_body
from tests.notify.world import World as NotifyService
from tests.notify.world import task as told_task
from tests.support.keys import authorization
from tests.support.reused import emptied
from tests.support.service import RunningService, settings_of
from tests.support.tasks import TasksService, new_task, record_basics, submission
from tests.support.writing import writing

UNIT, ABOVE, OTHER = "U01", "U00", "X00"
AGENCIES = (
    AgencyRecorded(code=ABOVE, name="Tỉnh Thử Nghiệm", bloc="province", level="province"),
    AgencyRecorded(code=UNIT, name="Sở Thử Nghiệm", bloc="province", level="province", parent_code=ABOVE),
    AgencyRecorded(code=OTHER, name="Tỉnh Khác Hẳn", bloc="province", level="province"),
)
BOUND = {Owner.ITSELF: UNIT, Owner.ABOVE: ABOVE, Owner.OTHER: OTHER}
REFUSALS = {"scope_missing", "other_tenant", "other_owner", "not_the_lead"}
URL = "https://nhan.example.vn/canh-bao"
ORDER = ("GET", "POST", "PATCH", "DELETE")  # what ends things comes last
EVIDENCE = [{"kind": "document", "reference": "12/QĐ", "title": "Quyết định"}]


class Datasets(DatasetsService):
    keys_carry_scopes = False


class Notify(NotifyService):
    keys_carry_scopes = False


@dataclass
class Suite:
    """The four services with one row of each kind that is about UNIT; `given` fills addresses, `marks` names its rows."""

    services: Mapping[str, RunningService]
    given: dict[str, Any] = field(default_factory=dict)

    def headers(self, caller: str) -> dict[str, str]:
        if caller == NO_KEY:
            return {}
        secrets = self.services["tasks"].settings.secrets
        role, agency = (caller, None) if caller in UNBOUND else ("agency", BOUND[Owner(caller)])
        return authorization(secrets, role, agency, defence_security=True)

    async def call(
        self, service: str, method: str, path: str, caller: str, **request: Any
    ) -> httpx2.Response:
        headers = self.headers(caller) | request.pop("headers", {})
        http = self.services[service].http
        return await http.request(method, f"/{service}/v1{path}", headers=headers, **request)

    async def make(self, service: str, path: str, body: Any, caller: str = "office") -> Any:
        answer = await self.call(service, "POST", path, caller, json=body)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
async def suite(reused: Reused, clock: ManualClock) -> AsyncIterator[Suite]:
    kinds: dict[str, tuple[type[RunningService], Any]] = {
        "tasks": (TasksService, TasksSettings),
        "datasets": (Datasets, DatasetsSettings),
        "finance": (FinanceService, FinanceSettings),
        "notify": (Notify, NotifySettings),
    }
    async with AsyncExitStack() as stack:
        services = {}
        for name, (kind, settings) in kinds.items():
            database = await stack.enter_async_context(emptied(await reused(name), f"dondoc-{name}"))
            running = kind.running(settings_of(settings), database, clock)
            services[name] = await stack.enter_async_context(running)
        suite = Suite(services)
        await _record(suite, clock)
        yield suite


async def _record(suite: Suite, clock: ManualClock) -> None:
    tasks, notify = suite.services["tasks"], suite.services["notify"]
    await record_basics(tasks.database, clock.now())
    async with writing(tasks.database) as session:
        await record_agencies(session, AGENCIES, clock.now())
    for name, table in (("datasets", DatasetsAgency), ("finance", FinanceAgency)):
        async with writing(suite.services[name].database) as session:
            for agency in AGENCIES:
                await record_agency(session, table, agency, version=1)
    lead = [{"agency_code": UNIT, "role": "lead"}, {"agency_code": "G12", "role": "direct"}]
    made = await suite.make("tasks", "/tasks", new_task(assignments=lead, priority="urgent"))
    report = await suite.make("tasks", f"/tasks/{made['id']}/submissions", submission(), Owner.ITSELF)
    database = {"code": "DB", "name": "Cơ sở dữ liệu", "kind": "sector", "owner_code": UNIT}
    await suite.make("datasets", "/databases", database)
    money = {"number": "1/QĐ", "issued_on": "2025-05-20", "effective_on": "2025-05-20"}
    lines = [line_body(10**9, UNIT), line_body(10**9, UNIT, field="defence_security")]
    decision = await suite.make("finance", "/decisions", money | {"kind": "approve", "lines": lines})
    claim = await suite.make("finance", "/claims", _claim(), Owner.ITSELF)
    assert isinstance(notify, Notify)
    await notify.receive(*AGENCIES)
    subscribed = await suite.make("notify", "/subscriptions", _subscription(), Owner.ITSELF)
    notify.go_to(date(2025, 5, 20))
    await notify.receive(told_task(date(2025, 5, 22), leads=(UNIT,)))
    notify.go_to(date(2025, 5, 21))
    assert await notify.raise_all() > 0
    [alert] = await notify.rows("SELECT id FROM alerts")
    [delivery] = await notify.rows("SELECT id FROM deliveries")
    suite.given |= {
        "task_id": made["id"],
        "submission_id": report["id"],
        "code": {"tasks": UNIT, "datasets": "DB"},
        "group": "localities",
        "decision_id": decision["id"],
        "claim_id": claim["id"],
        "subscription_id": subscribed["id"],
        "alert_id": str(alert.id),
        "delivery_id": str(delivery.id),
    }


def _claim() -> dict[str, Any]:
    whole = {"stage": "proposed", "year": 2025, "agency_code": UNIT, "level": "province", "nature": "capital"}
    return whole | {"field": "science_innovation", "amount": 5, "stated_on": "2025-05-20"}


def _subscription() -> dict[str, Any]:
    return {"url": URL, "agency_code": UNIT, "event_types": ["deadline.reminder", "deadline.due"]}


# --- how each route is called, and what names UNIT's row in its answer

BODIES: Mapping[str, Any] = {
    "POST /tasks/v1/deadline-readings": {"text": "Tháng 5/2025"},
    "POST /tasks/v1/tasks/{task_id}/submissions": submission(),
    "POST /datasets/v1/databases/{code}/declarations": {
        "phase": "building", "effective_on": "2025-05-20", "evidence": EVIDENCE,
    },
    "POST /datasets/v1/databases/{code}/quality-results": {
        "criterion": "live", "measured": 1, "threshold": 1, "passed": True, "as_of": "2025-05-20", "method": "Đo",
    },
    "POST /datasets/v1/databases/{code}/heartbeats": {
        "observed_at": "2025-05-20T08:00:00+07:00", "record_count": 1, "last_sync_at": None, "run_id": "1",
    },
    "POST /datasets/v1/heartbeats": {"heartbeats": [{
        "database_code": "DB", "observed_at": "2025-05-20T08:00:00+07:00", "record_count": 1, "last_sync_at": None,
        "run_id": "1",
    }]},
    "POST /datasets/v1/databases/{code}/maintenance": {
        "from": "2025-05-22T08:00:00+07:00", "until": "2025-05-22T09:00:00+07:00", "reason": "Nâng cấp",
    },
    "POST /finance/v1/claims": _claim(),
    "POST /finance/v1/statements/check": {"measure": "count", "total": "1", "parts": ["1"]},
    "POST /notify/v1/subscriptions": _subscription(),
    "PATCH /notify/v1/subscriptions/{subscription_id}": {"url": URL},
}  # fmt: skip
PARAMETERS: Mapping[str, dict[str, str]] = {
    "GET /datasets/v1/databases/{code}/intervals": {
        "from": "2025-05-19T00:00:00+07:00", "to": "2025-05-20T00:00:00+07:00",
    },
    "GET /finance/v1/balances": {"group_by": "agency"},
    "GET /finance/v1/disbursement": {"year": "2025", "group_by": "agency"},
}  # fmt: skip
MARKS: Mapping[str, str] = {
    "GET /tasks/v1/tasks": "task_id",
    "GET /tasks/v1/changes": "task_id",
    "GET /datasets/v1/databases": "code",
    "GET /datasets/v1/changes": "code",
    "GET /finance/v1/decisions": "decision_id",
    "GET /finance/v1/claims": "claim_id",
    "GET /finance/v1/balances": UNIT,
    "GET /finance/v1/disbursement": UNIT,
    "GET /finance/v1/changes": "decision_id",
    "GET /notify/v1/subscriptions": "subscription_id",
    "GET /notify/v1/alerts": "alert_id",
    "GET /notify/v1/reminders": UNIT,
    "GET /notify/v1/deliveries": "delivery_id",
    "GET /notify/v1/changes": "alert_id",
}


def _address(access: Access, given: Mapping[str, Any]) -> str:
    code = "localities" if "/groups/" in access.path else given["code"].get(access.service, "")
    address = access.path.replace("{code:path}", code).replace("{code}", code)
    return address.format(**given).removeprefix(f"/{access.service}/v1")


def _request(access: Access) -> dict[str, Any]:
    name = f"{access.method} {access.path}"
    request: dict[str, Any] = {"params": PARAMETERS.get(name, {})}
    if name in BODIES:
        request["json"] = BODIES[name]
    if access.method == "PATCH":
        request["headers"] = {"If-Match": "*"}
    return request


def _fault(access: Access, caller: str, answer: httpx2.Response, given: Mapping[str, Any]) -> str | None:
    """What is wrong with an answer, by the row of the table."""
    status, outcome = answer.status_code, access.outcome(caller)
    if outcome is Outcome.KEY_REQUIRED:
        return None if status == 401 else f"{status}"
    if outcome is Outcome.REFUSED:
        return None if status == 403 and answer.json()["code"] in REFUSALS else f"{status} {answer.text}"
    if status in {401, 403} or status >= 500 or (access.method == "GET" and status != 200):
        return f"{status} {answer.text}"
    if access.method != "GET" or access.visibility in {Visibility.PUBLIC, Visibility.OFFICE}:
        # a body that the route does not take is refused after the key
        return None if access.visibility is Visibility.OFFICE or status != 422 else answer.text
    return _content_fault(access, outcome, answer, given)


def _content_fault(
    access: Access, outcome: Outcome, answer: httpx2.Response, given: Mapping[str, Any]
) -> str | None:
    mark = MARKS.get(f"{access.method} {access.path}")
    if access.is_list:
        assert mark is not None, f"{access.path}: MARKS names nothing by which its rows are recognised"
        mark = given.get(mark, mark)
        mark = mark[access.service] if isinstance(mark, dict) else mark
        if (f'"{mark}"' in answer.text) is (outcome is Outcome.LEFT_OUT):
            return f"{mark} is {'there' if outcome is Outcome.LEFT_OUT else 'missing'}"
    if access.visibility is Visibility.PUBLIC_FORM:
        wanted = "public" if outcome is Outcome.PUBLIC_FORM else "full"
        told = answer.json()
        ours = [item for item in told.get("items", [told]) if mark is None or mark in json.dumps(item)]
        if [item["form"] for item in ours] != [wanted]:
            return f"the form is {ours}"
    return None


async def test_every_route_answers_every_caller_as_the_table_says(suite: Suite) -> None:
    faults = []
    for access in sorted(accesses(), key=lambda each: ORDER.index(each.method)):
        # who is refused comes first: nothing has changed then
        for caller in sorted(CALLERS, key=lambda each: access.outcome(each) is Outcome.WHOLE):
            answer = await suite.call(
                access.service, access.method, _address(access, suite.given), caller, **_request(access)
            )
            fault = _fault(access, caller, answer, suite.given)
            if fault is not None:
                faults.append(f"{access.method} {access.path}, {caller}: {fault}")
    assert faults == []


async def test_a_route_that_does_not_say_who_may_see_it_cannot_be_built() -> None:
    router = service_router("tasks")
    with pytest.raises(TypeError, match="who may see"):

        @router.get("/anything")
        async def anything() -> dict[str, str]:
            return {}
