"""Version 4 of the platform tables: keys are verified without a look-up, and a revocation is an entry of its own."""

from alembic import op


def replace_api_keys() -> None:
    """Keys of the form before can no longer be verified: each is entered as revoked."""
    op.execute(
        """
        CREATE TABLE revoked_keys (
            prefix text CONSTRAINT pk_revoked_keys PRIMARY KEY,
            revoked_at timestamptz NOT NULL,
            expires_at timestamptz
        )
        """
    )
    op.execute(
        "INSERT INTO revoked_keys (prefix, revoked_at, expires_at) "
        "SELECT prefix, coalesce(revoked_at, now()), expires_at FROM api_keys"
    )
    op.execute("DROP TABLE api_keys")
