"""what lists show of tasks today, written with each change"""

from alembic import op

from shared.platform.concurrent_index import create_index_concurrently

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE projected_tasks (
    id uuid CONSTRAINT pk_projected_tasks PRIMARY KEY,
    parent_id uuid,
    is_group boolean NOT NULL,
    version integer NOT NULL,
    lasting text NOT NULL,
    status_due_on date NOT NULL,
    due_on date NOT NULL,
    agencies text[] NOT NULL,
    keys text[] NOT NULL,
    listed text[] NOT NULL,
    words tsvector NOT NULL,
    body text NOT NULL,
    full_form text NOT NULL,
    public_form text NOT NULL
);
CREATE TABLE task_keys (
    key text NOT NULL,
    lasting text NOT NULL,
    due_on date NOT NULL,
    task_id uuid NOT NULL,
    status_due_on date NOT NULL,
    CONSTRAINT pk_task_keys PRIMARY KEY (key, lasting, due_on, task_id) INCLUDE (status_due_on)
);
"""

# A task as its facts say, all of them: none holds from a later day than the one on which it is recorded. Each part is
# looked up by the task's key, once (OFFSET 0). A group's task takes its status from the keys of its members, which are written before.
_VIEW = """
CREATE VIEW tasks_by_facts AS
SELECT
    task.id,
    task.parent_id,
    task.children_count > 0 AS is_group,
    task.version,
    status.lasting,
    CASE WHEN status.lasting = 'group' THEN member.open_due_on ELSE status.due_on END AS status_due_on,
    status.due_on,
    assigned.agencies || above.agencies AS agencies,
    listing.found || assigned.agency_keys || assigned.role_keys || assigned.agency_role_keys || cited.keys AS keys,
    CASE WHEN task.parent_id IS NULL
        THEN ARRAY['top'] || listing.found || assigned.agency_keys || assigned.rare_keys || assigned.role_keys || cited.keys
        ELSE ARRAY['parent:' || task.parent_id] || assigned.agency_keys || assigned.rare_keys || cited.member_keys
    END AS listed,
    (SELECT array_to_tsvector(coalesce(array_agg(left(word, 200)), '{}'))
        FROM unnest(string_to_array(task.search_text, ' ')) AS word WHERE word <> '') AS words,
    left(shown.body, -1) AS body,
    ',' || substr(shown.full_form, 2) AS full_form,
    ',' || substr(shown.public_form, 2) AS public_form
