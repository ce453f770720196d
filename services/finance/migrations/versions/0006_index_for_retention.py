"""an index for the removal of old answers to repeated requests"""

from shared.platform import migrations as platform

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform.upgrade(since=4, to=5)
