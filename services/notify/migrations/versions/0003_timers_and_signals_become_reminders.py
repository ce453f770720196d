"""timers and signals become reminders, with their ids"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_REMINDERS = """
CREATE TABLE reminders (
    id uuid NOT NULL CONSTRAINT pk_reminders PRIMARY KEY,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    agency_code text NOT NULL,
    kind text NOT NULL,
    dedup_key text NOT NULL,
    series text NOT NULL,
    rank integer NOT NULL,
    due_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    changed_at timestamptz NOT NULL,
    facts jsonb NOT NULL,
    CONSTRAINT ck_reminders_status CHECK (status IN ('pending', 'raised', 'superseded', 'cancelled', 'obsolete'))
)
"""
_FROM_TIMERS = """
INSERT INTO reminders
SELECT id, 'task', task_id::text, agency_code,
       CASE WHEN milestone < 0 THEN 'deadline.reminder' WHEN milestone = 0 THEN 'deadline.due' ELSE 'deadline.overdue' END,
       concat_ws('/', agency_code, revision, to_char(due_on, 'YYYY-MM-DD'), name), agency_code, milestone, due_at, due_at,
       CASE status WHEN 'moot' THEN 'obsolete' ELSE status END, reason, changed_at,
       jsonb_build_object('revision', revision, 'due_on', due_on, 'milestone', name)
FROM timers
CROSS JOIN LATERAL (
    SELECT 'T' || CASE WHEN milestone > 0 THEN '+' ELSE '' END || milestone AS name
) AS named
"""
_FROM_SIGNALS = """
INSERT INTO reminders
SELECT id, subject_kind, subject, agency_code, kind, occasion,
       CASE WHEN kind IN ('dataset.late', 'dataset.down', 'dataset.recovered') THEN 'state'
            WHEN kind LIKE 'dataset.contradiction.%' THEN occasion ELSE kind END,
       COALESCE(CAST(facts ->> 'version' AS integer), 0), due_at, occurred_at,
       CASE status WHEN 'moot' THEN 'obsolete' ELSE status END, reason, changed_at, facts
FROM signals
"""
_INDEXES = """
ALTER TABLE reminders ADD CONSTRAINT uq_reminders_key UNIQUE (subject_kind, subject, kind, dedup_key);
CREATE INDEX ix_reminders_pending ON reminders (subject_kind, due_at) WHERE status = 'pending';
CREATE INDEX ix_reminders_due_at_id ON reminders (due_at, id);
CREATE INDEX ix_reminders_agency_code_due_at_id ON reminders (agency_code, due_at, id)
"""
# The checks and indexes of the dropped columns go with them.
_ALERTS = """
ALTER TABLE alerts ADD COLUMN reminder_id uuid, ADD COLUMN subject_kind text, ADD COLUMN subject text;
UPDATE alerts SET reminder_id = reminders.id, subject_kind = reminders.subject_kind, subject = reminders.subject
FROM reminders WHERE reminders.id = COALESCE(alerts.timer_id, alerts.signal_id);
ALTER TABLE alerts
    ALTER COLUMN reminder_id SET NOT NULL, ALTER COLUMN subject_kind SET NOT NULL, ALTER COLUMN subject SET NOT NULL,
    DROP COLUMN timer_id, DROP COLUMN signal_id, DROP COLUMN task_id, DROP COLUMN revision, DROP COLUMN due_on,
    DROP COLUMN milestone,
    ADD CONSTRAINT fk_alerts_reminder_id FOREIGN KEY (reminder_id) REFERENCES reminders (id),
    ADD CONSTRAINT uq_alerts_reminder_id UNIQUE (reminder_id);
CREATE INDEX ix_alerts_subject_kind_subject_raised_at_id ON alerts (subject_kind, subject, raised_at, id)
"""
_LAST = """
DROP TABLE timers;
DROP TABLE signals;
ALTER TABLE tasks ALTER COLUMN id TYPE text
"""


def upgrade() -> None:
    for statement in ";".join((_REMINDERS, _FROM_TIMERS, _FROM_SIGNALS, _INDEXES, _ALERTS, _LAST)).split(";"):
        op.execute(statement)
