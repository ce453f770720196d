"""What states are worked out from: heartbeats as runs, maintenance windows, and the spans in which we rested.

A database that sent two heartbeats in a row is up at the second whatever was before, so nothing older need be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import ARRAY, DateTime, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.observation import Expectation, Interval, Observed, Run, add_interval, observe
from services.datasets.domain.spans import Span, advance, merged

FAR = datetime(9000, 1, 1, tzinfo=UTC)  # the end of what is asked where nothing ends it
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)  # since when what was registered holds
_TICK = timedelta(microseconds=1)

# A zero counts as a sign of life only before the first count above zero. Looking back for two heartbeats in a row ends
# after 5,000: a database that never once sent in time in so many is judged by those alone.
_LOAD = text(
    """
    WITH said AS (
        SELECT DISTINCT ON (database_code, holds_from) database_code, holds_from, period_seconds, grace_seconds
        FROM amendments
        WHERE speaks_of_heartbeat AND recorded_at <= :known
          AND (CAST(:codes AS text[]) IS NULL OR database_code = ANY(:codes))
        ORDER BY database_code, holds_from, id DESC
    ), spans AS (
        SELECT database_code, period_seconds, grace_seconds, holds_from AS since,
               lead(holds_from, 1, :far) OVER following AS until, lead(holds_from, 2, :far) OVER following AS next_until
        FROM said WINDOW following AS (PARTITION BY database_code ORDER BY holds_from)
    ), d AS (
        SELECT databases.code, databases.recorded_at, spans.period_seconds, spans.grace_seconds, spans.since, spans.until,
               least(greatest(CAST(:at AS timestamptz), spans.since), spans.until) AS at
        FROM databases JOIN spans ON spans.database_code = databases.code
        WHERE databases.recorded_at <= :known AND next_until > :at AND since <= :until
    )
    SELECT d.code, d.since, d.until, d.recorded_at, d.period_seconds, d.grace_seconds, origin.at AS origin,
           settled.at IS NOT NULL AS settled, runs.firsts, runs.seconds, runs.lasts, quiet.starts, quiet.ends
    FROM d
    LEFT JOIN LATERAL (
        SELECT observed_at AS at FROM heartbeats
        WHERE database_code = d.code AND record_count > 0 AND recorded_at <= :known
        ORDER BY observed_at LIMIT 1
    ) filled ON true
    LEFT JOIN LATERAL (
        SELECT at FROM (
            SELECT at, at - lead(at) OVER (ORDER BY at DESC) AS gap FROM (
                SELECT DISTINCT observed_at AS at FROM heartbeats
                WHERE database_code = d.code AND observed_at <= d.at AND recorded_at <= :known
                  AND (record_count > 0 OR filled.at IS NULL OR observed_at < filled.at)
                ORDER BY observed_at DESC LIMIT 5000
            ) instants
        ) gaps
        WHERE gap <= make_interval(secs => d.period_seconds + d.grace_seconds) ORDER BY at DESC LIMIT 1
    ) settled ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(settled.at, (
            SELECT min(at) FROM (
                SELECT observed_at AS at FROM heartbeats
                WHERE database_code = d.code AND observed_at <= d.at AND recorded_at <= :known
                  AND (record_count > 0 OR filled.at IS NULL OR observed_at < filled.at)
                ORDER BY observed_at DESC LIMIT 5000
            ) instants
        ), (
            SELECT observed_at FROM heartbeats
            WHERE database_code = d.code AND observed_at > d.at AND observed_at <= :until AND recorded_at <= :known
              AND (record_count > 0 OR filled.at IS NULL OR observed_at < filled.at)
            ORDER BY observed_at LIMIT 1
        )) AS at
    ) origin ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(first ORDER BY first) AS firsts, array_agg(second ORDER BY first) AS seconds,
               array_agg(last ORDER BY first) AS lasts
        FROM (
            SELECT min(at) AS first, min(at) FILTER (WHERE NOT begins) AS second, max(at) AS last
            FROM (
                SELECT at, begins, count(*) FILTER (WHERE begins) OVER (ORDER BY at) AS run
                FROM (
                    SELECT at, coalesce(
                        at - lag(at) OVER (ORDER BY at) > make_interval(secs => d.period_seconds + d.grace_seconds), true
                    ) AS begins
                    FROM (
                        SELECT DISTINCT observed_at AS at FROM heartbeats
                        WHERE database_code = d.code AND observed_at >= origin.at AND observed_at <= :until
                          AND recorded_at <= :known
                          AND (record_count > 0 OR filled.at IS NULL OR observed_at < filled.at)
                    ) instants
                ) marked
            ) numbered
            GROUP BY run
        ) grouped
    ) runs ON d.period_seconds IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT array_agg(starts_at) AS starts, array_agg(ends_at) AS ends FROM maintenances
        WHERE database_code = d.code AND recorded_at <= :known
          AND (CAST(:all_maintenance AS boolean) OR ends_at > least(origin.at, d.at))
    ) quiet ON true
    ORDER BY d.code, d.since
    """
).bindparams(
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "until", "known", "far")),
    bindparam("codes", type_=ARRAY(Text)),
)

_RUN_START = text(
    """
    SELECT at FROM (
        SELECT at, lead(at) OVER (ORDER BY at DESC) AS before FROM (
            SELECT DISTINCT observed_at AS at FROM heartbeats
            WHERE database_code = :code AND observed_at <= :at AND recorded_at <= :known
            ORDER BY observed_at DESC
        ) instants
    ) gaps
    WHERE before IS NULL OR at - before > :in_time ORDER BY at DESC LIMIT 1
    """
).bindparams(*(bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "known")))

_DOWNTIMES = text(
    """
    SELECT started_at AS start, least(ended_at, :known) AS until FROM downtimes WHERE known_from < :known
    UNION ALL
    SELECT at, :known FROM own_beats
    WHERE at + :downtime < :known AND real_at + :downtime < clock_timestamp()
    """
).bindparams(bindparam("known", type_=DateTime(timezone=True)))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a database's state is worked out from while one expectation holds, from `since` until `until`.

    Nothing is told before `origin`, at which it is up where `settled`.
    """

    code: str
    since: datetime
    until: datetime
    expectation: Expectation | None
    registered_at: datetime
    runs: tuple[Run, ...]
    maintenances: tuple[Span, ...]
    origin: datetime | None
    settled: bool

    @property
    def begin(self) -> datetime:
        """From when on states can be told."""
        if self.origin is None:
            return self.registered_at
        return self.origin if self.settled else min(self.origin, self.registered_at)

    @property
    def heard_until(self) -> datetime | None:
        """Until when the newest heartbeat vouches that the database lives, whatever was before it."""
        if self.expectation is None or not self.runs:
            return None
        return advance(self.runs[-1].last, self.expectation.in_time, merged(self.maintenances))

    def intervals(
        self, window: Span, downtimes: Sequence[Span], known_until: datetime | None = None
    ) -> list[Interval]:
        """The states of the part of a window in which the expectation holds; silence counts from its beginning on."""
        part = Span(max(window.start, self.since), min(window.until, self.until))
        if part.start >= part.until:
            return []
        before = [Span(ALWAYS, self.since)] if self.since > ALWAYS else []
        return observe(
            self.runs,
            self.expectation,
            part,
            maintenances=self.maintenances,
            downtimes=[*downtimes, *before],
            known_until=known_until,
        )


