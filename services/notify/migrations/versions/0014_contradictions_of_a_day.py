"""an index for the contradictions of a database that came due within a day"""

from shared.platform.concurrent_index import create_index_concurrently

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_concurrently(
        "ix_reminders_contradictions", "reminders (subject, due_at) WHERE kind = 'dataset.contradiction.opened'"
    )
