"""keys on record say whether they may see money of defence and security"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "issued_keys",
        sa.Column("defence_security", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
