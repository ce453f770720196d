"""Tasks by the thousand, written by SQL into the service's own tables, the same ones for the same day.

3,399 agencies of the catalogue, 2,000 documents, seven programmes. Of each fifty tasks one is a group's with ten members'. A
task has one leading and one coordinating agency, half of them central bodies and provinces, half communes. Due dates lie
from two and a half years ago to a year and a half ahead; what is past is done on time (85%), done late (14%) or overdue.
One deadline in sixteen was extended.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import asyncpg
from sqlalchemy import URL, text

from bench.common import Run, migrated, raw_connections
from services.tasks.use_cases.generating import DELIVERABLES, FIELDS, THINGS, VERBS
from services.tasks.use_cases.seeding import load_catalogue, load_communes
from shared.document_numbers import normal_form, similar_form
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import local_date
from shared.runtime.database import Database
from shared.text.folding import fold
from tests.support.writing import run_alone, writing

PROGRAMMES = 7
DOCUMENTS = 2_000
EACH = 50  # of which the first is a group's task, the next ten its members'
DOCUMENT = "77/KH-VP"  # one of them
DUE_SOON_DAYS = 7  # the default of DONDOC_DUE_SOON_DAYS

_PROGRAMMES = """
    INSERT INTO programmes (code, normal_form, similar_form, title, version, recorded_at)
    SELECT code, normal, alike, 'Nghị quyết ' || code, 1, timestamptz '2020-01-01'
    FROM unnest(CAST(:codes AS text[]), CAST(:normal_forms AS text[]), CAST(:similar_forms AS text[])) AS n (code, normal, alike)
"""
_DOCUMENTS = """
    INSERT INTO documents (code, normal_form, similar_form, type, issued_on, title, version, recorded_at)
    SELECT code, normal, alike, 'Kế hoạch', date '2020-01-01', 'Kế hoạch ' || code, 1, timestamptz '2020-01-01'
    FROM unnest(CAST(:codes AS text[]), CAST(:normal_forms AS text[]), CAST(:similar_forms AS text[])) AS n (code, normal, alike)
"""
_AGENCIES = (
    # numbers of the agencies: large ones from 0 on, communes from 0 on
    """
    CREATE TABLE bench_agencies AS
    SELECT code, level = 'commune' AS is_commune, level = 'province' AS is_province,
           row_number() OVER (PARTITION BY level = 'commune' ORDER BY level, code) - 1 AS n
    FROM agencies
    """,
    "CREATE UNIQUE INDEX ON bench_agencies (is_commune, n)",
    (
        "CREATE FUNCTION bench_draw(n bigint, of integer, below bigint) RETURNS integer IMMUTABLE LANGUAGE sql"
        " RETURN (hashint8extended(n, of) & 1048575) % below"
    ),
)
# What a task will be, in a table of the batch. `like_n`: whose dates it has, a member those of its group's task.
_MAKE = """
CREATE UNLOGGED TABLE bench_made AS
WITH numbered AS (
    SELECT n, gen_random_uuid() AS id, n % :each = 0 AS is_parent, n % :each BETWEEN 1 AND 10 AS is_member,
           CASE WHEN n % :each <= 10 THEN n - n % :each ELSE n END AS like_n
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
), dated AS (
    SELECT *, CAST(:today AS date) - 1 - bench_draw(like_n, 1, 1000) AS assigned_on,
           NOT is_parent AND NOT is_member AND bench_draw(n, 3, 1000) < 50 AS is_standing
    FROM numbered
), due AS (
    SELECT *, CASE WHEN NOT is_standing THEN assigned_on + 30 + bench_draw(like_n, 2, 512) END AS due_on,
           NOT is_parent AND NOT is_member AND bench_draw(n, 4, 1000) < 3 AS is_cancelled, bench_draw(n, 5, 1000) AS luck
    FROM dated
), done AS (
    SELECT *, CASE
        WHEN is_parent OR is_standing OR is_cancelled THEN NULL
        WHEN due_on < :today AND luck < 850 THEN due_on - bench_draw(n, 6, 16)
        WHEN due_on < :today AND luck < 994 THEN least(CAST(:today AS date) - 1, due_on + 1 + bench_draw(n, 6, 32))
        WHEN due_on >= :today AND luck < 100 THEN greatest(assigned_on, CAST(:today AS date) - 1 - bench_draw(n, 6, 32))
        END AS own_completed_on
    FROM due
)
SELECT *, CASE WHEN is_parent THEN CASE
           WHEN bool_and(own_completed_on IS NOT NULL) FILTER (WHERE is_member) OVER whole
           THEN max(own_completed_on) FILTER (WHERE is_member) OVER whole END ELSE own_completed_on END AS completed_on,
       first_value(id) OVER whole AS first_id,
       NOT is_parent AND NOT is_member AND NOT is_standing AND n % 16 = 0 AND assigned_on + 5 < :today AS is_extended,
       1 + bench_draw(n, 8, array_length(CAST(:titles AS text[]), 1)) AS words,
       1 + bench_draw(n, 9, array_length(CAST(:deliverables AS text[]), 1)) AS product
