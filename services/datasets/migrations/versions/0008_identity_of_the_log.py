"""the log says of which PostgreSQL cluster it is, so that a restore is recognised"""

from shared.platform import migrations as platform

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform.upgrade(since=5, to=6)
