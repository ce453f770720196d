"""dead letters are closed when they are replayed or dropped"""

from shared.platform import migrations as platform

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform.upgrade(since=2, to=3)
