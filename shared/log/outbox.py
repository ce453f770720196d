"""The append-only log of a service: one row per change, inserted in the transaction that makes the change."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import UserDefinedType

from shared.errors import InvalidInput
from shared.events.envelope import EventData
from shared.runtime.database import platform_metadata
from shared.runtime.partitions import made_with
from shared.runtime.rows import NewRows, insert_together


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


outbox = Table(
    "outbox",
    platform_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    # real time, whatever clock the suite uses: the lag of readers is measured from it. Partitions are days of it, in
    # UTC (shared/runtime/partitions.py).
    Column("written_at", DateTime(timezone=True), primary_key=True, server_default=text("clock_timestamp()")),
    Column("data", JSONB, nullable=False),
    # where keys that are bound to an agency read the log, the agency that the event is about
    Column("agency_code", Text),
    Index("ix_outbox_xid_id", "xid", "id"),
    Index("ix_outbox_subject_id", "subject", "id"),
    Index("ix_outbox_agency_code_id", "agency_code", "id", postgresql_where=text("agency_code IS NOT NULL")),
    postgresql_partition_by="RANGE (written_at)",
    listeners=made_with("CREATE TABLE outbox_default PARTITION OF outbox DEFAULT"),
)


async def add_event(session: AsyncSession, data: EventData, *, version: int, at: datetime) -> None:
    """Append one change to the log. Call it after the aggregate's row is locked: that lock orders its events."""
    await add_events(session, [(data, version)], at=at)


MAX_EVENT_BYTES = (
    900_000  # Kafka's default message limit is 1 MiB, headers included; beyond it the relay would stop
)


def event_json(data: EventData) -> str:
    """The data as JSON. Raises InvalidInput event_too_large."""
    text_of_data = data.model_dump_json()
    if len(text_of_data.encode()) > MAX_EVENT_BYTES:
        raise event_too_large()
    return text_of_data


def event_too_large() -> InvalidInput:
    return InvalidInput(
        "event_too_large",
        f"Bản ghi sau thay đổi lớn hơn {MAX_EVENT_BYTES} byte: rút gọn nội dung.",
        f"The record would be larger than {MAX_EVENT_BYTES} bytes after this change: shorten it.",
    )


def event_rows(changes: Sequence[tuple[EventData, int]], *, at: datetime) -> NewRows:
    """The rows of many changes, to be inserted with others; each with the version of its aggregate."""
    rows = [
        json.dumps(
            {
                "event_id": str(uuid4()),
                "type": data.event_type,
                "subject": data.subject(),
                "version": version,
                "time": at.isoformat(),
                "agency_code": data.about_agency(),
            }
        )
        for data, version in changes
    ]
    whole = [
        f'{row[:-1]}, "data": {event_json(data)}}}' for row, (data, _) in zip(rows, changes, strict=True)
    ]
    columns = ("event_id", "type", "subject", "version", "time", "agency_code", "data") if whole else ()
    return NewRows(outbox, columns, f"[{','.join(whole)}]")


async def add_events(
    session: AsyncSession, changes: Sequence[tuple[EventData, int]], *, at: datetime
) -> None:
    """Append many changes, in order; each with the version of its aggregate."""
    await insert_together(session, [event_rows(changes, at=at)])
