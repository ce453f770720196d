"""Version 1 of the platform tables, as the first revision of every service makes them."""

from alembic import op

FIRST_TABLES = (
    """
    CREATE TABLE api_keys (
        id uuid CONSTRAINT pk_api_keys PRIMARY KEY,
        prefix text NOT NULL CONSTRAINT uq_api_keys_prefix UNIQUE,
        digest bytea NOT NULL,
        name text NOT NULL,
        role text NOT NULL,
        tenant text,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        revoked_at timestamptz
    )
    """,
    """
    CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit PRIMARY KEY,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        request_id text,
        action text NOT NULL,
        entity text NOT NULL,
        entity_id text NOT NULL,
        detail jsonb NOT NULL
    )
    """,
    "CREATE INDEX ix_audit_entity_id ON audit (entity, entity_id, id)",
    """
    CREATE TABLE dead_letters (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_dead_letters PRIMARY KEY,
        source text NOT NULL,
        event_id uuid,
        reason text NOT NULL,
        raw text NOT NULL,
        received_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE idempotency_keys (
        caller text NOT NULL,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        status integer,
        headers jsonb,
        body bytea,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_idempotency_keys PRIMARY KEY (caller, key)
    )
    """,
    """
    CREATE TABLE inbox (
        event_id uuid CONSTRAINT pk_inbox PRIMARY KEY,
        source text NOT NULL,
        received_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE log_cursors (
        name text CONSTRAINT pk_log_cursors PRIMARY KEY,
        seen text NOT NULL,
        upto text NOT NULL,
        last_id bigint NOT NULL,
        moved_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_outbox PRIMARY KEY,
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        event_id uuid NOT NULL,
        type text NOT NULL,
        subject text NOT NULL,
        version integer NOT NULL,
        time timestamptz NOT NULL,
        written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        data jsonb NOT NULL,
        agency_code text
    )
    """,
    "CREATE INDEX ix_outbox_agency_code_id ON outbox (agency_code, id) WHERE agency_code IS NOT NULL",
    "CREATE INDEX ix_outbox_subject_id ON outbox (subject, id)",
    "CREATE INDEX ix_outbox_xid_id ON outbox (xid, id)",
)


def create_first_tables() -> None:
    for statement in FIRST_TABLES:
        op.execute(statement)
