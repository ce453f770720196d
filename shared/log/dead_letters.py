"""What a consumer set aside: a row for each, in the consuming service's database, with its reason and its whole text."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, Uuid, func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.envelope import CloudEvent
from shared.log.bus import DeadLetter, Unreadable
from shared.runtime.database import spine

LONGEST_REASON = 1000  # characters

dead_letters = Table(
    "dead_letters",
    spine,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("event_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
)


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


def _letter(source: str, event_id: UUID | None, reason: str, raw: str) -> DeadLetter:
    return DeadLetter(source, event_id, _storable(reason)[:LONGEST_REASON], _storable(raw))


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL, and UTF-8 no half of a surrogate pair."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()
