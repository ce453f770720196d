"""the log and the inbox are partitioned by day; the service's role has rights on tables that come later"""

from alembic import op

from shared.platform import migrations as platform

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Where a superuser migrates, the role dondoc_finance serves (0001_keeping.sql). Its rights on what is made from now on are
# the usual ones; a table that may only be added to takes UPDATE, DELETE and TRUNCATE back when it is made.
RIGHTS = """
DO $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO dondoc_finance;
    END IF;
END $$
"""


def upgrade() -> None:
    op.execute(RIGHTS)
    platform.upgrade(since=1, to=2)
