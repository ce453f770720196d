"""whether the last call to an endpoint took long is kept with its subscription"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("is_slow", sa.Boolean(), nullable=False, server_default=sa.false()))
