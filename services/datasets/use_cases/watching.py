"""Examining a database: its observed state and contradictions are worked out, and changes recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from services.datasets.domain.contradictions import Contradiction as Found
from services.datasets.domain.contradictions import (
    ContradictionKind,
    Seen,
    contradictions,
    words,
)
from services.datasets.domain.observation import Interval, Observed
from services.datasets.domain.spans import Span, merged
from services.datasets.domain.timelines import FAR
from services.datasets.queries.declarations import Statements, load_statements
from services.datasets.queries.downtime import load_downtimes
from services.datasets.queries.heartbeats import heard_otherwise, load_seen
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
        silent_after: how long silence contradicts no declared connection.
        downtime: a longer gap in our own liveness makes states unknown.
    """

    silent_after: timedelta
    downtime: timedelta


async def watch_database(
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
    return await bring_up(session, await lock_database(session, code), rules, at=at, until=until)


async def bring_up(
    session: AsyncSession,
    watched: Watched,
    rules: WatchRules,
    *,
    at: datetime,
    until: datetime | None = None,
    before: bool = False,
) -> Watched:
    """As `watch_database`, of one that is locked already.

    `before`: new facts may move or remove the beginning of a recorded state. A heartbeat within a time recorded as up
    does not: that state keeps its beginning.
    """
    watch = watched.watch
    now = max(until or at, watch.checked_at)
    connection = await session.connection()
    downtimes = await load_downtimes(connection, now, rules.downtime)
    statements = await load_statements(connection, watch.database_code)
    # states recorded for a span that turned out to be our own downtime are worked out anew
    before = before or any(span.until >= watch.checked_at for span in downtimes)
    look = _Look(session, connection, watched, rules, statements, downtimes, at)
    steps = 0
    while watch.next_check_at is not None and watch.next_check_at < now and steps < MOST_STEPS:
        await look.at(max(watch.next_check_at, watch.checked_at), before=before)
        steps += 1
    await look.at(now, before=before)
    await session.flush()
    return watched


@dataclass
class _Look:
    """Examines one database at one instant after the other."""

    session: AsyncSession
    connection: AsyncConnection
    watched: Watched
    rules: WatchRules
    statements: Statements
    downtimes: Sequence[Span]
    recorded_at: datetime

    async def at(self, instant: datetime, *, before: bool) -> None:
        """Update the watch to an instant, and record what changed since."""
        watch = self.watched.watch
        is_up = watch.observed == Observed.UP and not before
        part, interval = await state_at(
            self.connection,
            watch.database_code,
            instant,
            self.downtimes,
            up_since=watch.observed_since if is_up else None,
        )
        day = local_date(instant)
        told = self.statements.declared(day)
        seen, next_beat = await load_seen(self.connection, watch.database_code, instant, told.none_since)
        quiet = merged(part.maintenances)
        found = list(
            contradictions(
                told,
                seen,
                registered_at=part.registered_at,
                expected=part.expectation is not None,
                silent_after=self.rules.silent_after,
                uncounted=merged([*quiet, *self.downtimes]),
            )
        )
        watch.checked_at = instant
        watch.phase, watch.ndc_connection = self.statements.phase(day), self.statements.connection(day)
        heard_before, watch.heard_until = watch.heard_until, part.heard_until
        _write_seen(watch, seen)
        _plan(watch, interval, instant, [next_beat, *_turns(found), *(span.start for span in quiet)])
        await self._tell_state(interval, heard_before)
        await self._tell_contradictions(found, instant)
        watch.is_plain = interval.state is Observed.UP and not self.watched.open and told.none_since is None

    async def _tell_state(self, interval: Interval, heard_before: datetime | None) -> None:
        """Record a change; or, while still down, a new heartbeat, for which notify postpones its alert."""
        watch = self.watched.watch
        before, watch.observed, watch.observed_since = watch.observed, interval.state, interval.start
        if before != interval.state:
            detail = {"before": before, "after": interval.state, "at": interval.start}
            await self._tell(events.DatabaseObserved, detail)
        elif interval.state is Observed.DOWN and watch.heard_until != heard_before:
            await self._tell(events.DatabaseHeard, {})

    async def _tell_contradictions(self, found: Sequence[Found], instant: datetime) -> None:
        for known in tuple(self.watched.open):
            closed_at = await self._closed_at(known, found, instant)
            if closed_at is not None:
                await self._close(known, closed_at)
        already = {item.kind for item in self.watched.open}
        for item in found:
            if item.holds(instant) and item.kind not in already:
                await self._open(item, instant)

    async def _closed_at(
        self, known: Contradiction, found: Sequence[Found], instant: datetime
    ) -> datetime | None:
        """When a recorded contradiction ended: by itself, by a later declaration, or by a heartbeat; None for not yet.

        It is dated by the earliest end known when it is recorded. A recorded end stays: a heartbeat or a statement that
        arrives later, of an earlier time, does not move it.
        """
        kind = ContradictionKind(known.kind)
        now = next((item for item in found if item.kind is kind), None)
        if now is not None and now.holds(instant) and _is_same(known, now):
            return None
        ends = [
            self.statements.until(kind, known.opened_at, local_date(instant)),
            await heard_otherwise(self.connection, known, instant),
            now.until if now is not None else None,
        ]
        told = [end for end in ends if end is not None and end <= instant]
        if not told and kind is ContradictionKind.SENDING:
            return None  # neither a platform nor a connection was declared meanwhile
        # where nothing ended it, silence turned out not to count: it never held
        return max(known.opened_at, min(told, default=known.opened_at))

    async def _open(self, item: Found, instant: datetime) -> None:
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
        await self._tell(events.DatabaseContradicted, _said(row, instant))

    async def _close(self, row: Contradiction, closed_at: datetime) -> None:
        row.closed_at, row.closing_recorded_at = closed_at, self.recorded_at
        self.watched.open.remove(row)
        await self._tell(events.DatabaseReconciled, _said(row, closed_at) | {"closed_at": closed_at})

    async def _tell(self, kind: type[events.DatabaseEvent], detail: dict[str, Any]) -> None:
        await record_change(self.session, self.watched, kind, detail, actor=SYSTEM, at=self.recorded_at)


def _is_same(known: Contradiction, now: Found) -> bool:
    """Whether a contradiction is the recorded one: it did not open later, and is worded alike."""
    was_never = known.never_synchronised and not now.never_synchronised
    return now.opened_at <= known.opened_at and not was_never


def _said(row: Contradiction, instant: datetime) -> dict[str, Any]:
    kind, never = ContradictionKind(row.kind), row.never_synchronised
    vi, en = words(kind, row.ndc_connection, row.basis, instant, never_synchronised=never)
    return {
        "contradiction_id": row.id,
        "kind": row.kind,
        "opened_at": row.opened_at,
        "words_vi": vi,
        "words_en": en,
    }


def _write_seen(watch: Watch, seen: Seen) -> None:
    watch.last_heartbeat_at = seen.last_at
    watch.last_sync_at = seen.last_sync_at
    watch.record_count = seen.record_count


def _turns(found: Sequence[Found]) -> Iterator[datetime | None]:
    for item in found:
        yield item.opened_at
        yield item.until


def _plan(watch: Watch, interval: Interval, instant: datetime, turns: Iterable[datetime | None]) -> None:
    """Set the next examination: when silence would change the state, or anything else may change."""
    watch.silence_check_at = interval.until if interval.until < FAR else None
    watch.other_check_at = min((turn for turn in turns if turn is not None and turn > instant), default=None)
    watch.next_check_at = min(
        (turn for turn in (watch.silence_check_at, watch.other_check_at) if turn is not None), default=None
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
    before: bool = False,
) -> None:
    """Record a change, then its effects on the observed state and on contradictions."""
    statements = await load_statements(await session.connection(), watched.database.code)
    today = local_date(at)
    watched.watch.phase = statements.phase(today)
    watched.watch.ndc_connection = statements.connection(today)
    await record_change(session, watched, kind, detail, actor=actor, at=at)
    await bring_up(session, watched, rules, at=at, before=before)
