"""What is declared and what was heard of one database, as contradictions are worked out from."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BindParameter, DateTime, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.contradictions import PASSED, Declared, Seen, declared
from services.datasets.domain.facts import EARLIEST, Criterion, Stated, in_force
from services.datasets.tables import Declaration, QualityResult
from shared.clock import local_instant


@dataclass(frozen=True, slots=True)
class Statements:
    """Every statement on one database: of its phase, its connection, and whether it is complete."""

    phases: tuple[Stated, ...]
    connections: tuple[Stated, ...]
    complete: tuple[Stated, ...]

    def declared(self, day: date) -> Declared:
        return declared(self.phases, self.connections, self.complete, day)

    def last_spoken(self, day: date) -> datetime:
        """The start of the latest day, up to this one, on which something else was said."""
        told = (in_force(said, day) for said in (self.phases, self.connections, self.complete))
        return max(
            (local_instant(stated.effective_on) for stated in told if stated is not None),
            default=local_instant(EARLIEST),
        )

    def phase(self, day: date) -> str | None:
        return _value(in_force(self.phases, day))

    def connection(self, day: date) -> str | None:
        return _value(in_force(self.connections, day))


def _value(stated: Stated | None) -> str | None:
    return None if stated is None else stated.value


_CODE: BindParameter[str] = bindparam("code")
_SAID = (
    select(Declaration.phase, Declaration.ndc_connection, Declaration.effective_on, Declaration.id)
    .where(Declaration.database_code == _CODE)
    .order_by(Declaration.id)
)
_COMPLETE = (
    select(QualityResult.passed, QualityResult.as_of, QualityResult.id)
    .where(QualityResult.database_code == _CODE, QualityResult.criterion == Criterion.COMPLETE)
    .order_by(QualityResult.id)
)


async def load_statements(connection: AsyncConnection, code: str) -> Statements:
    """All that is declared and assessed of a database by now."""
    said = (await connection.execute(_SAID, {"code": code})).all()
    results = (await connection.execute(_COMPLETE, {"code": code})).all()
    return Statements(
        tuple(Stated(row.phase, row.effective_on, row.id) for row in said if row.phase is not None),
        tuple(
            Stated(row.ndc_connection, row.effective_on, row.id)
            for row in said
            if row.ndc_connection is not None
        ),
        tuple(Stated(PASSED if row.passed else "failed", row.as_of, row.id) for row in results),
    )


_SEEN = text(
    """
    SELECT last.observed_at, last.last_sync_at, last.record_count, filled.at AS filled_at,
           CASE WHEN last.record_count = 0 THEN (
               SELECT min(observed_at) FROM heartbeats
               WHERE database_code = :code AND observed_at <= :at
                 AND (filled.at IS NULL OR observed_at > filled.at)
           ) END AS zero_since,
           (
               SELECT min(observed_at) FROM heartbeats
               WHERE database_code = :code AND observed_at <= :at AND observed_at >= :none_since
           ) AS first_since_none,
           (SELECT min(observed_at) FROM heartbeats WHERE database_code = :code AND observed_at > :at) AS next_at
    FROM (VALUES (1)) one
    LEFT JOIN LATERAL (
        SELECT observed_at, last_sync_at, record_count FROM heartbeats
        WHERE database_code = :code AND observed_at <= :at
        ORDER BY observed_at DESC, record_count DESC, run_id DESC LIMIT 1
    ) last ON true
    LEFT JOIN LATERAL (
        SELECT observed_at AS at FROM heartbeats
        WHERE database_code = :code AND observed_at <= :at AND record_count > 0
        ORDER BY observed_at DESC LIMIT 1
    ) filled ON last.record_count = 0
    """
).bindparams(*(bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "none_since")))


async def load_seen(
    connection: AsyncConnection, code: str, at: datetime, none_since: datetime | None
) -> tuple[Seen, datetime | None]:
    """What the heartbeats up to an instant say, and when the next one after it was observed."""
    asked = {"code": code, "at": at, "none_since": none_since}
    row = (await connection.execute(_SEEN, asked)).one()
    seen = Seen(
        last_at=row.observed_at,
        first_since_none=row.first_since_none,
        last_sync_at=row.last_sync_at,
        record_count=row.record_count,
        zero_since=row.zero_since,
        was_filled=row.filled_at is not None,
    )
    return seen, row.next_at
