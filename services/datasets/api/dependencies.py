"""Dependencies of the routes: rules from the settings, scopes, and stable reads."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.days import EARLIEST
from services.datasets.schemas.days import Day
from services.datasets.use_cases.heartbeats import SentHeartbeat, record_steady
from services.datasets.use_cases.watching import WatchRules
from shared.http.auth import Caller
from shared.http.routes import Context, CurrentContext, rules_of, with_scope
from shared.http.stable_reads import KnownAt, StableRead, check_known_at, current_read, stable_read
from shared.http.visibility import Visibility
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.group_commit import GroupCommit
from shared.runtime.rate_limits import RateLimit


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's settings: watch rules, tolerated clock difference, longest maintenance, heartbeats by database."""

    watch: WatchRules
    skew: timedelta
    longest_maintenance: timedelta
    heartbeats: RateLimit


MANAGE = "datasets.manage"
CurrentRules = Annotated[Rules, Depends(rules_of(Rules))]
READ = "datasets.read"
Reader = Annotated[Caller, with_scope(READ, Visibility.PUBLIC)]
DatabaseReader = Annotated[Caller, with_scope(READ, Visibility.PUBLIC_FORM)]
ConcernedReader = Annotated[Caller, with_scope(READ, Visibility.CONCERNED)]
Reporter = Annotated[Caller, with_scope("datasets.report", Visibility.CONCERNED)]


async def office(caller: Annotated[Caller, with_scope(MANAGE, Visibility.OFFICE)]) -> Caller:
    """Refuses keys that are bound to an agency: a list holds databases of many agencies."""
    caller.require_tenant(None)
    return caller


def is_office(caller: Caller) -> bool:
    return caller.tenant is None and caller.may(MANAGE)


Manager = Annotated[Caller, Depends(office)]
MOST_GROUPED = 200  # heartbeats of one transaction: a few milliseconds, which its callers wait for


def heartbeat_intake(database: Database, clock: Clock, skew: timedelta) -> GroupCommit[SentHeartbeat, bool]:
    """Group commit of heartbeats that change no state; the result is false for one that has to be recorded by itself."""

    async def commit(sent: Sequence[SentHeartbeat]) -> list[bool]:
        async with database.change(clock) as (session, at):
            steady = await record_steady(session, sent, skew=skew, at=at)
        return [each.key in steady for each in sent]

    return GroupCommit(commit, MOST_GROUPED)


async def current_intake(
    request: Request, context: CurrentContext, rules: CurrentRules
) -> GroupCommit[SentHeartbeat, bool]:
    state = request.app.state
    if not hasattr(state, "heartbeat_intake"):
        state.heartbeat_intake = heartbeat_intake(context.database, context.clock, rules.skew)
    found = state.heartbeat_intake
    assert isinstance(found, GroupCommit)  # noqa: S101 - app.state is untyped
    return found


CurrentIntake = Annotated[GroupCommit[SentHeartbeat, bool], Depends(current_intake)]
CodeInPath = Annotated[str, Path(max_length=64)]
CodeInQuery = Annotated[str | None, Query(max_length=64)]
DayAsked = Annotated[Day | None, Query(description="the day asked about; today by default")]


class KnownRead(NamedTuple):
    """A snapshot for a query without a day; the same `known_at` always gives the same answer."""

    connection: AsyncConnection
    known_at: datetime


@asynccontextmanager
async def known_read(context: Context, known_at: datetime | None) -> AsyncIterator[KnownRead]:
    check_known_at(known_at, EARLIEST)
    async with context.database.stable_snapshot(context.clock, known_at) as (connection, moment):
        yield KnownRead(connection, moment.known_at)


async def read_known(context: CurrentContext, known_at: KnownAt = None) -> AsyncIterator[KnownRead]:
    async with known_read(context, known_at) as known:
        yield known


async def read_stably(
    context: CurrentContext, as_of: DayAsked = None, known_at: KnownAt = None
) -> AsyncIterator[StableRead]:
    async with stable_read(context, as_of, known_at, EARLIEST) as stable:
        yield stable


async def read_currently(
    context: CurrentContext, as_of: DayAsked = None, known_at: KnownAt = None
) -> AsyncIterator[StableRead]:
    async with current_read(context, as_of, known_at, EARLIEST) as current:
        yield current


Known = Annotated[KnownRead, Depends(read_known, scope="function")]
Stable = Annotated[StableRead, Depends(read_stably, scope="function")]
Current = Annotated[StableRead, Depends(read_currently, scope="function")]
