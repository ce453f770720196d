"""A place in the log of a service: as a token for other systems, and as a row of `log_cursors` for our own readers."""

import base64
import binascii
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Self
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.errors import InvalidInput
from shared.runtime.database import platform_metadata

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # no event was written before
TRIMMED = "trimmed"  # the row of log_cursors up to which events were removed
_SNAPSHOT = re.compile(r"\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19})*)?", re.ASCII)
_LARGEST = 2**63 - 1
_EARLIEST = str(int(BEGINNING.timestamp()))
_LATEST = 32_503_680_000  # seconds: the year 3000
NOTHING_SEEN = "1:1:"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything visible in `seen` was read; of what `upto` adds to it, the rows up to `last_id`.

    Nothing that was not read was written before `since`. `log_id` is the log's own (shared/log/identity.py); None in
    cursors from before logs had one.
    """

    seen: str = NOTHING_SEEN
    upto: str = NOTHING_SEEN
    last_id: int = 0
    since: datetime = BEGINNING
    log_id: UUID | None = None

    @property
    def at_start(self) -> bool:
        return self.seen == NOTHING_SEEN and self.last_id == 0

    @property
    def oldest_running(self) -> int:
        """Every transaction with a lower id had ended when `seen` was taken: their events were read."""
        return _oldest_running(self.seen)

    @property
    def next_transaction(self) -> int:
        """It was taken where no transaction with this id or a higher one had ended."""
        return max(int(snapshot.split(":")[1]) for snapshot in (self.seen, self.upto))

    def encode(self) -> str:
        words = f"{self.seen}|{self.upto}|{self.last_id}|{int(self.since.timestamp())}|"
        words += self.log_id.hex if self.log_id else ""
        return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str) -> Self:
        """The inverse of `encode`; anything else is refused, since its parts go into a query."""
        try:
            words = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii").split("|")
            words += [_EARLIEST, ""][len(words) - 3 :]  # as cursors were before `since`, and before `log_id`
            seen, upto, last_id, since, log_id = words
            known = UUID(log_id) if log_id else None
        except (binascii.Error, ValueError):
            raise _bad_cursor() from None
        snapshots = _is_snapshot(seen) and _is_snapshot(upto)
        if not (snapshots and _is_number(last_id, _LARGEST) and _is_number(since, _LATEST)):
            raise _bad_cursor()
        return cls(seen, upto, int(last_id), datetime.fromtimestamp(int(since), UTC), known)

    def has_passed(self, other: "Cursor") -> bool:
        """True if it has read every event of transactions older than `other`'s and with ids up to `other`'s."""
        in_window = _oldest_running(self.upto) >= other.oldest_running and self.last_id >= other.last_id
        return in_window or self.oldest_running >= other.oldest_running


def _oldest_running(snapshot: str) -> int:
    return int(snapshot.partition(":")[0])


def _is_number(word: str, largest: int) -> bool:
    return word.isascii() and word.isdecimal() and int(word) <= largest


def _is_snapshot(words: str) -> bool:
    if not _SNAPSHOT.fullmatch(words):
        return False
    xmin, xmax, running = words.split(":")
    xids = [int(xid) for xid in running.split(",")] if running else []
    if not all(xid & 0xFFFFFFFF for xid in (int(xmin), int(xmax), *xids)):
        return False  # PostgreSQL has no transaction whose lower half is 0, and refuses to read one
    in_order = all(low < high for low, high in pairwise(xids))
    return (
        0 < int(xmin) <= int(xmax) <= _LARGEST
        and in_order
        and all(int(xmin) <= xid < int(xmax) for xid in xids)
    )


def _bad_cursor() -> InvalidInput:
    return InvalidInput(
        "cursor_invalid",
        "Con trỏ không đúng: dùng nguyên giá trị next_cursor của lần đọc trước, hoặc bỏ trống để đọc từ đầu.",
        "The cursor is not one of ours: pass next_cursor of an earlier page unchanged, or none to start over.",
        field="after",
    )


log_cursors = Table(
    "log_cursors",
    platform_metadata,
    Column("name", Text, primary_key=True),
    Column("seen", Text, nullable=False),
    Column("upto", Text, nullable=False),
    Column("last_id", BigInteger, nullable=False),
    Column("moved_at", DateTime(timezone=True), nullable=False),
    Column("since", DateTime(timezone=True)),
    Column("log_id", Uuid),
)

_LOAD = select(
    log_cursors.c.seen,
    log_cursors.c.upto,
    log_cursors.c.last_id,
    func.coalesce(log_cursors.c.since, BEGINNING),
    log_cursors.c.log_id,
).where(log_cursors.c.name == bindparam("name"))


async def load_cursor(connection: AsyncConnection, name: str) -> Cursor:
    """The saved cursor of that name; the beginning when there is none."""
    row = (await connection.execute(_LOAD, {"name": name})).one_or_none()
    return Cursor(*row) if row else Cursor()


async def save_cursor(session: AsyncSession, name: str, cursor: Cursor) -> None:
    position = {**asdict(cursor), "moved_at": func.now()}
    await session.execute(
        insert(log_cursors)
        .values(name=name, **position)
        .on_conflict_do_update(index_elements=["name"], set_=position)
    )
