"""watches say which databases fail a criterion; contradictions are found by kind and by owner"""

import sqlalchemy as sa
from alembic import op

from shared.platform.concurrent_index import create_index_concurrently

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("watches", sa.Column("fails", sa.Boolean(), server_default="false", nullable=False))
    op.execute(
        """
        UPDATE watches SET fails = true WHERE database_code IN (
            SELECT database_code FROM (
                SELECT DISTINCT ON (database_code, criterion) database_code, passed FROM quality_results
                ORDER BY database_code, criterion, as_of DESC, id DESC
            ) AS latest
            WHERE NOT passed
        )
        """
    )
    create_index_concurrently("ix_contradictions_kind", "contradictions (kind, opened_at DESC, id DESC)")
    create_index_concurrently(
        "ix_amendments_owner_code", "amendments (owner_code) WHERE owner_code IS NOT NULL"
    )
