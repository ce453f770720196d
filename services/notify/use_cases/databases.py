"""Following what the datasets service tells: databases, and the signals that come of their changes."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.databases import (
    CALM,
    TROUBLES,
    contradiction_standing,
    state_standing,
    transition,
    written,
)
from services.notify.domain.signals import (
    PASSED,
    STATE_FAMILY,
    STATE_KINDS,
    SignalKind,
    SignalRules,
    SignalStatus,
    Standing,
    SubjectKind,
)
from services.notify.tables import Database, Signal
from services.notify.use_cases.picture import newer
from services.notify.use_cases.signal_deliveries import cancel_untrue
from services.notify.use_cases.signals import add_signals, end_signals, hand_over, signal_row
from shared.events.datasets import (
    DatabaseContradicted,
    DatabaseEvent,
    DatabaseObserved,
    DatabaseReconciled,
    DatabaseState,
)
from shared.runtime.audit import SYSTEM, add_audit

_RECORD_DATABASE = newer(Database)
SILENT = "joined_but_silent"  # the contradiction that a silence is
_VERSION = Signal.facts["version"].as_integer()


@dataclass(frozen=True, slots=True)
class _Picture:
    """How a database stands by the newest that was told."""

    version: int
    owner_code: str
    observed: str
    observed_since: datetime
    heard_until: datetime | None
    contradictions: Collection[str]


@dataclass(frozen=True, slots=True)
class _Raised:
    """The newest that was raised of a database's state; `version` is 0 where nothing was."""

    kind: str = ""
    occurred_at: datetime | None = None
    version: int = 0

    def trouble_before(self, version: int) -> bool:
        """Whether the owner was left with a trouble when that version came to be."""
        return self.kind in TROUBLES and self.version < version


@dataclass(frozen=True, slots=True)
class _News:
    """What a change is told as. A state is told by its version: a heartbeat that arrives late dates it back."""

    kind: SignalKind
    version: int
    occasion: str
    occurred_at: datetime
    facts: dict[str, Any]

    @property
    def ends(self) -> str | None:
        """Of what it tells the end: of the troubles of its state, or of a contradiction; None where it begins one."""
        if self.kind is SignalKind.RECOVERED:
            return STATE_FAMILY
        return self.occasion if self.kind is SignalKind.CLOSED else None


async def follow_database(
    session: AsyncSession, event: DatabaseEvent, *, told_at: datetime, now: datetime, rules: SignalRules
) -> None:
    """Take a database into the picture; what changed becomes a signal to its owner, where it is one."""
    state, added = event.database, 0
    picture = await _record(session, state)
    moved = await hand_over(session, SubjectKind.DATABASE, state.code, picture.owner_code)
    cancelled = await _calm_down(session, state.code, now) if picture.observed in CALM else 0
    waiting = await _postpone(session, state, picture, now)
    raised = await _last_raised(session, state.code)
    news = _news(event, raised)
    if news is not None and news.ends in waiting and not raised.trouble_before(news.version):
        # nobody was told of what has ended
        cancelled += await end_signals(
            session, SubjectKind.DATABASE, state.code, Signal.id.in_(waiting[news.ends]), now, standing=PASSED
        )
        news = None
    if news is not None:
        standing = _standing(news, picture, raised, told_at=told_at, now=now, rules=rules)
        if news.kind in STATE_KINDS and picture.version == state.version:
            cancelled += await _pass_over(session, state, now)
        row = signal_row(
            news.kind, news.occasion, standing,
            subject_kind=SubjectKind.DATABASE, subject=state.code, agency_code=picture.owner_code,
            due_at=_due_at(news, picture, told_at), occurred_at=news.occurred_at, now=now, facts=_facts(state) | news.facts,
        )  # fmt: skip
        added = await add_signals(session, [row])
    if added or cancelled or moved:
        detail = {
            "version": state.version,
            "kind": news and news.kind,
            "added": added,
            "cancelled": cancelled,
            "handed_over": moved,
        }
        await add_audit(session, SYSTEM, "signals.changed", "database", state.code, at=now, **detail)


async def _record(session: AsyncSession, state: DatabaseState) -> _Picture:
    """Lock and write the row; the picture as it then is, which may be newer than what is told."""
    row: dict[str, Any] = {
        "code": state.code,
        "version": state.version,
        "name": state.name,
        "kind": state.kind,
        "owner_code": state.owner_code,
        "observed": state.observed,
        "observed_since": state.observed_since,
        "heard_until": state.heard_until,
        "contradictions": [str(contradiction.id) for contradiction in state.contradictions],
    }
    if (await session.execute(_RECORD_DATABASE, row)).one_or_none() is not None:
        return _Picture(**{name: row[name] for name in _Picture.__slots__})
    known = select(*(getattr(Database, name) for name in _Picture.__slots__))
    found = (await session.execute(known.where(Database.code == state.code))).one()
    return _Picture(*found)


async def _calm_down(session: AsyncSession, code: str, now: datetime) -> int:
    """End what asks for something that nobody is asked for now; returns how many were not raised yet."""
    await cancel_untrue(session, SubjectKind.DATABASE, code, TROUBLES, now)
    return await end_signals(session, SubjectKind.DATABASE, code, Signal.kind.in_(TROUBLES), now)


