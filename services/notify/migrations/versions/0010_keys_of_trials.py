"""trials keep the prefix of the key that asked for them"""

from alembic import op

from shared.platform.concurrent_index import create_index_concurrently

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS key_prefix text")
    create_index_concurrently(
        "ix_deliveries_trials", "deliveries (key_prefix, created_at) WHERE key_prefix IS NOT NULL"
    )