FROM tasks AS task
CROSS JOIN LATERAL (
    SELECT * FROM deadlines WHERE deadlines.task_id = task.id ORDER BY effective_on DESC, revision DESC LIMIT 1
) AS deadline
CROSS JOIN LATERAL (
    SELECT
        (SELECT kind FROM endings WHERE task_id = task.id) AS ending,
        (SELECT completed_on FROM submissions WHERE task_id = task.id AND decision = 'accept') AS completed_on,
        EXISTS (SELECT FROM submissions WHERE task_id = task.id AND decision IS NULL) AS awaits
    OFFSET 0
) AS fact
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN task.children_count > 0 THEN (
            SELECT due_on FROM task_keys WHERE key = 'parent:' || task.id AND lasting = 'open' ORDER BY due_on LIMIT 1
        ) END AS open_due_on,
        CASE WHEN task.children_count > 0 THEN (
            SELECT word FROM unnest(ARRAY['standing', 'completed_late', 'completed_on_time', 'merged', 'cancelled'])
                WITH ORDINALITY AS combined(word, place)
            WHERE EXISTS (SELECT FROM task_keys WHERE key = 'parent:' || task.id AND lasting = word)
            ORDER BY place LIMIT 1
        ) END AS ended
    OFFSET 0
) AS member
CROSS JOIN LATERAL (
    SELECT
        coalesce(deadline.due_on, 'infinity') AS due_on,
        CASE
            WHEN fact.ending IS NOT NULL THEN fact.ending
            WHEN member.open_due_on IS NOT NULL THEN 'group'
            WHEN member.ended IS NOT NULL THEN member.ended
            WHEN fact.completed_on IS NOT NULL THEN CASE
                WHEN task.kind = 'dated' AND fact.completed_on > deadline.due_on THEN 'completed_late'
                ELSE 'completed_on_time' END
            WHEN task.kind = 'standing' THEN 'standing'
            ELSE 'open'
        END AS lasting
    OFFSET 0
) AS status
CROSS JOIN LATERAL (
    SELECT
        coalesce(json_agg(each.shown ORDER BY each.id), '[]') AS shown,
        coalesce(json_agg(each.shown ORDER BY each.id) FILTER (WHERE each.role IN ('lead', 'co_lead')), '[]') AS leading,
        coalesce(array_agg(DISTINCT each.agency_code), '{}') AS agencies,
        coalesce(array_agg(DISTINCT 'agency:' || each.agency_code), '{}') AS agency_keys,
        coalesce(array_agg(DISTINCT 'role:' || each.role), '{}') AS role_keys,
        coalesce(array_agg(DISTINCT each.role || ':' || each.agency_code), '{}') AS agency_role_keys,
        coalesce(array_agg(DISTINCT each.role || ':' || each.agency_code) FILTER (WHERE each.role NOT IN ('lead', 'coordinate')), '{}')
            AS rare_keys
    FROM (
        SELECT id, agency_code, role,
            json_build_object('agency_code', agency_code, 'role', role, 'position', position, 'unit', unit) AS shown
        FROM assignments WHERE task_id = task.id AND ended_at IS NULL
    ) AS each
) AS assigned
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT agency_code), '{}') AS agencies
    FROM assignments WHERE task_id = task.parent_id AND ended_at IS NULL
) AS above
CROSS JOIN LATERAL (
    SELECT
        coalesce(json_agg(json_build_object('document_code', document_code, 'clause', clause) ORDER BY position), '[]') AS shown,
        coalesce(array_agg(DISTINCT 'document:' || number), '{}') AS keys,
        coalesce(array_agg(DISTINCT 'member-document:' || number), '{}') AS member_keys
    FROM (
        SELECT document_code, clause, position, (SELECT normal_form FROM documents WHERE code = document_code) AS number
        FROM citations WHERE task_id = task.id
    ) AS each
) AS cited
CROSS JOIN LATERAL (
    SELECT ARRAY['programme:' || (SELECT normal_form FROM programmes WHERE code = task.programme_code)] AS found
    OFFSET 0
) AS listing
CROSS JOIN LATERAL (
    SELECT
        (SELECT to_json(public) FROM (SELECT
            task.id, task.title, task.programme_code AS programme, task.kind, deadline.text AS deadline_text, deadline.due_on,
            task.deliverable, task.parent_id, task.children_count AS members, task.lead_text, task.assigned_on,
            to_char(task.recorded_at AT TIME ZONE 'UTC', CASE WHEN extract(microseconds FROM task.recorded_at)::integer % 1000000 = 0
                THEN 'YYYY-MM-DD"T"HH24:MI:SS"Z"' ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' END) AS recorded_at,
            cited.shown AS citations
        ) AS public)::text AS body,
        (SELECT to_json(whole) FROM (SELECT
            'full' AS form, task.version,
            fact.awaits AND status.lasting NOT IN ('cancelled', 'merged') AS submitted,
            json_build_object('text', deadline.text, 'kind', deadline.kind, 'start_on', deadline.start_on, 'due_on', deadline.due_on,
                'recurrence', CASE WHEN deadline.recurs_every <> '' THEN json_build_object('every', deadline.recurs_every,
                    'due_day', deadline.recurs_due_day, 'due_month', deadline.recurs_due_month) END,
                'flags', deadline.flags, 'unread_words', deadline.unread_words) AS deadline,
            deadline.revision AS deadline_revision, task.priority, task.coordinate_text, assigned.shown AS assignments
        ) AS whole)::text AS full_form,
        (SELECT to_json(hidden) FROM (SELECT
            'public' AS form, NULL AS version, NULL AS submitted, NULL AS deadline, NULL AS deadline_revision, NULL AS priority,
            NULL AS coordinate_text, assigned.leading AS assignments
        ) AS hidden)::text AS public_form
) AS shown
"""

# No plan depends on statistics, which tell nothing yet of what the same transaction has just written: every row is
# looked up by a key, in subqueries that no join can be made of.
_BY_KEYS = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off"

_WRITE = f"""
CREATE FUNCTION write_projection(wanted uuid[]) RETURNS TABLE (id uuid, moved uuid) LANGUAGE plpgsql {_BY_KEYS} AS $$
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
            public_form
        FROM changed
        ON CONFLICT (id) DO UPDATE SET version = excluded.version, lasting = excluded.lasting,
            status_due_on = excluded.status_due_on, due_on = excluded.due_on, agencies = excluded.agencies,
            keys = excluded.keys, listed = excluded.listed, words = excluded.words, body = excluded.body,
            full_form = excluded.full_form, public_form = excluded.public_form
    )
    SELECT id, CASE WHEN (was_lasting, was_due_on) IS DISTINCT FROM (lasting, due_on) THEN parent_id END FROM changed;
