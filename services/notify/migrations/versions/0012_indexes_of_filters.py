"""an index for each filter of the lists of deliveries and reminders"""

from alembic import op

from shared.platform.concurrent_index import create_index_concurrently

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_concurrently(
        "ix_deliveries_status_created_at_alert_id", "deliveries (status, created_at, alert_id)"
    )
    create_index_concurrently("ix_reminders_kind_due_at_id", "reminders (kind, due_at, id)")
    create_index_concurrently(
        "ix_reminders_not_raised", "reminders (status, due_at, id) WHERE status <> 'raised'"
    )
    op.execute("DROP INDEX ix_deliveries_failed")
