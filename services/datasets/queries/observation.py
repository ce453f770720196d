"""What states are worked out from: heartbeats as runs, maintenance windows, and the spans in which we rested.

A database that sent two heartbeats in a row is up at the second whatever was before, so nothing older need be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ARRAY, DateTime, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.observation import Expectation, Interval, Observed, Run, observe
from services.datasets.domain.spans import Span, advance, merged

FAR = datetime(9000, 1, 1, tzinfo=UTC)  # the end of what is asked where nothing ends it
_TICK = timedelta(microseconds=1)

# A zero counts as a sign of life only before the first count above zero. Looking back for two heartbeats in a row ends
# after 5,000: a database that never once sent in time in so many is judged by those alone.
_LOAD = text(
    """
    SELECT d.code, d.recorded_at, d.period_seconds, d.grace_seconds, origin.at AS origin, settled.at IS NOT NULL AS settled,
           runs.firsts, runs.seconds, runs.lasts, quiet.starts, quiet.ends
    FROM databases d
    LEFT JOIN LATERAL (
        SELECT observed_at AS at FROM heartbeats
        WHERE database_code = d.code AND record_count > 0 AND recorded_at <= :known
        ORDER BY observed_at LIMIT 1
    ) filled ON true
    LEFT JOIN LATERAL (
        SELECT at FROM (
            SELECT at, at - lead(at) OVER (ORDER BY at DESC) AS gap FROM (
                SELECT DISTINCT observed_at AS at FROM heartbeats
                WHERE database_code = d.code AND observed_at <= :at AND recorded_at <= :known
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
                WHERE database_code = d.code AND observed_at <= :at AND recorded_at <= :known
                  AND (record_count > 0 OR filled.at IS NULL OR observed_at < filled.at)
                ORDER BY observed_at DESC LIMIT 5000
            ) instants
        ), (
            SELECT observed_at FROM heartbeats
            WHERE database_code = d.code AND observed_at > :at AND observed_at <= :until AND recorded_at <= :known
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
          AND (CAST(:all_maintenance AS boolean) OR ends_at > least(origin.at, :at))
    ) quiet ON true
    WHERE (CAST(:codes AS text[]) IS NULL OR d.code = ANY(:codes)) AND d.recorded_at <= :known
    """
).bindparams(
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "until", "known")),
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
    """What a database's state is worked out from. Nothing is told before `origin`, at which it is up where `settled`."""

    code: str
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
        return observe(
            self.runs,
            self.expectation,
            window,
            maintenances=self.maintenances,
            downtimes=downtimes,
            known_until=known_until,
        )

    def at(self, instant: datetime, downtimes: Sequence[Span]) -> Interval:
        """The state at an instant, and when it ends if nothing more is heard."""
        whole = self.intervals(Span(min(self.begin, instant), FAR), downtimes)
        return next(item for item in whole if item.start <= instant < item.until)


async def load_evidence(
    connection: AsyncConnection,
    codes: Sequence[str] | None,
    *,
    at: datetime,
    until: datetime,
    known: datetime = FAR,
    all_maintenance: bool = False,
) -> list[Evidence]:
    """Evidence of some databases, or of all, that tells their states from `at` until `until`, by what was known."""
    rows = await connection.execute(
        _LOAD,
        {
            "codes": None if codes is None else list(codes),
            "at": at,
            "until": until,
            "known": known,
            "all_maintenance": all_maintenance,
        },
    )
    return [
        Evidence(
            row.code,
            _expectation(row.period_seconds, row.grace_seconds),
            row.recorded_at,
            tuple(map(Run, row.firsts or (), row.seconds or (), row.lasts or ())),
            tuple(map(Span, row.starts or (), row.ends or ())),
            row.origin,
            row.settled,
        )
        for row in rows
    ]


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
        [evidence] = await load_evidence(
            connection, [code], at=at, until=FAR, known=known, all_maintenance=True
        )
        interval = evidence.at(instant, downtimes)
        if interval.state is Observed.MAINTENANCE:
            start = next(span.start for span in merged(evidence.maintenances) if span.until > instant)
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
