"""Reading the timelines from which observed states are worked out: heartbeats as runs, and maintenance windows.

A database that sent two heartbeats in a row is up at the second whatever was before, so nothing older need be read.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import ARRAY, DateTime, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.observation import Expectation, Interval, Observed, Run
from services.datasets.domain.spans import Span, merged
from services.datasets.domain.timelines import ALWAYS, FAR, TICK, Timeline, TimelinePart

# A heartbeat with a zero count counts only before the first count above zero. At most 5,000 heartbeats are searched for
# two in a row: a database without such a pair among them is judged by those alone.
_LOAD = text(
    """
    WITH expectations AS (
        SELECT DISTINCT ON (database_code, holds_from) database_code, holds_from, period_seconds, grace_seconds
        FROM amendments
        WHERE sets_heartbeat AND recorded_at <= :known
          AND (CAST(:codes AS text[]) IS NULL OR database_code = ANY(:codes))
        ORDER BY database_code, holds_from, id DESC
    ), spans AS (
        SELECT database_code, period_seconds, grace_seconds, holds_from AS since,
               lead(holds_from, 1, :far) OVER following AS until, lead(holds_from, 2, :far) OVER following AS next_until
        FROM expectations WINDOW following AS (PARTITION BY database_code ORDER BY holds_from)
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

_HAS_MORE = text(
    """
    SELECT count(*) > :number FROM (
        SELECT FROM heartbeats
        WHERE database_code = :code AND observed_at >= :start AND observed_at < :until LIMIT :number + 1
    ) found
    """
).bindparams(*(bindparam(name, type_=DateTime(timezone=True)) for name in ("start", "until")))


async def has_more_heartbeats(connection: AsyncConnection, code: str, span: Span, number: int) -> bool:
    """True if the database was heard of more often than `number` times within the span, whenever that was recorded."""
    given = {"code": code, "start": span.start, "until": span.until, "number": number}
    return bool((await connection.execute(_HAS_MORE, given)).scalar_one())


async def load_timelines(
    connection: AsyncConnection,
    codes: Sequence[str] | None,
    *,
    at: datetime,
    until: datetime,
    known: datetime = FAR,
    all_maintenance: bool = False,
) -> list[Timeline]:
    """The timelines of some databases, or of all, for their states from `at` until `until`, by records up to `known`."""
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
        TimelinePart(
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
    return [Timeline(code, tuple(found)) for code, found in groupby(parts, key=lambda part: part.code)]


def _expectation(period: int | None, grace: int | None) -> Expectation | None:
    if period is None or grace is None:
        return None
    return Expectation(timedelta(seconds=period), timedelta(seconds=grace))


async def state_at(
    connection: AsyncConnection,
    code: str,
    instant: datetime,
    downtimes: Sequence[Span],
    *,
    known: datetime = FAR,
    up_since: datetime | None = None,
) -> tuple[TimelinePart, Interval]:
    """A database's state at an instant with its beginning, reading back as far as needed.

    `up_since`: the database is known to have been up from then on without a break.
    """
    part, interval = await _state_within(
        connection, code, instant, downtimes, until=FAR, known=known, up_since=up_since
    )
    start, agreed_since = interval.start, part.since
    while interval.state is not Observed.MAINTENANCE and agreed_since > ALWAYS and start <= agreed_since:
        if up_since is not None and up_since <= start and interval.state is Observed.UP:
            start = up_since
            break
        last = agreed_since - TICK
        before, earlier = await _state_within(connection, code, last, downtimes, until=last, known=known)
        if earlier.state is not interval.state:
            start = agreed_since
            break
        start, agreed_since = earlier.start, before.since
    return part, Interval(interval.state, start, interval.until)


async def _state_within(
    connection: AsyncConnection,
    code: str,
    instant: datetime,
    downtimes: Sequence[Span],
    *,
    until: datetime,
    known: datetime,
    up_since: datetime | None = None,
) -> tuple[TimelinePart, Interval]:
    """As `state_at`, as far back as one expectation holds; heartbeats after `until` are not read."""
    at = instant
    while True:
        [timeline] = await load_timelines(
            connection, [code], at=at, until=until, known=known, all_maintenance=True
        )
        part, interval = timeline.part_at(instant), timeline.at(instant, downtimes)
        if interval.state is Observed.MAINTENANCE:
            start = next(span.start for span in merged(part.maintenances) if span.until > instant)
            return part, Interval(interval.state, start, interval.until)
        if part.since > ALWAYS and interval.start <= part.since:
            return part, interval
        if not part.settled or part.origin is None or interval.start > part.origin:
            return part, interval
        if up_since is not None and up_since <= part.origin:
            return part, Interval(interval.state, up_since, interval.until)
        at = await _run_start(connection, part, known) - TICK


async def _run_start(connection: AsyncConnection, part: TimelinePart, known: datetime) -> datetime:
    assert part.expectation is not None  # noqa: S101 - without one no run is settled
    found = await connection.execute(
        _RUN_START,
        {
            "code": part.code,
            "at": part.origin,
            "known": known,
            "in_time": part.expectation.in_time,
        },
    )
    start = found.scalar_one()
    assert isinstance(start, datetime)  # noqa: S101 - a timestamptz
    return start
