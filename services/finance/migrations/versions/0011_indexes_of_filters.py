"""an index for each filter of the list of decisions"""

from shared.platform.concurrent_index import create_index_concurrently

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_concurrently("ix_decisions_kind_recorded_at_id", "decisions (kind, recorded_at, id)")
    create_index_concurrently("ix_decisions_normal_form", "decisions (normal_form)")
