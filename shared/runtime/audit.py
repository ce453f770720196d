"""The audit: one row per change, with its author, instant and reason, in the transaction that makes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from shared.runtime.database import platform_metadata
from shared.runtime.rows import NewRows, insert_together

audit = Table(
    "audit",
    platform_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text),
    Column("action", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("entity_id", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Index("ix_audit_entity_id", "entity", "entity_id", "id"),
)


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a change, and the id of its request.

    `name` is the key's name with its public prefix in parentheses, never its secret.
    """

    name: str
    request_id: str | None = None


SYSTEM = Actor("system")


async def add_audit(
    session: AsyncSession,
    actor: Actor,
    action: str,
    entity: str,
    entity_id: object,
    *,
    at: datetime,
    **detail: Any,
) -> None:
    """Record an action; `detail` are JSON values (before, after, reason)."""
    await add_audits(session, actor, [(action, entity, entity_id, detail)], at=at)


async def add_audits(
    session: AsyncSession,
    actor: Actor,
    entries: Sequence[tuple[str, str, object, dict[str, Any]]],
    *,
    at: datetime,
) -> None:
    """Record many actions at once: (action, entity, entity id, detail)."""
    await insert_together(session, [audit_rows(actor, entries, at=at)])


def audit_rows(
    actor: Actor, entries: Sequence[tuple[str, str, object, dict[str, Any]]], *, at: datetime
) -> NewRows:
    """The rows of many actions, to be inserted with others."""
    rows = [
        {
            "at": at,
            "actor": actor.name,
            "request_id": actor.request_id,
            "action": action,
            "entity": entity,
            "entity_id": str(entity_id),
            "detail": detail,
        }
        for action, entity, entity_id, detail in entries
    ]
    return NewRows.of(audit, rows)
