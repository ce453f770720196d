"""Loading at a first start: the catalogue of agencies and, by default, sample data of every service."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.cli.console import Stop
from services.datasets.settings import DatasetsSettings
from services.datasets.tables import Agency as DatasetsAgency
from services.datasets.use_cases import samples as datasets_samples
from services.datasets.use_cases.watching import WatchRules
from services.finance.tables import Agency as FinanceAgency
from services.finance.use_cases import samples as finance_samples
from services.register import REGISTER
from services.suite import Databases, SuiteSettings
from services.tasks.tables import Agency
from services.tasks.use_cases import samples as tasks_samples
from services.tasks.use_cases import seeding
from shared.agencies import AgencyCopy
from shared.log.bus.embedded import OutboxSource
from shared.runtime.audit import SYSTEM, add_audit, audit
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.loops import Loops

TIMEOUT_SECONDS = 60.0  # copying usually takes a tenth of a second
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class _Follower:
    """A service whose samples need its own copy of the agencies."""

    name: str
    agencies: type[AgencyCopy]
    load: Callable[[AsyncSession, SuiteSettings, datetime], Awaitable[None]]


async def _load_datasets(session: AsyncSession, settings: SuiteSettings, at: datetime) -> None:
    own = settings["datasets"]
    assert isinstance(own, DatasetsSettings)  # noqa: S101 - as registered
    rules = WatchRules(own.silent_after, own.downtime)
    await datasets_samples.load_samples(session, rules=rules, actor=SYSTEM, at=at)


async def _load_finance(session: AsyncSession, _: SuiteSettings, at: datetime) -> None:
    await finance_samples.load_samples(session, actor=SYSTEM, at=at)


FOLLOWERS = (
    _Follower("datasets", DatasetsAgency, _load_datasets),
    _Follower("finance", FinanceAgency, _load_finance),
)


async def seed(databases: Databases, settings: SuiteSettings, clock: Clock, *, samples: bool) -> None:
    """Load what is missing; an interrupted start is completed by the next, any other adds nothing.

    Whether samples are loaded is decided once, by the start that loads the catalogue.
    """
    async with databases.tasks.change(clock) as (session, now):
        new = await seeding.load_catalogue(session, actor=SYSTEM, at=now)
        if new and samples:
            await _load_tasks(session, settings, now)
            await _mark(session, "tasks", now)
    if not await _has_samples(databases.tasks):
        return
    for follower in FOLLOWERS:
        database = databases[follower.name]
        if await _has_samples(database):
            continue
        await _copy_agencies(follower, databases, settings, clock)
        async with database.change(clock) as (session, now):
            await follower.load(session, settings, now)
            await _mark(session, follower.name, now)


async def _load_tasks(session: AsyncSession, settings: SuiteSettings, at: datetime) -> None:
    before_includes_day = settings.tasks.before_includes_day
    await tasks_samples.load_samples(session, actor=SYSTEM, at=at, before_includes_day=before_includes_day)
    named = finance_samples.sample_communes()
    await seeding.load_communes(session, actor=SYSTEM, at=at, only=named)


async def _mark(session: AsyncSession, service: str, at: datetime) -> None:
    await add_audit(session, SYSTEM, "load", "samples", service, at=at)


async def _has_samples(database: Database) -> bool:
    marked = select(exists().where(audit.c.entity == "samples", audit.c.action == "load"))
    async with database.reading() as connection:
        return bool((await connection.execute(marked)).scalar_one())


async def _copy_agencies(
    follower: _Follower, databases: Databases, settings: SuiteSettings, clock: Clock
) -> None:
    """Consume the log of tasks into the follower's copy, as its own loop does, which starts only later."""
    database = databases[follower.name]
    source = OutboxSource("tasks", databases.tasks, database)
    name = f"{follower.name}-consume-tasks"
    consumer = REGISTER[follower.name].build_consumer(settings[follower.name], database, clock, source)
    loops = Loops({name: consumer.loop()})
    try:
        async with loops.running(), asyncio.timeout(TIMEOUT_SECONDS):
            while not await _is_copied(follower, databases):  # noqa: ASYNC110 - the loop does not report its progress
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        why = loops.liveness[name].trouble() or "dead letters"
        raise Stop(
            f"Bản sao cơ quan của {follower.name} chưa đủ sau {TIMEOUT_SECONDS:.0f} giây ({why}): xem nhật ký và "
            "`dondoc dead-letters list`, sửa nguyên nhân rồi chạy lại; phần còn thiếu sẽ được nạp tiếp.",
            f"The agencies' copy of {follower.name} is not complete after {TIMEOUT_SECONDS:.0f} s ({why}): see the log "
            "and `dondoc dead-letters list`, mend the cause and start again; what is missing is loaded then.",
        ) from None


async def _is_copied(follower: _Follower, databases: Databases) -> bool:
    async with databases.tasks.reading() as connection:
        known = await connection.scalar(select(func.count()).select_from(Agency))
    async with databases[follower.name].reading() as connection:
        return known == await connection.scalar(select(func.count()).select_from(follower.agencies))
