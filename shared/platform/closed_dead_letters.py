"""A version of the platform tables: a dead letter records when, how and why it was closed."""

from alembic import op


def close_dead_letters() -> None:
    op.execute(
        """
        ALTER TABLE dead_letters
            ADD COLUMN closed_at timestamptz,
            ADD COLUMN closing text,
            ADD COLUMN closing_reason text,
            ADD CONSTRAINT ck_dead_letters_closing CHECK (closing IN ('replayed', 'dropped'))
        """
    )
    op.execute("CREATE INDEX ix_dead_letters_open ON dead_letters (id) WHERE closed_at IS NULL")
