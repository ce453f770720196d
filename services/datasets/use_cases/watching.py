"""Examining a database: its observed state and contradictions are worked out, and changes recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from services.datasets.domain.contradictions import Contradiction as FoundContradiction
from services.datasets.domain.contradictions import (
    ContradictionKind,
    Declarations,
    Declared,
    HeartbeatSummary,
    contradictions,
    description,
)
from services.datasets.domain.observation import Interval, Observed
from services.datasets.domain.spans import Span, merged
from services.datasets.domain.timelines import FAR, TimelinePart
from services.datasets.queries.declarations import load_declarations
from services.datasets.queries.downtime import load_downtimes
from services.datasets.queries.heartbeats import first_ending_heartbeat, summarise_heartbeats
from services.datasets.queries.observation import state_at
from services.datasets.tables import Contradiction, Watch
from services.datasets.use_cases.changes import Watched, lock_database, record_change
from shared.events import datasets as events
from shared.runtime.audit import SYSTEM, Actor
from shared.runtime.clock import local_date

MOST_STEPS = 1_000  # due examinations made up for in one call; past them only the present state is recorded


@dataclass(frozen=True, slots=True)
class WatchRules:
    """The operator's settings of the watch.

    Attributes:
        silent_after: silence longer than this contradicts a declared connection.
        downtime: a longer gap in our own liveness makes states unknown.
    """

    silent_after: timedelta
    downtime: timedelta


async def examine_database(
    session: AsyncSession,
    code: str,
    rules: WatchRules,
    *,
    at: datetime,
    until: datetime | None = None,
) -> Watched:
    """Examine a database up to `until`, recording each change in order, dated when it became true.

    `at` is the instant of recording, and the default of `until`.
    """
    return await examine(session, await lock_database(session, code), rules, at=at, until=until)


async def examine(
    session: AsyncSession,
    watched: Watched,
    rules: WatchRules,
    *,
    at: datetime,
    until: datetime | None = None,
    revises: bool = False,
) -> Watched:
    """As `examine_database`, of one that is locked already.

    `revises`: new facts may move or remove the beginning of the recorded state. A heartbeat within a time recorded as up
    does not: that state keeps its beginning.
    """
    watch = watched.watch
    now = max(until or at, watch.checked_at)
    connection = await session.connection()
    downtimes = await load_downtimes(connection, now, rules.downtime)
    declarations = await load_declarations(connection, watch.database_code)
    # states recorded for a span that turned out to be our own downtime are worked out anew
    revises = revises or any(span.until >= watch.checked_at for span in downtimes)
    examination = _Examination(session, connection, watched, rules, declarations, downtimes, at)
    steps = 0
    while watch.next_check_at is not None and watch.next_check_at < now and steps < MOST_STEPS:
        await examination.at(max(watch.next_check_at, watch.checked_at), revises=revises)
        steps += 1
    await examination.at(now, revises=revises)
    await session.flush()
    return watched


@dataclass
class _Examination:
    """Examines one database at one instant after the other."""

    session: AsyncSession
    connection: AsyncConnection
    watched: Watched
    rules: WatchRules
    declarations: Declarations
    downtimes: Sequence[Span]
    recorded_at: datetime

    async def at(self, instant: datetime, *, revises: bool) -> None:
        """Update the watch to an instant, and record what changed since."""
        watch = self.watched.watch
        is_up = watch.observed == Observed.UP and not revises
        part, interval = await state_at(
            self.connection,
            watch.database_code,
            instant,
            self.downtimes,
            up_since=watch.observed_since if is_up else None,
        )
        day = local_date(instant)
        declared = self.declarations.declared(day)
        heartbeats, next_heartbeat_at = await summarise_heartbeats(
            self.connection, watch.database_code, instant, declared.none_since
        )
        maintenances = merged(part.maintenances)
        uncounted = merged([*maintenances, *self.downtimes])
        found = self._contradictions(declared, heartbeats, part, uncounted)
        watch.checked_at = instant
        watch.phase, watch.ndc_connection = self.declarations.phase(day), self.declarations.connection(day)
        heard_before, watch.heard_until = watch.heard_until, part.heard_until
        _write_heartbeats(watch, heartbeats)
        _schedule(
            watch,
            interval,
            instant,
            [next_heartbeat_at, *_transitions(found), *(span.start for span in maintenances)],
        )
        await self._record_state(interval, heard_before)
        await self._record_contradictions(found, instant)
        watch.is_steady = (
            interval.state is Observed.UP and not self.watched.open and declared.none_since is None
        )

    def _contradictions(
        self, declared: Declared, heartbeats: HeartbeatSummary, part: TimelinePart, uncounted: Sequence[Span]
    ) -> list[FoundContradiction]:
        found = contradictions(
            declared,
            heartbeats,
            registered_at=part.registered_at,
            expected=part.expectation is not None,
            silent_after=self.rules.silent_after,
            uncounted=uncounted,
        )
        return list(found)

    async def _record_state(self, interval: Interval, heard_before: datetime | None) -> None:
        """Record a change; or, while still down, a new heartbeat, for which notify postpones its alert."""
        watch = self.watched.watch
        before, watch.observed, watch.observed_since = watch.observed, interval.state, interval.start
        if before != interval.state:
            detail = {"before": before, "after": interval.state, "at": interval.start}
            await self._record(events.DatabaseObserved, detail)
        elif interval.state is Observed.DOWN and watch.heard_until != heard_before:
            await self._record(events.DatabaseHeard, {})

    async def _record_contradictions(self, found: Sequence[FoundContradiction], instant: datetime) -> None:
        for recorded in tuple(self.watched.open):
            closed_at = await self._closed_at(recorded, found, instant)
            if closed_at is not None:
                await self._close(recorded, closed_at)
        open_kinds = {item.kind for item in self.watched.open}
        for item in found:
            if item.holds(instant) and item.kind not in open_kinds:
                await self._open(item, instant)

    async def _closed_at(
        self, recorded: Contradiction, found: Sequence[FoundContradiction], instant: datetime
    ) -> datetime | None:
        """The end of a recorded contradiction: by itself, by a later declaration, or by a heartbeat; None while it is open.

        The earliest end known at the time of recording. A recorded end is final: a heartbeat or declaration that arrives
        later, of an earlier time, does not move it.
        """
        kind = ContradictionKind(recorded.kind)
        present = next((item for item in found if item.kind is kind), None)
        if present is not None and present.holds(instant) and _is_same(recorded, present):
            return None
        ends = [
            self.declarations.until(kind, recorded.opened_at, local_date(instant)),
            await first_ending_heartbeat(self.connection, recorded, instant),
            present.until if present is not None else None,
        ]
        reached = [end for end in ends if end is not None and end <= instant]
        if not reached and kind is ContradictionKind.SENDING:
            return None  # neither a platform nor a connection was declared meanwhile
        # where nothing ended it, silence turned out not to count: it never held
        return max(recorded.opened_at, min(reached, default=recorded.opened_at))

    async def _open(self, item: FoundContradiction, instant: datetime) -> None:
        connection = self.watched.watch.ndc_connection if item.kind is ContradictionKind.SILENT else None
        row = Contradiction(
            id=uuid4(),
            database_code=self.watched.database.code,
            kind=item.kind,
            ndc_connection=connection,
            basis=item.basis,
            never_synchronised=item.never_synchronised,
            opened_at=item.opened_at,
            recorded_at=self.recorded_at,
            closed_at=None,
            closing_recorded_at=None,
        )
        self.session.add(row)
        self.watched.open.append(row)
        await self._record(events.DatabaseContradicted, _detail(row, instant))

    async def _close(self, row: Contradiction, closed_at: datetime) -> None:
        row.closed_at, row.closing_recorded_at = closed_at, self.recorded_at
        self.watched.open.remove(row)
        await self._record(events.DatabaseReconciled, _detail(row, closed_at) | {"closed_at": closed_at})

    async def _record(self, kind: type[events.DatabaseEvent], detail: dict[str, Any]) -> None:
        await record_change(self.session, self.watched, kind, detail, actor=SYSTEM, at=self.recorded_at)


def _is_same(recorded: Contradiction, found: FoundContradiction) -> bool:
    """True for the recorded contradiction: it did not open later, and has the same description."""
    was_never = recorded.never_synchronised and not found.never_synchronised
    return found.opened_at <= recorded.opened_at and not was_never


def _detail(row: Contradiction, instant: datetime) -> dict[str, Any]:
    kind, never = ContradictionKind(row.kind), row.never_synchronised
    vi, en = description(kind, row.ndc_connection, row.basis, instant, never_synchronised=never)
    return {
        "contradiction_id": row.id,
        "kind": row.kind,
        "opened_at": row.opened_at,
        "words_vi": vi,
        "words_en": en,
    }


def _write_heartbeats(watch: Watch, heartbeats: HeartbeatSummary) -> None:
    watch.last_heartbeat_at = heartbeats.last_at
    watch.last_sync_at = heartbeats.last_sync_at
    watch.record_count = heartbeats.record_count


def _transitions(found: Sequence[FoundContradiction]) -> Iterator[datetime | None]:
    for item in found:
        yield item.opened_at
        yield item.until


def _schedule(
    watch: Watch, interval: Interval, instant: datetime, transitions: Iterable[datetime | None]
) -> None:
    """Set the next examination: when silence would change the state, or anything else may change."""
    watch.silence_check_at = interval.until if interval.until < FAR else None
    watch.other_check_at = min((at for at in transitions if at is not None and at > instant), default=None)
    watch.next_check_at = min(
        (at for at in (watch.silence_check_at, watch.other_check_at) if at is not None), default=None
    )


async def record_and_examine(
    session: AsyncSession,
    watched: Watched,
    kind: type[events.DatabaseEvent],
    detail: Mapping[str, Any],
    rules: WatchRules,
    *,
    actor: Actor,
    at: datetime,
    revises: bool = False,
) -> None:
    """Record a change, then its effects on the observed state and on contradictions."""
    declarations = await load_declarations(await session.connection(), watched.database.code)
    today = local_date(at)
    watched.watch.phase = declarations.phase(today)
    watched.watch.ndc_connection = declarations.connection(today)
    await record_change(session, watched, kind, detail, actor=actor, at=at)
    await examine(session, watched, rules, at=at, revises=revises)