async def _postpone(
    session: AsyncSession, state: DatabaseState, picture: _Picture, now: datetime
) -> dict[str, list[UUID]]:
    """Put off what would be told of a silence while the newest heartbeat vouches that it is over.

    Returns the ids of what was put off before, by what it belongs to: see `_News.ends`.
    """
    found = await session.execute(
        select(Signal.id, Signal.kind, Signal.occasion, Signal.due_at, Signal.facts).where(
            Signal.subject_kind == SubjectKind.DATABASE,
            Signal.subject == state.code,
            Signal.kind.in_((*TROUBLES, SignalKind.OPENED)),
            Signal.status == SignalStatus.PENDING,
        )
    )
    waiting: dict[str, list[UUID]] = defaultdict(list)
    for row in found:
        if not _is_silence(SignalKind(row.kind), row.facts):
            continue
        if row.due_at > now:
            waiting[STATE_FAMILY if row.kind in TROUBLES else row.occasion].append(row.id)
        if picture.heard_until is not None and picture.heard_until > max(row.due_at, now):
            last = written(state.last_heartbeat_at) if state.last_heartbeat_at else None
            values = {"due_at": picture.heard_until, "facts": {**row.facts, "last_heartbeat_at": last}}
            await session.execute(update(Signal).where(Signal.id == row.id).values(**values))
    return waiting


def _is_silence(kind: SignalKind, facts: Mapping[str, Any]) -> bool:
    said = facts.get("contradiction")
    return kind in TROUBLES or (said is not None and said["kind"] == SILENT)


def _due_at(news: _News, picture: _Picture, told_at: datetime) -> datetime:
    """When it is raised, if it is so then: what is told of a silence not before the newest heartbeat ceases to vouch."""
    opens = news.kind in TROUBLES or news.kind is SignalKind.OPENED
    if opens and picture.heard_until is not None and _is_silence(news.kind, news.facts):
        return max(told_at, picture.heard_until)
    return told_at


async def _pass_over(session: AsyncSession, state: DatabaseState, now: datetime) -> int:
    """End what waits to be told of a state that is no more, even where the newer one is not worth telling."""
    older = Signal.kind.in_(STATE_KINDS) & (state.version > _VERSION)
    return await end_signals(session, SubjectKind.DATABASE, state.code, older, now, standing=PASSED)


async def _last_raised(session: AsyncSession, code: str) -> _Raised:
    raised = (
        select(Signal.kind, Signal.occurred_at, _VERSION)
        .where(
            Signal.subject_kind == SubjectKind.DATABASE,
            Signal.subject == code,
            Signal.kind.in_(STATE_KINDS),
            Signal.status == SignalStatus.RAISED,
        )
        .order_by(_VERSION.desc())
        .limit(1)
    )
    found = (await session.execute(raised)).one_or_none()
    return _Raised() if found is None else _Raised(*found)


def _news(event: DatabaseEvent, raised: _Raised) -> _News | None:
    version = event.database.version
    if isinstance(event, DatabaseObserved):
        kind = transition(event.before, event.after, trouble_told=raised.trouble_before(version))
        seen = {"observed": event.after, "since": written(event.at)}
        if raised.kind in TROUBLES and raised.occurred_at is not None:
            seen["trouble_since"] = written(raised.occurred_at)
        return None if kind is None else _News(kind, version, str(version), event.at, seen)
    if isinstance(event, DatabaseContradicted | DatabaseReconciled):
        closed_at = event.closed_at if isinstance(event, DatabaseReconciled) else None
        kind = SignalKind.OPENED if closed_at is None else SignalKind.CLOSED
        words = event.model_dump(
            mode="json", include={"kind", "words_vi", "words_en", "opened_at", "closed_at"}
        )
        occasion = str(event.contradiction_id)
        return _News(kind, version, occasion, closed_at or event.opened_at, {"contradiction": words})
    return None


def _standing(
    news: _News, picture: _Picture, raised: _Raised, *, told_at: datetime, now: datetime, rules: SignalRules
) -> Standing:
    if "contradiction" in news.facts:
        open_now = picture.contradictions
        return contradiction_standing(news.kind, told_at, now, rules, id_=news.occasion, still_open=open_now)
    shown = (picture.observed, picture.observed_since)
    goes_on = news.kind in TROUBLES and (news.kind, news.occurred_at) == (raised.kind, raised.occurred_at)
    is_new = news.version > raised.version and not goes_on
    return state_standing(
        news.kind, told_at, now, rules,
        holds=is_new and shown == (news.facts["observed"], news.occurred_at),
        observed=picture.observed,
        trouble_told=raised.trouble_before(news.version),
    )  # fmt: skip


def _facts(state: DatabaseState) -> dict[str, Any]:
    """What was seen of it when it was told."""
    last = state.last_heartbeat_at
    return {
        "version": state.version,
        "observed": state.observed,
        "since": written(state.observed_since),
        "last_heartbeat_at": written(last) if last else None,
    }
