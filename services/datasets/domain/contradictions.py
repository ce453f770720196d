"""Where what is declared and what is seen do not agree: when that became true, and when it ends by itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from services.datasets.domain.facts import JOINED, Connection, Phase, Stated, held_since
from services.datasets.domain.spans import Span, advance
from shared.runtime.clock import local_date, local_instant


class ContradictionKind(StrEnum):
    """The declaration first, what is seen after it."""

    SILENT = "joined_but_silent"
    SENDING = "none_but_sending"
    STALE_SYNC = "synchronised_but_stale"
    FELL_TO_ZERO = "count_fell_to_zero"
    EMPTY = "complete_but_empty"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the heartbeats up to an instant say.

    Attributes:
        last_at: the last heartbeat.
        first_since_none: the first one since neither platform nor connection is declared to be there.
        last_sync_at: the synchronisation that the last heartbeat told: its word holds, also where it is older than what
            was told before, as after a restore. None where it told that there never was one.
        record_count: of the last one.
        zero_since: the first of the zero counts that the last heartbeats have told without a break.
        was_filled: whether a count above zero was told before those.
    """

    last_at: datetime | None = None
    first_since_none: datetime | None = None
    last_sync_at: datetime | None = None
    record_count: int | None = None
    zero_since: datetime | None = None
    was_filled: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared on a day, and since when without a break; None where it is not so."""

    joined_since: datetime | None = None
    synchronised_since: datetime | None = None
    none_since: datetime | None = None
    complete_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`until` is when it ends if nothing more is heard; `basis` is the instant from which its days are counted.

    `never_synchronised`: they are counted from the registration, since no synchronisation was ever told of.
    """

    kind: ContradictionKind
    opened_at: datetime
    basis: datetime
    until: datetime | None = None
    never_synchronised: bool = False

    def holds(self, instant: datetime) -> bool:
        return self.opened_at <= instant and (self.until is None or instant < self.until)


def declared(
    phases: Sequence[Stated], connections: Sequence[Stated], complete: Sequence[Stated], day: date
) -> Declared:
    """What holds on a day; `complete` are the results of that criterion, `passed` or not."""
    nothing = [
        held_since(connections, {Connection.NONE}, day),
        held_since(phases, {Phase.NONE, Phase.PLANNED}, day),
    ]
    return Declared(
        joined_since=held_since(connections, JOINED, day),
        synchronised_since=held_since(connections, {Connection.SYNCHRONISED}, day),
        none_since=min((since for since in nothing if since is not None), default=None),
        complete_since=held_since(complete, {PASSED}, day),
    )


PASSED = "passed"


def contradictions(
    told: Declared,
    seen: Seen,
    *,
    registered_at: datetime,
    expected: bool,
    silent_after: timedelta,
    uncounted: Sequence[Span] = (),
) -> Iterator[Contradiction]:
    """What contradicts itself, also what will if nothing more is heard (`opened_at` lies ahead then).

    Args:
        told: what is declared.
        seen: what was heard.
        registered_at: since when we can have heard anything.
        expected: whether heartbeats were agreed; where they were not and none ever came, silence says nothing.
        silent_after: how long silence, or data that are not synchronised, agrees with a declaration.
        uncounted: merged spans of maintenance and of our own downtime, in which silence does not count.
    """
    if told.joined_since is not None and (expected or seen.last_at is not None):
        basis = seen.last_at or registered_at
        opened_at = max(told.joined_since, advance(basis, silent_after, uncounted))
        yield Contradiction(ContradictionKind.SILENT, opened_at, basis)
    if told.none_since is not None and seen.first_since_none is not None:
        yield Contradiction(ContradictionKind.SENDING, seen.first_since_none, seen.first_since_none)
    if told.synchronised_since is not None and seen.last_at is not None:
        basis = seen.last_sync_at or registered_at
        opened_at = max(told.synchronised_since, advance(basis, silent_after, uncounted))
        until = advance(seen.last_at, silent_after, uncounted)
        if opened_at < until:  # beyond it is silent altogether, which is told as such
            never = seen.last_sync_at is None
            yield Contradiction(ContradictionKind.STALE_SYNC, opened_at, basis, until, never)
    if seen.zero_since is not None:
        if seen.was_filled:
            yield Contradiction(ContradictionKind.FELL_TO_ZERO, seen.zero_since, seen.zero_since)
        if told.complete_since is not None:
            opened_at = max(seen.zero_since, told.complete_since)
            yield Contradiction(ContradictionKind.EMPTY, opened_at, opened_at)


def declared_since(kind: ContradictionKind, told: Declared) -> datetime | None:
    """Since when the declared side of a contradiction holds; None where it does not."""
    return {
        ContradictionKind.SILENT: told.joined_since,
        ContradictionKind.SENDING: told.none_since,
        ContradictionKind.STALE_SYNC: told.synchronised_since,
        ContradictionKind.FELL_TO_ZERO: datetime.min.replace(tzinfo=UTC),
        ContradictionKind.EMPTY: told.complete_since,
    }[kind]


def declared_until(
    kind: ContradictionKind,
    phases: Sequence[Stated],
    connections: Sequence[Stated],
    complete: Sequence[Stated],
    *,
    opened_at: datetime,
    day: date,
) -> datetime | None:
    """The first day since a contradiction opened, up to `day`, on which its declared side does not hold; None for none.

    What is said of anything else ends nothing.
    """
    first = local_date(opened_at)
    said = (item.effective_on for items in (phases, connections, complete) for item in items)
    for each in sorted({first, *(effective_on for effective_on in said if first < effective_on <= day)}):
        if declared_since(kind, declared(phases, connections, complete, each)) is None:
            return local_instant(each)
    return None


_NEVER_SYNCHRONISED = (
    "khai báo đã đồng bộ, nhưng chưa đồng bộ lần nào",
    "declared synchronised, but never synchronised",
)
_WORDS: Mapping[ContradictionKind, tuple[str, str]] = {
    ContradictionKind.SILENT: (
        "khai báo {connection_vi}, {days} ngày không có tín hiệu",
        "declared {connection}, no heartbeat for {days} days",
    ),
    ContradictionKind.SENDING: (
        "khai báo chưa có hoặc chưa kết nối, nhưng đang gửi tín hiệu",
        "declared none, seen sending",
    ),
    ContradictionKind.STALE_SYNC: (
        "khai báo đã đồng bộ, lần đồng bộ gần nhất cách đây {days} ngày",
        "declared synchronised, last synchronised {days} days ago",
    ),
    ContradictionKind.FELL_TO_ZERO: (
        "số bản ghi giảm đột ngột về 0",
        "the record count fell to zero",
    ),
    ContradictionKind.EMPTY: (
        "đánh giá đạt tiêu chí đủ, nhưng số bản ghi là 0",
        "passed as complete, but the record count is zero",
    ),
}
_CONNECTIONS_VI = {Connection.CONNECTED: "đã kết nối", Connection.SYNCHRONISED: "đã đồng bộ"}


def words(
    kind: ContradictionKind,
    connection: str | None,
    basis: datetime,
    at: datetime,
    *,
    never_synchronised: bool = False,
) -> tuple[str, str]:
    """What a reader is told at an instant, in Vietnamese and in English; days are whole ones since `basis`."""
    if never_synchronised:
        return _NEVER_SYNCHRONISED
    joined = Connection(connection) if connection in JOINED else Connection.CONNECTED
    values = {
        "connection": joined.value,
        "connection_vi": _CONNECTIONS_VI[joined],
        "days": max(0, (at - basis).days),
    }
    vi, en = _WORDS[kind]
    return vi.format_map(values), en.format_map(values)