FROM done
WINDOW whole AS (PARTITION BY like_n / :each, n % :each <= 10 ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
"""
_FILL = (
    """
    INSERT INTO tasks (id, title, search_text, programme_code, kind, state, deliverable, priority, parent_id, children_count,
                       assigned_on, due_on, completed_on, recorded_at, version)
    SELECT id, (CAST(:titles AS text[]))[words] || ', đợt ' || n,
           (CAST(:folded_titles AS text[]))[words] || ' dot ' || n || ' ' || (CAST(:folded_deliverables AS text[]))[product],
           50 + like_n / :each % :programmes || '-NQ/TW', CASE WHEN is_standing THEN 'standing' ELSE 'dated' END,
           CASE WHEN is_cancelled THEN 'cancelled' WHEN completed_on IS NOT NULL THEN 'completed' ELSE 'open' END,
           (CAST(:deliverables AS text[]))[product], (ARRAY['normal', 'normal', 'high', 'urgent'])[1 + n % 4],
           CASE WHEN is_member THEN first_id END, CASE WHEN is_parent THEN 10 ELSE 0 END,
           assigned_on, due_on, completed_on, (assigned_on + time '03:00') AT TIME ZONE 'UTC',
           CASE WHEN completed_on IS NULL THEN 1 ELSE 2 END
    FROM bench_made ORDER BY n
    """,
    """
    INSERT INTO deadlines (task_id, revision, text, kind, due_on, flags, unread_words, reason, document_code, effective_on,
                           recorded_at)
    SELECT id, revision, CASE WHEN is_standing THEN 'Thường xuyên' ELSE 'chậm nhất ngày ' || to_char(day, 'DD/MM/YYYY') END,
           CASE WHEN is_standing THEN 'standing' ELSE 'date' END, day, '{}', '{}',
           CASE WHEN revision = 2 THEN 'Chờ tiêu chuẩn dữ liệu' END, CASE WHEN revision = 2 THEN '1/KH-VP' END,
           since, (since + time '03:00') AT TIME ZONE 'UTC'
    FROM bench_made
    CROSS JOIN LATERAL (VALUES
        (1, CASE WHEN is_extended THEN due_on - 30 ELSE due_on END, assigned_on), (2, due_on, assigned_on + 5)
    ) AS held (revision, day, since)
    WHERE revision = 1 OR is_extended ORDER BY n, revision
    """,
    """
    INSERT INTO assignments (task_id, agency_code, role, effective_on, recorded_at)
    SELECT made.id, agency.code, given.role, assigned_on, (assigned_on + time '03:00') AT TIME ZONE 'UTC'
    FROM bench_made AS made
    CROSS JOIN (SELECT count(*) FILTER (WHERE is_commune) AS communes, count(*) FILTER (WHERE NOT is_commune) AS large
                FROM bench_agencies) AS number
    CROSS JOIN LATERAL (SELECT bench_draw(n, 10, large) AS one, bench_draw(n, 11, communes) AS commune,
                               bench_draw(like_n, 10, large) AS first, NOT is_member AND n % 2 = 0 AS to_commune) AS drawn
    CROSS JOIN LATERAL (VALUES
        ('lead', to_commune, CASE WHEN is_member THEN (first + n % :each) % large
                                  WHEN to_commune THEN commune ELSE one END),
        ('coordinate', false, CASE WHEN to_commune THEN one WHEN is_member THEN (first + 20) % large
                                   ELSE (one + 1 + n % 7) % large END)
    ) AS given (role, is_commune, n)
    JOIN bench_agencies AS agency ON agency.is_commune = given.is_commune AND agency.n = given.n
    WHERE NOT (is_parent AND given.role = 'lead') ORDER BY made.n, given.role DESC
    """,
    """
    INSERT INTO citations (task_id, position, document_code, clause, recorded_at)
    SELECT id, 1, 1 + like_n % :documents || '/KH-VP', 'mục ' || 1 + n % 90, (assigned_on + time '03:00') AT TIME ZONE 'UTC'
    FROM bench_made ORDER BY n
    """,
    """
    INSERT INTO endings (task_id, kind, reason, effective_on, recorded_at)
    SELECT id, 'cancelled', 'Đã gộp vào nhiệm vụ khác', assigned_on + 1, (assigned_on + 1 + time '03:00') AT TIME ZONE 'UTC'
    FROM bench_made WHERE is_cancelled
    """,
    """
    INSERT INTO submissions (id, task_id, agency_code, completed_on, summary, submitted_at, decision, decided_at)
    SELECT gen_random_uuid(), id, NULL, day, 'Đã hoàn thành', (day + time '05:00') AT TIME ZONE 'UTC',
           CASE WHEN completed_on IS NOT NULL THEN 'accept' END,
           CASE WHEN completed_on IS NOT NULL THEN (day + time '17:00') AT TIME ZONE 'UTC' END
    FROM bench_made CROSS JOIN LATERAL (SELECT coalesce(completed_on, assigned_on) AS day) AS reported
    WHERE NOT is_parent
      AND (completed_on IS NOT NULL OR NOT is_standing AND NOT is_cancelled AND bench_draw(n, 12, 128) = 0)
    """,
    """
    INSERT INTO evidence (submission_id, position, kind, reference, title)
    SELECT submissions.id, 1, 'document', '815/QĐ-BNV', 'Quyết định phê duyệt'
    FROM submissions JOIN bench_made ON bench_made.id = submissions.task_id
    """,
)

WRITERS = 2
_BATCHES = "SELECT array_agg(id) AS ids FROM bench_made GROUP BY n / 1000 ORDER BY n / 1000"


def today() -> date:
    return local_date(datetime.now(UTC))


async def make_database(url: URL) -> None:
    """The tasks service's database with all agencies, the documents and the programmes, without tasks."""
    database = await migrated(url, "tasks")
    at = datetime.now(UTC) - timedelta(days=2_000)
    async with writing(database) as session:
        await load_catalogue(session, actor=SYSTEM, at=at)
        await load_communes(session, actor=SYSTEM, at=at)
        # members of groups from then on
        await session.execute(text(_PROGRAMMES), _numbers(f"{n}-NQ/TW" for n in range(50, 50 + PROGRAMMES)))
        await session.execute(text(_DOCUMENTS), _numbers(f"{n}/KH-VP" for n in range(1, 1 + DOCUMENTS)))
        for statement in _AGENCIES:
            await session.execute(text(statement))
    await database.close()


def _numbers(numbers: Iterable[str]) -> dict[str, list[str]]:
    codes = list(numbers)
    return {
        "codes": codes,
        "normal_forms": list(map(normal_form, codes)),
        "similar_forms": list(map(similar_form, codes)),
    }


async def add_tasks(url: URL, first: int, until: int) -> None:
    """Add the tasks numbered from `first` to before `until`, multiples of `EACH`."""
    database = Database(url)
    titles = [f"{verb} {thing} trong lĩnh vực {of}" for verb in VERBS for thing in THINGS for of in FIELDS]
    values = {
        "first": first,
        "last": until - 1,
        "today": today(),
        "each": EACH,
        "programmes": PROGRAMMES,
        "documents": DOCUMENTS,
        "titles": titles,
        "folded_titles": [fold(title) for title in titles],
        "deliverables": list(DELIVERABLES),
        "folded_deliverables": [fold(name) for name in DELIVERABLES],
    }
    async with writing(database) as session:
        # the rows are right by construction: triggers and foreign keys need not check each
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        await session.execute(text("SET LOCAL work_mem = '256MB'"))
        for statement in (_MAKE, *_FILL):
            await session.execute(text(statement), _needed(statement, values))
    await database.close()
    await run_alone(url, "VACUUM ANALYZE")
    await _project(url)
    await run_alone(url, "DROP TABLE bench_made", "VACUUM ANALYZE")


async def _project(url: URL) -> None:
    """Write the projection of the new tasks as changes write it, on both cores: groups with their members."""
    connections = await raw_connections(url, WRITERS)
    try:
        batches = await connections[0].fetch(_BATCHES)
        todo = iter([row["ids"] for row in batches])

        async def work(connection: asyncpg.Connection) -> None:
            for ids in todo:
                await connection.execute("SELECT project_tasks($1)", ids)

        await asyncio.gather(*map(work, connections))
    finally:
        for connection in connections:
            await connection.close()


def _needed(statement: str, values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if f":{name}" in statement}


def database_of(run: Run, size: int) -> URL:
    """The database of `size` tasks of this run, made by the first that asks: a copy of the size before, and the rest."""
    url = run.database(f"tasks_{size}")
    if url.database in run.made:
        return url
    began = time.perf_counter()
    before = max((smaller for smaller in run.sizes if smaller < size), default=0)
    if before:
        copy_database(database_of(run, before), url)
    else:
        asyncio.run(make_database(url))
    asyncio.run(add_tasks(url, before, size))
    run.made.add(str(url.database))
    run.notes[f"data of {size:,} tasks"] = f"made by SQL in {time.perf_counter() - began:.0f} s"
    return url


def copy_database(made: URL, copy: URL) -> None:
    """Nobody may be connected to the first."""
    sql = f"CREATE DATABASE {copy.database} TEMPLATE {made.database} STRATEGY file_copy"
    asyncio.run(run_alone(copy.set(database="postgres"), sql))


def drop_database(url: URL) -> None:
    asyncio.run(run_alone(url.set(database="postgres"), f"DROP DATABASE {url.database} WITH (FORCE)"))
