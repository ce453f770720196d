"""A notify service for tests: the events that it receives, its clock, and what its API answers."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.notify.main import SERVICE
from services.notify.settings import NotifySettings
from services.notify.use_cases.deliveries.leases import expire_leases
from services.notify.worker import raise_batches
from services.notify.worker.deliveries import DeliveryWorker
from services.notify.worker.upkeep import cancel_all_unsubscribed
from shared.events import tasks
from shared.events.envelope import CloudEvent, EventData, service_of
from shared.runtime.clock import ManualClock, local_instant
from shared.runtime.database import Database
from tests.support.keys import authorization
from tests.support.service import RunningService, checked

AGGREGATES = ("task", "database", "budget")
SCOPES = ("notify.read", "notify.subscribe", "notify.manage", "metrics.read")


def task(
    due_on: date | None,
    *,
    id_: UUID | None = None,
    version: int = 1,
    revision: int = 1,
    leads: Sequence[str] = ("G12",),
    **changes: Any,
) -> tasks.TaskState:
    deadline = tasks.DeadlineState(revision=revision, text="Tháng 5/2025", kind="month", due_on=due_on)
    whole = {
        "id": id_ or uuid4(),
        "version": version,
        "title": "Xây dựng Đề án đánh giá mức độ hoàn thành nhiệm vụ chuyển đổi số.",
        "programme": "NQ57",
        "kind": "dated",
        "state": "open",
        "deliverable": "Đề án",
        "deadline": deadline,
        "assignments": tuple(tasks.AssignmentState(agency_code=code, role="lead") for code in leads),
    }
    return tasks.TaskState(**(whole | changes))


def agency(code: str, name: str, parent: str | None = None) -> tasks.AgencyRecorded:
    return tasks.AgencyRecorded(code=code, name=name, bloc="government", level="central", parent_code=parent)


def event(data: EventData, *, version: int, at: datetime) -> CloudEvent:
    return CloudEvent(
        id=uuid4(),
        source=f"/dondoc/{service_of(data.event_type)}",
        type=data.event_type,
        subject=data.subject(),
        time=at,
        sequence=str(version),
        data=data.model_dump(mode="json"),
    )


@dataclass
class World(RunningService):
    keys: dict[str | None, str] = field(default_factory=dict)

    service = SERVICE
    keys_carry_scopes = True

    @classmethod
    async def open(
        cls, database: Database, clock: ManualClock, settings: NotifySettings, stack: AsyncExitStack
    ) -> "World":
        world = await stack.enter_async_context(cls.running(settings, database, clock))
        await world.receive(agency("GOV", "Chính phủ"), agency("G12", "Bộ Nội vụ", "GOV"))
        return world

    # --- events

    async def receive(self, *changes: EventData | tasks.TaskState | CloudEvent) -> None:
        """Consume events of one service as one batch; the bare state of a task becomes an amendment."""
        events = tuple(self._event(change) for change in changes)
        await self.consume(*events)

    def _event(self, change: EventData | tasks.TaskState | CloudEvent) -> CloudEvent:
        if isinstance(change, CloudEvent):
            return change
        if isinstance(change, tasks.TaskState):
            change = tasks.TaskAmended(task=change, changed=("title",))
        aggregate = next((getattr(change, name) for name in AGGREGATES if hasattr(change, name)), None)
        version = 1 if aggregate is None else aggregate.version
        return event(change, version=version, at=self.clock.now())

    # --- its clock and its loops

    def go_to(self, day: date, hour: int = 8) -> None:
        self.clock.move_to(local_instant(day, hour))

    async def raise_all(self) -> int:
        """Everything due now becomes alerts; how many."""
        total = 0
        while raised := await raise_batches(self.database, self.clock, self.settings):
            total += raised
        return total

    async def deliver(self) -> int:
        """One round: what is due now is sent, and its answers waited for; the number of calls."""
        worker = DeliveryWorker(self.database, self.clock, self.settings)
        await cancel_all_unsubscribed(self.database, self.clock)
        async with self.database.bookkeeping() as session:
            await expire_leases(session)
        try:
            started = await worker.lease_due()
            await worker.settle()
        finally:
            await worker.close()
        return started

    # --- its API

    async def key(self, tenant: str | None, *scopes: str) -> dict[str, str]:
        """Authorization of a key bound to `tenant`."""
        return authorization(self.settings.secrets, " ".join(scopes or SCOPES), tenant)

    async def authorization(self, tenant: str | None = None) -> dict[str, str]:
        if tenant not in self.keys:
            self.keys[tenant] = (await self.key(tenant))["Authorization"]
        return {"Authorization": self.keys[tenant]}

    async def call(
        self, method: str, path: str, *, tenant: str | None = None, status: int = 200, **request: Any
    ) -> Any:
        """Ask the API with a key of `tenant` that may do everything; the JSON answer, its status checked."""
        return checked(await self.send(method, path, tenant=tenant, **request), status)

    async def subscribe(self, url: str, agency_code: str | None = "G12", **more: Any) -> Any:
        body = {"url": url, "agency_code": agency_code} | more
        return await self.call("POST", "/subscriptions", json=body, status=201)

    async def items(self, path: str, **request: Any) -> list[Any]:
        page = await self.call("GET", path, **request)
        items = page["items"]
        assert isinstance(items, list)
        return items

    async def reminders(self, kind: str, key: object = None, status: str | None = None) -> list[Any]:
        """The reminders about a kind of subject, or about one, in the order in which they come due."""
        wanted = {"subject_kind": kind, "subject": key and str(key), "status": status, "limit": 200}
        given = {name: value for name, value in wanted.items() if value is not None}
        return await self.items("/reminders", params=given)

    async def milestones(self, task_id: UUID, status: str | None = None) -> list[tuple[str, str, str]]:
        """(milestone, status, reason) in the order in which they come due."""
        found = await self.reminders("task", task_id, status)
        return [(item["facts"]["milestone"], item["status"], item["reason"]) for item in found]
