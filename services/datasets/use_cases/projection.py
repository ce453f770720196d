"""Comparing what watches say of declarations and quality with the records, and writing anew what differs.

What they say of heartbeats is worked out again by the next examination, which is due at once for a watch that differed.
"""

from dataclasses import dataclass

from sqlalchemy import text

from shared.runtime.database import Database

# A statement sees records and watches as of one moment, and a change writes both. None is dated ahead.
_BY_RECORDS = """
    SELECT code,
           (SELECT phase FROM declarations WHERE database_code = code AND phase IS NOT NULL
            ORDER BY effective_on DESC, id DESC LIMIT 1) AS phase,
           (SELECT ndc_connection FROM declarations WHERE database_code = code AND ndc_connection IS NOT NULL
            ORDER BY effective_on DESC, id DESC LIMIT 1) AS ndc_connection,
           coalesce((SELECT NOT bool_and(passed) FROM (
               SELECT DISTINCT ON (criterion) passed FROM quality_results WHERE database_code = code
               ORDER BY criterion, as_of DESC, id DESC
           ) AS latest), false) AS fails
    FROM databases
"""
_DIFFERS = """
    (watches.phase, watches.ndc_connection, watches.fails) IS DISTINCT FROM (found.phase, found.ndc_connection, found.fails)
"""
_COMPARE = text(
    f"""
    SELECT count(*) AS databases, count(*) FILTER (WHERE {_DIFFERS}) AS differing
    FROM ({_BY_RECORDS}) AS found JOIN watches ON database_code = code
    """  # noqa: S608 - SQL of this file
)
_LOCK = text("SELECT FROM watches ORDER BY database_code FOR NO KEY UPDATE")
_REBUILD = text(
    f"""
    UPDATE watches
    SET phase = found.phase, ndc_connection = found.ndc_connection, fails = found.fails,
        next_check_at = least(next_check_at, checked_at)
    FROM ({_BY_RECORDS}) AS found
    WHERE database_code = code AND {_DIFFERS}
    """  # noqa: S608 - SQL of this file
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Numbers of databases that were compared, and of watches that differed."""

    databases: int
    differing: int


async def compare_watches(database: Database) -> Comparison:
    """Compare watches with the records, and write nothing."""
    async with database.reading() as connection:
        return Comparison(*(await connection.execute(_COMPARE)).one())


async def rebuild_watches(database: Database) -> Comparison:
    """Write anew what differs from the records; `differing` is how many watches did."""
    async with database.bookkeeping() as session:
        await session.execute(_LOCK)
        found = Comparison(*(await session.execute(_COMPARE)).one())
        await session.execute(_REBUILD)
    return found
