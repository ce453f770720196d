"""stored answers hold no secret, and are not encrypted"""

from shared.platform import migrations as platform

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform.upgrade(since=6, to=7)
