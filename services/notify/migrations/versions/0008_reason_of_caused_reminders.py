"""the reason of reminders that an event causes is caused_by_event"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE reminders SET reason = 'caused_by_event' WHERE status = 'pending' AND reason = 'told'")
