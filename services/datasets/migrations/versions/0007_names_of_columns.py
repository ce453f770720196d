"""columns say what they hold: an amendment that sets the heartbeat's period, a watch whose state is steady"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

RENAMED = (
    ("amendments", "COLUMN", "speaks_of_heartbeat", "sets_heartbeat"),
    ("amendments", "CONSTRAINT", "ck_amendments_speaks", "ck_amendments_sets_heartbeat"),
    ("amendments", "CONSTRAINT", "amendments_speaks_of_heartbeat_not_null", "amendments_sets_heartbeat_not_null"),
    ("watches", "COLUMN", "is_plain", "is_steady"),
    ("watches", "CONSTRAINT", "watches_is_plain_not_null", "watches_is_steady_not_null"),
)


def upgrade() -> None:
    for table, kind, old, new in RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME {kind} {old} TO {new}")
