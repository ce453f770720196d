"""Following what the datasets service tells: databases, and the signals that come of their changes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
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
from services.notify.use_cases.signals import add_signals, end_signals, signal_row
from shared.audit import SYSTEM, add_audit
from shared.events.datasets import (
    DatabaseContradicted,
    DatabaseEvent,
    DatabaseObserved,
    DatabaseReconciled,
    DatabaseState,
)

_RECORD_DATABASE = newer(Database)
_VERSION = Signal.facts["version"].as_integer()


@dataclass(frozen=True, slots=True)
class _Picture:
    """How a database stands by the newest that was told."""

    version: int
    observed: str
    observed_since: datetime
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


async def follow_database(
    session: AsyncSession, event: DatabaseEvent, *, told_at: datetime, now: datetime, rules: SignalRules
) -> None:
    """Take a database into the picture; what changed becomes a signal to its owner, where it is one."""
    state, added = event.database, 0
    picture = await _record(session, state)
    cancelled = await _calm_down(session, state.code, now) if picture.observed in CALM else 0
    raised = await _last_raised(session, state.code)
    news = _news(event, raised)
    if news is not None:
        standing = _standing(news, picture, raised, told_at=told_at, now=now, rules=rules)
        if news.kind in STATE_KINDS and picture.version == state.version:
            cancelled += await _pass_over(session, state, now)
        row = signal_row(
            news.kind, news.occasion, standing,
            subject_kind=SubjectKind.DATABASE, subject=state.code, agency_code=state.owner_code,
            due_at=told_at, occurred_at=news.occurred_at, now=now, facts=_facts(state) | news.facts,
        )  # fmt: skip
        added = await add_signals(session, [row])
    if added or cancelled:
        detail = {
            "version": state.version,
            "kind": news and news.kind,
            "added": added,
            "cancelled": cancelled,
        }
        await add_audit(session, SYSTEM, "signals.changed", "database", state.code, at=now, **detail)


async def _record(session: AsyncSession, state: DatabaseState) -> _Picture:
    """Lock and write the row; the picture as it then is, which may be newer than what is told."""
    contradictions = [str(contradiction.id) for contradiction in state.contradictions]
    row = {
        "code": state.code,
        "version": state.version,
        "name": state.name,
        "kind": state.kind,
        "owner_code": state.owner_code,
        "observed": state.observed,
        "observed_since": state.observed_since,
        "contradictions": contradictions,
    }
    if (await session.execute(_RECORD_DATABASE, row)).one_or_none() is not None:
        return _Picture(state.version, state.observed, state.observed_since, contradictions)
    known = select(Database.version, Database.observed, Database.observed_since, Database.contradictions)
    found = (await session.execute(known.where(Database.code == state.code))).one()
    return _Picture(*found)


async def _calm_down(session: AsyncSession, code: str, now: datetime) -> int:
    """End what asks for something that nobody is asked for now; returns how many were not raised yet."""
    await cancel_untrue(session, SubjectKind.DATABASE, code, TROUBLES, now)
    return await end_signals(session, SubjectKind.DATABASE, code, Signal.kind.in_(TROUBLES), now)


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