@dataclass(frozen=True, slots=True)
class History:
    """The evidence of a database, one for each expectation that matters to what was asked, in order."""

    code: str
    parts: tuple[Evidence, ...]

    def part_at(self, instant: datetime) -> Evidence:
        return next(part for part in self.parts if part.since <= instant < part.until)

    def intervals(
        self, window: Span, downtimes: Sequence[Span], known_until: datetime | None = None
    ) -> list[Interval]:
        """Intervals that cover a window exactly. What is up when an expectation changes stays up until silence tells."""
        found: list[Interval] = []
        before: Observed | None = None
        for part in self.parts:
            if part.until <= window.start:
                [*_, last] = part.intervals(Span(part.until - _TICK, part.until), downtimes, known_until)
                before = last.state
                continue
            for item in part.intervals(window, downtimes, known_until):
                before = Observed.UP if self._goes_on(part, item, before, known_until) else item.state
                add_interval(found, Interval(before, item.start, item.until))
        return found

    @staticmethod
    def _goes_on(
        part: Evidence, item: Interval, before: Observed | None, known_until: datetime | None
    ) -> bool:
        if part.since == ALWAYS or part.expectation is None or before is not Observed.UP:
            return False
        if known_until is not None and item.start >= known_until:
            return False
        return item.state is Observed.UNKNOWN and item.start < part.since + part.expectation.in_time

    def at(self, instant: datetime, downtimes: Sequence[Span]) -> Interval:
        """The state at an instant, and when it ends if nothing more is heard."""
        begin = min(self.part_at(instant).begin, instant)
        whole = self.intervals(Span(begin, FAR), downtimes)
        return next(item for item in whole if item.start <= instant < item.until)


