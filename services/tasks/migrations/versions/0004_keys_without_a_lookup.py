"""keys are verified without a look-up"""

from alembic import op

from shared.platform import migrations as platform

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE issued_keys (
            prefix text CONSTRAINT pk_issued_keys PRIMARY KEY,
            name text NOT NULL,
            role text NOT NULL,
            agency_code text,
            issued_at timestamptz NOT NULL,
            expires_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX ix_issued_keys_issued_at ON issued_keys (issued_at)")
    op.execute(
        "INSERT INTO issued_keys (prefix, name, role, agency_code, issued_at, expires_at) "
        "SELECT prefix, name, role, tenant, created_at, expires_at FROM api_keys"
    )
    platform.upgrade(since=3, to=4)
