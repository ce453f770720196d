"""Recording heartbeats, one or many in a transaction: nearly all only move their database's watch, in one statement."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ARRAY, BigInteger, BindParameter, DateTime, Text, bindparam, exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.heartbeats import NewHeartbeat, check_heartbeat, follow_each_other
from services.datasets.tables import Heartbeat
from services.datasets.use_cases.authority import other_owner, owners_of
from services.datasets.use_cases.changes import Watched, database_unknown, lock_databases
from services.datasets.use_cases.watching import WatchRules, examine
from shared.errors import Conflict, Refusal

_GIVEN = """
    SELECT * FROM unnest(:codes, :tenants, :run_ids, :observed_at, :record_counts, :last_sync_at, :notes)
        AS given (code, tenant, run_id, observed_at, record_count, last_sync_at, note)
"""
_PARAMETERS: tuple[BindParameter[Any], ...] = (
    *(bindparam(name, type_=ARRAY(Text)) for name in ("codes", "tenants", "run_ids", "notes")),
    *(bindparam(name, type_=ARRAY(DateTime(timezone=True))) for name in ("observed_at", "last_sync_at")),
    bindparam("record_counts", type_=ARRAY(BigInteger)),
    bindparam("now", type_=DateTime(timezone=True)),
)

# Inserts heartbeats that come in order while their database is up without a contradiction, and moves its watch. It waits
# for a concurrent update of the watch and re-evaluates the row: so conditions and `in_time` are read there.
_RECORD_STEADY = text(
    f"""
    WITH given AS MATERIALIZED ({_GIVEN}), refused AS (
        SELECT code FROM given JOIN databases USING (code)
        WHERE tenant <> owner_code AND NOT EXISTS (
            WITH RECURSIVE above AS (
                SELECT owner_code AS code UNION SELECT parent_code FROM agencies JOIN above USING (code)
            ) SELECT FROM above WHERE above.code = tenant
        )
    ), spans AS (
        SELECT code, min(observed_at) AS first_at, max(observed_at) AS last_at, min(last_sync_at) AS first_sync_at
        FROM given WHERE code NOT IN (SELECT code FROM refused) GROUP BY code
    ), steady AS MATERIALIZED (
        SELECT database_code AS code FROM watches JOIN spans ON database_code = code
        WHERE is_steady AND last_heartbeat_at < first_at AND last_at <= :now AND next_check_at > :now
          AND (last_sync_at IS NULL OR last_sync_at <= first_sync_at)
        ORDER BY database_code
        FOR NO KEY UPDATE OF watches
    ), added AS (
        INSERT INTO heartbeats (database_code, run_id, observed_at, record_count, last_sync_at, note, recorded_at)
        SELECT code, run_id, observed_at, record_count, last_sync_at, note, :now FROM given
        WHERE code IN (SELECT code FROM steady)
        ON CONFLICT DO NOTHING
        RETURNING database_code, run_id, observed_at, record_count, last_sync_at
    ), latest AS (
        SELECT DISTINCT ON (database_code) * FROM added ORDER BY database_code, observed_at DESC
    ), updated AS (
        UPDATE watches
        SET last_heartbeat_at = latest.observed_at, last_sync_at = latest.last_sync_at,
            record_count = latest.record_count, checked_at = greatest(checked_at, :now),
            heard_until = greatest(heard_until, latest.observed_at + in_time),
            silence_check_at = greatest(silence_check_at, latest.observed_at + in_time),
            next_check_at = least(greatest(silence_check_at, latest.observed_at + in_time), other_check_at)
        FROM latest WHERE watches.database_code = latest.database_code
    )
    SELECT database_code, run_id FROM added
    """  # noqa: S608 - SQL of this file
).bindparams(*_PARAMETERS)

_ADD = text(
    f"""
    INSERT INTO heartbeats (database_code, run_id, observed_at, record_count, last_sync_at, note, recorded_at)
    SELECT code, run_id, observed_at, record_count, last_sync_at, note, :now FROM ({_GIVEN}) given
    ON CONFLICT DO NOTHING
    RETURNING database_code, run_id
    """  # noqa: S608 - SQL of this file
).bindparams(*_PARAMETERS)


@dataclass(frozen=True, slots=True)
class SentHeartbeat:
    """A heartbeat for a database; `tenant` is the agency of the key that sends it, None for a key of the office."""

    code: str
    new: NewHeartbeat
    tenant: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.code, self.new.run_id


Counted = bool  # false for a repetition, which changes nothing


async def record_heartbeat(
    session: AsyncSession, sent: SentHeartbeat, *, rules: WatchRules, skew: timedelta, at: datetime
) -> Counted:
    """Record a heartbeat.

    Raises:
        InvalidInput: an instant is in the future or out of range; sync_after_observed.
        NotFound: database_unknown.
        Forbidden: other_owner.
        Conflict: run_id_taken, when its run sent other content before.
    """
    [outcome] = await record_heartbeats(session, [sent], rules=rules, skew=skew, at=at)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def record_heartbeats(
    session: AsyncSession, sent: Sequence[SentHeartbeat], *, rules: WatchRules, skew: timedelta, at: datetime
) -> list[Counted | Refusal]:
    """Record heartbeats of one tenant; the outcome of each, in their order: those refused hold no other back.

    States and contradictions are worked out once for each database, after all its heartbeats.
    """
    watched = await lock_databases(session, sorted({each.code for each in sent}))
    outcomes: dict[int, Counted | Refusal] = {}
    if sent and sent[0].tenant is not None:
        outcomes |= await _of_others(session, sent, sent[0].tenant)
    for number, each in enumerate(sent):
        if each.code not in watched:
            outcomes[number] = database_unknown(each.code)
        elif (refusal := _refusal(each.new, at, skew)) is not None:
            outcomes.setdefault(number, refusal)
    rest = {number: each for number, each in enumerate(sent) if number not in outcomes}
    steady = await record_steady(session, rest.values(), skew=skew, at=at)
    outcomes |= {number: True for number, each in rest.items() if each.key in steady}
    rest = {number: each for number, each in rest.items() if each.key not in steady}
    if rest:
        outcomes |= await _add(session, rest, at)
        added = [each for number, each in rest.items() if outcomes[number] is True]
        await _examine_each(session, added, watched, rules, at)
    return [outcomes[number] for number in range(len(sent))]


async def record_steady(
    session: AsyncSession, sent: Iterable[SentHeartbeat], *, skew: timedelta, at: datetime
) -> set[tuple[str, str]]:
    """Record in one statement those that change no state and that their tenants may send; returns their keys.

    Nothing is recorded of the others, nor of a database that sends any which do not follow each other.
    """
    regular: list[SentHeartbeat] = []
    for _, some in _by_code(each for each in sent if _refusal(each.new, at, skew) is None):
        if follow_each_other([each.new for each in some]):
            regular += some
    if not regular:
        return set()
    rows = await session.execute(_RECORD_STEADY, _values(regular, at))
    return {(row.database_code, row.run_id) for row in rows}


def _by_code(sent: Iterable[SentHeartbeat]) -> Iterator[tuple[str, list[SentHeartbeat]]]:
    for code, some in groupby(sorted(sent, key=attrgetter("key")), key=attrgetter("code")):
        yield code, list(some)


def _values(sent: Sequence[SentHeartbeat], at: datetime) -> dict[str, object]:
    return {
        "codes": [each.code for each in sent],
        "tenants": [each.tenant for each in sent],
        "run_ids": [each.new.run_id for each in sent],
        "observed_at": [each.new.observed_at for each in sent],
        "record_counts": [each.new.record_count for each in sent],
        "last_sync_at": [each.new.last_sync_at for each in sent],
        "notes": [each.new.note for each in sent],
        "now": at,
    }


async def _of_others(
    session: AsyncSession, sent: Sequence[SentHeartbeat], tenant: str
) -> dict[int, Counted | Refusal]:
    """The refusals of heartbeats for databases that belong neither to the tenant nor to an agency below it."""
    owners = await owners_of(session, tenant, sorted({each.code for each in sent}))
    return {
        number: other_owner(each.code, owners[each.code].code, tenant)
        for number, each in enumerate(sent)
        if each.code in owners and not owners[each.code].is_within
    }


def _refusal(new: NewHeartbeat, at: datetime, skew: timedelta) -> Refusal | None:
    try:
        check_heartbeat(new, at, skew)
    except Refusal as refusal:
        return refusal
    return None


async def _add(
    session: AsyncSession, sent: Mapping[int, SentHeartbeat], at: datetime
) -> dict[int, Counted | Refusal]:
    rows = await session.execute(_ADD, _values(list(sent.values()), at))
    added = {(row.database_code, row.run_id) for row in rows}
    outcomes: dict[int, Counted | Refusal] = {}
    for number, each in sent.items():
        if each.key in added:
            added.remove(each.key)  # what follows with its run repeats it
            outcomes[number] = True
        else:
            outcomes[number] = await _repeated(session, each)
    return outcomes


_FOUND = select(
    Heartbeat.run_id, Heartbeat.observed_at, Heartbeat.record_count, Heartbeat.last_sync_at, Heartbeat.note
).where(Heartbeat.database_code == bindparam("code"), Heartbeat.run_id == bindparam("run_id"))


async def _repeated(session: AsyncSession, sent: SentHeartbeat) -> Counted | Refusal:
    run_id = sent.new.run_id
    found = (await session.execute(_FOUND, {"code": sent.code, "run_id": run_id})).one()
    if NewHeartbeat(*found) == sent.new:
        return False
    return Conflict(
        "run_id_taken",
        f"Lần chạy {run_id} đã gửi nội dung khác: dùng run_id mới cho mỗi lần chạy.",
        f"The run {run_id} told something else before: use a new run_id for each run.",
        field="run_id",
    )


async def _examine_each(
    session: AsyncSession,
    added: Sequence[SentHeartbeat],
    watched: Mapping[str, Watched],
    rules: WatchRules,
    at: datetime,
) -> None:
    for code, some in _by_code(added):
        new = [each.new for each in some]
        one = watched[code]
        first_at = min(each.observed_at for each in new)
        revises = first_at < one.watch.observed_since or await _is_first_filled(session, code, new)
        await examine(session, one, rules, at=at, revises=revises)


_EARLIER_FILLED = select(
    exists().where(
        Heartbeat.database_code == bindparam("code"),
        Heartbeat.record_count > 0,
        Heartbeat.observed_at < bindparam("at", type_=DateTime(timezone=True)),
    )
)


async def _is_first_filled(session: AsyncSession, code: str, new: Sequence[NewHeartbeat]) -> bool:
    """True where the first with a count above zero is among them: heartbeats with zero after it no longer count."""
    filled = min((each.observed_at for each in new if each.record_count > 0), default=None)
    if filled is None:
        return False
    return not await session.scalar(_EARLIER_FILLED, {"code": code, "at": filled})
