"""Dead letters: a row for each message set aside, in the consuming service's database, with reason and whole text.

A row stays. It is open until an operator replays it or drops it (`dondoc dead-letters`).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from pydantic import ValidationError
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Select,
    Table,
    Text,
    Uuid,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.events.envelope import CloudEvent
from shared.log.bus import DeadLetter, Unreadable
from shared.log.bus.binary_mode import from_text
from shared.runtime.database import one_of, platform_metadata

LONGEST_REASON = 1000  # characters


class Closing(StrEnum):
    """The outcome of a closed letter: its event was applied after all, or is given up."""

    REPLAYED = "replayed"
    DROPPED = "dropped"


dead_letters = Table(
    "dead_letters",
    platform_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("event_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("closing", Text),
    Column("closing_reason", Text),
    one_of("closing", Closing),
    Index("ix_dead_letters_open", "id", postgresql_where=text("closed_at IS NULL")),
)


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A row, with the type and the subject of its event where it is one."""

    id: int
    source: str
    event_id: UUID | None
    received_at: datetime
    reason: str
    raw: str
    closed_at: datetime | None
    closing: str | None
    closing_reason: str | None

    def event(self) -> CloudEvent:
        """Raises ValueError with the reason where the text is no event."""
        if self.event_id is None:
            return from_text(self.raw)
        try:
            return CloudEvent.model_validate_json(self.raw)
        except ValidationError as error:
            raise ValueError(str(error)) from None


def letter_of_event(source: str, event: CloudEvent, error: Exception) -> DeadLetter:
    reason = f"{type(error).__name__}: {error}"
    return _letter(source, event.id, reason, event.model_dump_json())


def letter_of_message(source: str, message: Unreadable) -> DeadLetter:
    return _letter(source, None, f"{message.position}: {message.reason}", message.raw)


def identity_of(letter: DeadLetter) -> UUID:
    """The id under which the inbox claims it: a message that is no event is the same at the same place with the same text."""
    if letter.event_id is not None:
        return letter.event_id
    position = letter.reason.partition(": ")[0]
    return uuid5(NAMESPACE_OID, f"{letter.source} {position} {letter.raw}")


async def add_letters(session: AsyncSession, letters: Sequence[DeadLetter]) -> None:
    if letters:
        rows = [asdict(letter) for letter in letters]
        await session.execute(insert(dead_letters).values(received_at=func.now()), rows)


_STORED = select(
    *(dead_letters.c[name] for name in StoredLetter.__dataclass_fields__)  # the same names, in order
)


async def list_letters(
    connection: AsyncConnection, limit: int, *, closed: bool = False
) -> Sequence[StoredLetter]:
    """The oldest open letters, or the newest of all where `closed` ones are included."""
    asked = _STORED.order_by(dead_letters.c.id.desc()) if closed else _open().order_by(dead_letters.c.id)
    return [StoredLetter(*row) for row in await connection.execute(asked.limit(limit))]


async def lock_letter(session: AsyncSession, letter_id: int) -> StoredLetter | None:
    """The letter where it is open, locked until the transaction ends."""
    locked = _open().where(dead_letters.c.id == letter_id).with_for_update()
    row = (await session.execute(locked)).one_or_none()
    return StoredLetter(*row) if row else None


async def close_letter(
    session: AsyncSession, letter_id: int, closing: Closing, reason: str | None = None
) -> None:
    ended = {"closed_at": func.now(), "closing": closing, "closing_reason": reason}
    await session.execute(update(dead_letters).where(dead_letters.c.id == letter_id).values(**ended))


def _open() -> Select[*tuple[Any, ...]]:
    return _STORED.where(dead_letters.c.closed_at.is_(None))


def _letter(source: str, event_id: UUID | None, reason: str, raw: str) -> DeadLetter:
    return DeadLetter(source, event_id, _storable(reason)[:LONGEST_REASON], _storable(raw))


def _storable(text: str) -> str:
    """Escape NUL, which PostgreSQL cannot store, and lone surrogates, which UTF-8 cannot."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()