async def load_evidence(
    connection: AsyncConnection,
    codes: Sequence[str] | None,
    *,
    at: datetime,
    until: datetime,
    known: datetime = FAR,
    all_maintenance: bool = False,
) -> list[History]:
    """Evidence of some databases, or of all, that tells their states from `at` until `until`, by what was known."""
    rows = await connection.execute(
        _LOAD,
        {
            "codes": None if codes is None else list(codes),
            "at": at,
            "until": until,
            "known": known,
            "all_maintenance": all_maintenance,
            "far": FAR,
        },
    )
    parts = (
        Evidence(
            row.code,
            row.since,
            row.until,
            _expectation(row.period_seconds, row.grace_seconds),
            row.recorded_at,
            tuple(map(Run, row.firsts or (), row.seconds or (), row.lasts or ())),
            tuple(map(Span, row.starts or (), row.ends or ())),
            row.origin,
            row.settled,
        )
        for row in rows
    )
    return [History(code, tuple(found)) for code, found in groupby(parts, key=lambda part: part.code)]


def _expectation(period: int | None, grace: int | None) -> Expectation | None:
    if period is None or grace is None:
        return None
    return Expectation(timedelta(seconds=period), timedelta(seconds=grace))


async def load_downtimes(connection: AsyncConnection, known: datetime, downtime: timedelta) -> list[Span]:
    """Spans in which a part of ours rested, the one under way included; each was told from its start + `downtime` on."""
    rows = await connection.execute(_DOWNTIMES, {"known": known, "downtime": downtime})
    return merged(Span(row.start, row.until) for row in rows)


async def state_at(
    connection: AsyncConnection,
    code: str,
    instant: datetime,
    downtimes: Sequence[Span],
    *,
    known: datetime = FAR,
    up_since: datetime | None = None,
) -> tuple[Evidence, Interval]:
    """A database's state at an instant and since when, looking back as far as that takes.

    `up_since` is told where the database is known to have been up from then on without a break.
    """
    at = instant
    while True:
        [history] = await load_evidence(
            connection, [code], at=at, until=FAR, known=known, all_maintenance=True
        )
        evidence, interval = history.part_at(instant), history.at(instant, downtimes)
        if interval.state is Observed.MAINTENANCE:
            start = next(span.start for span in merged(evidence.maintenances) if span.until > instant)
            return evidence, Interval(interval.state, start, interval.until)
        if evidence.since > ALWAYS and interval.start <= evidence.since:
            _, before = await state_at(connection, code, evidence.since - _TICK, downtimes, known=known)
            start = before.start if before.state is interval.state else evidence.since
            return evidence, Interval(interval.state, start, interval.until)
        if not evidence.settled or evidence.origin is None or interval.start > evidence.origin:
            return evidence, interval
        if up_since is not None and up_since <= evidence.origin:
            return evidence, Interval(interval.state, up_since, interval.until)
        at = await _run_start(connection, evidence, known) - _TICK


async def _run_start(connection: AsyncConnection, evidence: Evidence, known: datetime) -> datetime:
    assert evidence.expectation is not None  # noqa: S101 - without one no run is settled
    found = await connection.execute(
        _RUN_START,
        {
            "code": evidence.code,
            "at": evidence.origin,
            "known": known,
            "in_time": evidence.expectation.in_time,
        },
    )
    start = found.scalar_one()
    assert isinstance(start, datetime)  # noqa: S101 - the driver's word
    return start
