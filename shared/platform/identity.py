"""Version 6 of the platform tables: the log says of which PostgreSQL cluster it is, and cursors say of which log."""

from alembic import op


def identify_log() -> None:
    """The log is this cluster's, unless its transactions are of a future here: then a restore brought it."""
    op.execute(
        "CREATE TABLE log_identity (log_id uuid CONSTRAINT pk_log_identity PRIMARY KEY, cluster bigint NOT NULL)"
    )
    op.execute(
        """
        INSERT INTO log_identity
        SELECT gen_random_uuid(),
               CASE WHEN EXISTS (SELECT FROM outbox WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()))
                    THEN 0 ELSE system_identifier END
        FROM pg_control_system()
        """
    )
    op.execute("ALTER TABLE log_cursors ADD log_id uuid")
    op.execute(
        "UPDATE log_cursors SET log_id = (SELECT log_id FROM log_identity) WHERE name NOT LIKE 'outbox:%'"
    )