END $$;
"""

# Members come before their groups' tasks. Who changes the status of one member waits for who changes another's, for the
# status of both is in the group's row; locks of these rows come after all of tasks, in order.
_PROJECT = f"""
CREATE FUNCTION project_tasks(wanted uuid[]) RETURNS integer LANGUAGE plpgsql {_BY_KEYS} AS $$
DECLARE
    groups uuid[]; moved uuid[]; written integer;
BEGIN
    SELECT array_agg(tasks.id) FILTER (WHERE children_count > 0) INTO groups FROM tasks WHERE tasks.id = ANY(wanted);
    SELECT count(*), array_agg(DISTINCT one.moved) FILTER (WHERE one.moved IS NOT NULL) INTO written, moved
    FROM write_projection(ARRAY(SELECT unnest(wanted) EXCEPT SELECT unnest(groups))) AS one;
    groups := ARRAY(SELECT unnest(groups) UNION SELECT unnest(moved));
    IF groups <> '{{}}' THEN
        PERFORM FROM projected_tasks WHERE projected_tasks.id = ANY(groups) ORDER BY projected_tasks.id FOR NO KEY UPDATE;
        written := written + (SELECT count(*) FROM write_projection(groups));
    END IF;
    RETURN written;
END $$;
"""

_FILL = """
DO $$
DECLARE
    batch uuid[]; last uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    LOOP
        batch := ARRAY(SELECT id FROM tasks WHERE id > last ORDER BY id LIMIT 1000);
        EXIT WHEN batch = '{}';
        PERFORM project_tasks(batch);
        last := batch[cardinality(batch)];
    END LOOP;
END $$
"""


def upgrade() -> None:
    create_index_concurrently("ix_tasks_parent_id", "tasks (parent_id) WHERE parent_id IS NOT NULL")
    for statement in _TABLES.split(";\n")[:-1]:
        op.execute(statement)
    for definition in (_VIEW, _WRITE, _PROJECT):
        op.execute(definition)
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute(_FILL)
    op.create_index(
        "ix_projected_tasks_parent_id",
        "projected_tasks",
        ["parent_id"],
        postgresql_where="parent_id IS NOT NULL",
    )
    op.create_index("ix_projected_tasks_words", "projected_tasks", ["words"], postgresql_using="gin")
    for replaced in ("ix_tasks_lasting_status", "ix_tasks_members"):
        op.drop_index(replaced, "tasks")
