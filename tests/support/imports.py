"""Imports in a test's hands: how things stand right before one is announced, and what it does after that."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.runtime.clock import ManualClock
from shared.runtime.database import Database, LateChange


@dataclass
class Notes:
    """Of an import's announcement, an hour after it began.

    Attributes:
        settled: the latest instant of stable reads right before it; by the clock, `now`.
        seen: the result of `look` in a stable snapshot then, by another connection.
        statements: what the import executed from then on.
    """

    database: Database
    look: str
    meanwhile: Callable[[], Awaitable[object]] | None = None
    now: datetime | None = None
    settled: datetime | None = None
    seen: Any = None
    statements: list[str] = field(default_factory=list)

    def of(self, late: LateChange) -> LateChange:
        """The same change, which notes its announcement."""
        return _Noted(late.session, late.clock, self)


@dataclass(frozen=True, slots=True)
class _Noted(LateChange):
    notes: Notes

    async def announce(self) -> datetime:
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(hours=1)
        notes = self.notes
        notes.now = self.clock.now()
        async with notes.database.stable_snapshot(self.clock, None) as (connection, moment):
            notes.seen = await connection.scalar(text(notes.look))
        notes.settled = moment.known_at
        if notes.meanwhile is not None:
            await notes.meanwhile()
        at = await LateChange.announce(self)
        _record(await self.session.connection(), notes.statements)
        return at


def _record(connection: AsyncConnection, statements: list[str]) -> None:
    @event.listens_for(connection.sync_connection, "before_cursor_execute")
    def _(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)
