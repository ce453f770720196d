"""the log and the inbox are partitioned by day"""

from shared.platform import migrations as platform

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform.upgrade(since=1, to=2)
