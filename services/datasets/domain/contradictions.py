"""Contradictions between declarations and observations: when each opens, and when it ends by itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from services.datasets.domain.declarations import JOINED, Connection, DatedValue, Phase, held_since, in_force
from services.datasets.domain.spans import Span, advance
from shared.runtime.clock import local_date, local_instant


class ContradictionKind(StrEnum):
    """Named by the declaration first, then by the observation."""

    SILENT = "joined_but_silent"
    SENDING = "none_but_sending"
    STALE_SYNC = "synchronised_but_stale"
    FELL_TO_ZERO = "count_fell_to_zero"
    EMPTY = "complete_but_empty"


@dataclass(frozen=True, slots=True)
class HeartbeatSummary:
    """Summary of the heartbeats observed up to an instant.

    Attributes:
        last_at: of the last heartbeat.
        first_since_none: of the first heartbeat from `Declared.none_since` on.
        last_sync_at: as the last heartbeat reports it, also where an earlier one reported a later synchronisation, as
            after a restore. None where it reports none.
        record_count: of the last heartbeat.
        zero_since: of the first heartbeat of the unbroken run of zero counts that ends with the last; None without one.
        was_filled: whether a count above zero precedes that run.
    """

    last_at: datetime | None = None
    first_since_none: datetime | None = None
    last_sync_at: datetime | None = None
    record_count: int | None = None
    zero_since: datetime | None = None
    was_filled: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """For each kind of declaration in force on a day, the instant since which it has held without a break; else None."""

    joined_since: datetime | None = None
    synchronised_since: datetime | None = None
    none_since: datetime | None = None
    complete_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`until` is its end if no further heartbeat arrives; its days are counted from `basis`.

    `never_synchronised`: `basis` is the registration, since no synchronisation was reported.
    """

    kind: ContradictionKind
    opened_at: datetime
    basis: datetime
    until: datetime | None = None
    never_synchronised: bool = False

    def holds(self, instant: datetime) -> bool:
        return self.opened_at <= instant and (self.until is None or instant < self.until)


def declarations_on(
    phases: Sequence[DatedValue], connections: Sequence[DatedValue], complete: Sequence[DatedValue], day: date
) -> Declared:
    """The declarations in force on a day; `complete` are results for that criterion, passed or not."""
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
    declared: Declared,
    heartbeats: HeartbeatSummary,
    *,
    registered_at: datetime,
    expected: bool,
    silent_after: timedelta,
    uncounted: Sequence[Span] = (),
) -> Iterator[Contradiction]:
    """Contradictions, also those that open if no further heartbeat arrives (`opened_at` is then in the future).

    Args:
        declared: the declarations in force.
        heartbeats: the summary of the heartbeats.
        registered_at: silence is counted from here before the first heartbeat.
        expected: whether heartbeats were agreed; without that and without any heartbeat, silence contradicts nothing.
        silent_after: how old the last heartbeat, or synchronisation, may be without contradicting a declaration.
        uncounted: merged spans of maintenance and of our own downtime, in which silence does not count.
    """
    if declared.joined_since is not None and (expected or heartbeats.last_at is not None):
        basis = heartbeats.last_at or registered_at
        opened_at = max(declared.joined_since, advance(basis, silent_after, uncounted))
        yield Contradiction(ContradictionKind.SILENT, opened_at, basis)
    if declared.none_since is not None and heartbeats.first_since_none is not None:
        yield Contradiction(
            ContradictionKind.SENDING, heartbeats.first_since_none, heartbeats.first_since_none
        )
    if declared.synchronised_since is not None and heartbeats.last_at is not None:
        basis = heartbeats.last_sync_at or registered_at
        opened_at = max(declared.synchronised_since, advance(basis, silent_after, uncounted))
        until = advance(heartbeats.last_at, silent_after, uncounted)
        if opened_at < until:  # from `until` on SILENT holds instead
            never = heartbeats.last_sync_at is None
            yield Contradiction(ContradictionKind.STALE_SYNC, opened_at, basis, until, never)
    if heartbeats.zero_since is not None:
        if heartbeats.was_filled:
            yield Contradiction(ContradictionKind.FELL_TO_ZERO, heartbeats.zero_since, heartbeats.zero_since)
        if declared.complete_since is not None:
            opened_at = max(heartbeats.zero_since, declared.complete_since)
            yield Contradiction(ContradictionKind.EMPTY, opened_at, opened_at)


def declared_since(kind: ContradictionKind, declared: Declared) -> datetime | None:
    """The instant since which the declared side of a contradiction holds; None where it does not hold."""
    return {
        ContradictionKind.SILENT: declared.joined_since,
        ContradictionKind.SENDING: declared.none_since,
        ContradictionKind.STALE_SYNC: declared.synchronised_since,
        ContradictionKind.FELL_TO_ZERO: datetime.min.replace(tzinfo=UTC),
        ContradictionKind.EMPTY: declared.complete_since,
    }[kind]


def declared_until(
    kind: ContradictionKind,
    phases: Sequence[DatedValue],
    connections: Sequence[DatedValue],
    complete: Sequence[DatedValue],
    *,
    opened_at: datetime,
    day: date,
) -> datetime | None:
    """The first day since a contradiction opened, up to `day`, on which its declared side does not hold; None for none.

    Declarations about other facts do not end it.
    """
    first = local_date(opened_at)
    days = (item.effective_on for items in (phases, connections, complete) for item in items)
    for each in sorted({first, *(effective_on for effective_on in days if first < effective_on <= day)}):
        if declared_since(kind, declarations_on(phases, connections, complete, each)) is None:
            return local_instant(each)
    return None


_LATEST = 2**63 - 1  # above every id


@dataclass(frozen=True, slots=True)
class Declarations:
    """Every dated value of one database: its phases, its connections, its results for the criterion complete."""

    phases: tuple[DatedValue, ...] = ()
    connections: tuple[DatedValue, ...] = ()
    complete: tuple[DatedValue, ...] = ()

    def with_declaration(
        self, phase: str | None, ndc_connection: str | None, effective_on: date
    ) -> "Declarations":
        """With one more, recorded after all of these."""
        phases = (DatedValue(phase, effective_on, _LATEST),) if phase is not None else ()
        connections = (
            (DatedValue(ndc_connection, effective_on, _LATEST),) if ndc_connection is not None else ()
        )
        return replace(self, phases=self.phases + phases, connections=self.connections + connections)

    def declared(self, day: date) -> Declared:
        return declarations_on(self.phases, self.connections, self.complete, day)

    def until(self, kind: ContradictionKind, opened_at: datetime, day: date) -> datetime | None:
        """The instant at which a declaration of a day up to `day` ended the declared side of a contradiction, or None."""
        values = (self.phases, self.connections, self.complete)
        return declared_until(kind, *values, opened_at=opened_at, day=day)

    def phase(self, day: date) -> str | None:
        return _value(in_force(self.phases, day))

    def connection(self, day: date) -> str | None:
        return _value(in_force(self.connections, day))


def _value(dated: DatedValue | None) -> str | None:
    return None if dated is None else dated.value


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


def description(
    kind: ContradictionKind,
    connection: str | None,
    basis: datetime,
    at: datetime,
    *,
    never_synchronised: bool = False,
) -> tuple[str, str]:
    """A contradiction described at an instant, in Vietnamese and in English; whole days since `basis`."""
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
