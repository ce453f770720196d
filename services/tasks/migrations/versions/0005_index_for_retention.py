"""an index for the removal of old answers to repeated requests"""

from shared.platform import migrations as platform

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform.upgrade(since=4, to=5)
