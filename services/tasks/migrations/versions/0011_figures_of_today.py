"""figures of today are counted by one index of the projection"""

from alembic import op
from sqlalchemy import text

from shared.platform.concurrent_index import create_index_concurrently

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# the former view, and two columns more
_VIEW = """
CREATE OR REPLACE VIEW tasks_by_facts AS
SELECT former.*,
    (SELECT programme_code FROM tasks WHERE tasks.id = former.id) AS programme_code,
    (SELECT CASE WHEN count(*) = 1 THEN min(agency_code) END FROM assignments
        WHERE task_id = former.id AND ended_at IS NULL AND role IN ('lead', 'co_lead')) AS sole_leader
FROM ({former}) AS former
"""

_BY_KEYS = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off"

_WRITE = f"""
CREATE OR REPLACE FUNCTION write_projection(wanted uuid[]) RETURNS TABLE (id uuid, moved uuid) LANGUAGE plpgsql {_BY_KEYS} AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH
    changed AS MATERIALIZED (
        SELECT fresh.*, was.listed AS was_listed, was.lasting AS was_lasting, was.due_on AS was_due_on
        FROM unnest(wanted) AS asked(id)
        CROSS JOIN LATERAL (SELECT * FROM tasks_by_facts AS one WHERE one.id = asked.id OFFSET 0) AS fresh
        LEFT JOIN LATERAL (SELECT * FROM projected_tasks AS one WHERE one.id = asked.id OFFSET 0) AS was ON true
        WHERE was.* IS DISTINCT FROM ROW(fresh.*)::projected_tasks
    ),
    gone AS (
        DELETE FROM task_keys USING (
            SELECT unnest(was_listed) AS key, was_lasting, was_due_on, id, listed, lasting, due_on FROM changed
        ) AS was
        WHERE task_keys.key = was.key AND task_keys.lasting = was.was_lasting AND task_keys.due_on = was.was_due_on
          AND task_keys.task_id = was.id
          AND NOT (was.key = ANY(was.listed) AND was.was_lasting = was.lasting AND was.was_due_on = was.due_on)
    ),
    listed AS (
        INSERT INTO task_keys (key, lasting, due_on, task_id, status_due_on)
        SELECT unnest(listed), lasting, due_on, id, status_due_on FROM changed
        ON CONFLICT (key, lasting, due_on, task_id) DO UPDATE SET status_due_on = excluded.status_due_on
            WHERE task_keys.status_due_on <> excluded.status_due_on
    ),
    written AS (
        INSERT INTO projected_tasks
        SELECT id, parent_id, is_group, version, lasting, status_due_on, due_on, agencies, keys, listed, words, body, full_form,
            public_form, programme_code, sole_leader
        FROM changed
        ON CONFLICT (id) DO UPDATE SET version = excluded.version, lasting = excluded.lasting,
            status_due_on = excluded.status_due_on, due_on = excluded.due_on, agencies = excluded.agencies,
            keys = excluded.keys, listed = excluded.listed, words = excluded.words, body = excluded.body,
            full_form = excluded.full_form, public_form = excluded.public_form, programme_code = excluded.programme_code,
            sole_leader = excluded.sole_leader
    )
    SELECT id, CASE WHEN (was_lasting, was_due_on) IS DISTINCT FROM (lasting, due_on) THEN parent_id END FROM changed;
END $$;
"""

_FILL = """
UPDATE projected_tasks SET programme_code = tasks.programme_code, sole_leader = (
    SELECT CASE WHEN count(*) = 1 THEN min(agency_code) END FROM assignments
    WHERE task_id = tasks.id AND ended_at IS NULL AND role IN ('lead', 'co_lead')
)
FROM tasks WHERE tasks.id = projected_tasks.id AND projected_tasks.programme_code IS NULL
"""

_COLUMNS = "(parent_id, sole_leader) INCLUDE (id, is_group, lasting, status_due_on, programme_code)"


def upgrade() -> None:
    """Run again where it was interrupted: building the index commits what stands before it.

    So the rows are filled without the lock of ALTER TABLE; those that are changed meanwhile are filled by the change.
    """
    op.execute(
        "ALTER TABLE projected_tasks ADD IF NOT EXISTS programme_code text, ADD IF NOT EXISTS sole_leader text"
    )
    former = op.get_bind().scalar(text("SELECT pg_get_viewdef('tasks_by_facts')"))
    if "sole_leader" not in former:
        op.execute(text(_VIEW.format(former=former.rstrip(";")).replace(":", r"\:")))
    op.execute(_WRITE)
    create_index_concurrently("ix_projected_tasks_counted", f"projected_tasks {_COLUMNS}")
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute(_FILL)
    op.execute("ALTER TABLE projected_tasks ALTER programme_code SET NOT NULL")
    op.drop_index("ix_projected_tasks_parent_id", "projected_tasks")
