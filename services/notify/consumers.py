"""Event type -> use case: what notify takes from the logs of the other services."""

from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.signals import SignalRules
from services.notify.tables import Agency
from services.notify.use_cases.budgets import follow_budget
from services.notify.use_cases.databases import follow_database
from services.notify.use_cases.tasks import follow_task
from shared.agencies import agency_handlers
from shared.events import datasets, finance, tasks
from shared.events.envelope import EventData
from shared.log.bus import DeadLetter, Source
from shared.log.inbox import Consumer, Delivery, Handler
from shared.runtime.clock import Clock
from shared.runtime.database import Database

CONTRACTS: Mapping[str, Mapping[str, type[EventData]]] = {
    "tasks": tasks.EVENTS,
    "datasets": datasets.EVENTS,
    "finance": finance.EVENTS,
}


def _of_tasks(clock: Clock, alert_hour: int) -> Mapping[str, Handler]:
    async def follow(session: AsyncSession, event: EventData, _: Delivery) -> None:
        assert isinstance(event, tasks.TaskEvent)  # noqa: S101 - the consumer parses by type
        await follow_task(session, event.task, now=clock.now(), hour=alert_hour)

    of_tasks = {
        event_type: follow
        for event_type, contract in tasks.EVENTS.items()
        if issubclass(contract, tasks.TaskEvent)
    }
    return {**agency_handlers(Agency), **of_tasks}


def _of_datasets(clock: Clock, rules: SignalRules) -> Mapping[str, Handler]:
    async def follow(session: AsyncSession, event: EventData, delivery: Delivery) -> None:
        assert isinstance(event, datasets.DatabaseEvent)  # noqa: S101 - as above
        await follow_database(session, event, told_at=delivery.time, now=clock.now(), rules=rules)

    return dict.fromkeys(datasets.EVENTS, follow)


def _of_finance(clock: Clock, alert_hour: int, rules: SignalRules) -> Mapping[str, Handler]:
    async def follow(session: AsyncSession, event: EventData, delivery: Delivery) -> None:
        assert isinstance(event, finance.BudgetChanged)  # noqa: S101 - as above
        await follow_budget(
            session, event.budget, told_at=delivery.time, now=clock.now(), hour=alert_hour, rules=rules
        )

    return {finance.BudgetChanged.event_type: follow}


def consumer(
    database: Database,
    source: Source,
    clock: Clock,
    alert_hour: int,
    dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None,
    *,
    rules: SignalRules | None = None,
) -> Consumer:
    """The consumer of one source, by its name: tasks, datasets or finance; the log of tasks needs no rules of signals."""
    rules = rules or SignalRules()
    handlers = {
        "tasks": _of_tasks(clock, alert_hour),
        "datasets": _of_datasets(clock, rules),
        "finance": _of_finance(clock, alert_hour, rules),
    }
    return Consumer(
        "notify", database, clock, source, CONTRACTS[source.name], handlers[source.name], dead_letter
    )
