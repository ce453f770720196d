"""Version 2 of the platform tables: the log and the inbox are partitioned by day, and removed rows are counted.

Existing rows are not moved: the old table becomes the partition of all days up to its newest row.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

OLD_OUTBOX = (
    "ALTER TABLE outbox RENAME TO outbox_old",
    "ALTER TABLE outbox_old DROP CONSTRAINT pk_outbox",
    "ALTER TABLE outbox_old ALTER id DROP IDENTITY",
    "ALTER INDEX ix_outbox_agency_code_id RENAME TO outbox_old_agency_code_id",
    "ALTER INDEX ix_outbox_subject_id RENAME TO outbox_old_subject_id",
    "ALTER INDEX ix_outbox_xid_id RENAME TO outbox_old_xid_id",
)
OUTBOX = (
    """
    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY,
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        event_id uuid NOT NULL,
        type text NOT NULL,
        subject text NOT NULL,
        version integer NOT NULL,
        time timestamptz NOT NULL,
        written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        data jsonb NOT NULL,
        agency_code text,
        CONSTRAINT pk_outbox PRIMARY KEY (id, written_at)
    ) PARTITION BY RANGE (written_at)
    """,
    "CREATE INDEX ix_outbox_agency_code_id ON outbox (agency_code, id) WHERE agency_code IS NOT NULL",
    "CREATE INDEX ix_outbox_subject_id ON outbox (subject, id)",
    "CREATE INDEX ix_outbox_xid_id ON outbox (xid, id)",
    "CREATE TABLE outbox_default PARTITION OF outbox DEFAULT",
)
OLD_INBOX = (
    "ALTER TABLE inbox RENAME TO inbox_undated",
    "ALTER TABLE inbox_undated DROP CONSTRAINT pk_inbox",
    "ALTER TABLE inbox_undated ADD event_day date NOT NULL DEFAULT '-infinity'::date",
)
INBOX = (
    """
    CREATE TABLE inbox (
        event_day date NOT NULL DEFAULT '-infinity'::date,
        event_id uuid NOT NULL,
        source text NOT NULL,
        received_at timestamptz NOT NULL,
        CONSTRAINT pk_inbox PRIMARY KEY (event_day, event_id)
    ) PARTITION BY RANGE (event_day)
    """,
    "CREATE TABLE inbox_default PARTITION OF inbox DEFAULT",
)
OTHERS = (
    "ALTER TABLE log_cursors ADD since timestamptz",
    """
    CREATE TABLE removed_rows (
        table_name text NOT NULL,
        day date NOT NULL,
        kind text NOT NULL,
        count bigint NOT NULL,
        CONSTRAINT pk_removed_rows PRIMARY KEY (table_name, day, kind)
    )
    """,
)


def partition_log_and_inbox() -> None:
    _partition_outbox()
    _partition_inbox()
    _run(OTHERS)


def _partition_outbox() -> None:
    newest = _scalar("SELECT max(id) FROM outbox")
    _run(OLD_OUTBOX if newest else ("DROP TABLE outbox",))
    _run(OUTBOX)
    if newest:
        until = _scalar(
            "SELECT to_char(greatest(max(written_at), now()) AT TIME ZONE 'UTC' + interval '1 day', 'YYYYMMDD') "
            "FROM outbox_old"
        )
        _run(
            (
                f"ALTER TABLE outbox_old RENAME TO outbox_until_{until}",
                f"ALTER TABLE outbox ATTACH PARTITION outbox_until_{until} FOR VALUES FROM (MINVALUE) TO ('{until} 00:00+00')",
                f"ALTER TABLE outbox ALTER id RESTART WITH {newest + 1}",
            )
        )


def _partition_inbox() -> None:
    bounds = "FOR VALUES FROM (MINVALUE) TO ('0001-01-01')"
    if _scalar("SELECT EXISTS (SELECT FROM inbox)"):
        _run((*OLD_INBOX, *INBOX, f"ALTER TABLE inbox ATTACH PARTITION inbox_undated {bounds}"))
    else:
        _run(("DROP TABLE inbox", *INBOX, f"CREATE TABLE inbox_undated PARTITION OF inbox {bounds}"))


def _run(statements: tuple[str, ...]) -> None:
    for statement in statements:
        op.execute(statement)


def _scalar(query: str) -> Any:
    return op.get_bind().scalar(sa.text(query))
