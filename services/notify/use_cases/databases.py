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
    occasion_of,
    state_standing,
    transition,
)
from services.notify.domain.signals import (
    SignalKind,
    SignalRules,
    SignalStatus,
    Standing,
    SubjectKind,
)
from services.notify.tables import Database, Signal
from services.notify.use_cases.picture import newer
from services.notify.use_cases.signals import add_signals, cancel_signals, signal_row
from shared.audit import SYSTEM, add_audit
from shared.events.datasets import (
    DatabaseContradicted,
    DatabaseEvent,
    DatabaseObserved,
    DatabaseReconciled,
    DatabaseState,
)

_RECORD_DATABASE = newer(Database)


@dataclass(frozen=True, slots=True)
class _Picture:
    """How a database stands by the newest that was told."""

    observed: str
    observed_since: datetime
    contradictions: Collection[str]


@dataclass(frozen=True, slots=True)
class _News:
    kind: SignalKind
    occasion: str
    occurred_at: datetime
    facts: dict[str, Any]


async def follow_database(
    session: AsyncSession, event: DatabaseEvent, *, told_at: datetime, now: datetime, rules: SignalRules
) -> None:
    """Take a database into the picture; what changed becomes a signal to its owner, where it is one."""
    state, added, cancelled = event.database, 0, 0
    picture = await _record(session, state)
    if picture.observed in CALM:
        which = Signal.kind.in_(TROUBLES)
        cancelled = await cancel_signals(session, SubjectKind.DATABASE, state.code, which, now)
    news = _news(event, trouble_told=await _trouble_told(session, state.code))
    if news is not None:
        standing = _standing(news, picture, told_at, now, rules)
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
        return _Picture(state.observed, state.observed_since, contradictions)
    known = select(Database.observed, Database.observed_since, Database.contradictions)
    found = (await session.execute(known.where(Database.code == state.code))).one()
    return _Picture(found.observed, found.observed_since, found.contradictions)


async def _trouble_told(session: AsyncSession, code: str) -> bool:
    """Whether the last that was raised of its state was a trouble."""
    raised = (
        select(Signal.kind)
        .where(
            Signal.subject_kind == SubjectKind.DATABASE,
            Signal.subject == code,
            Signal.kind.in_((*TROUBLES, SignalKind.RECOVERED)),
            Signal.status == SignalStatus.RAISED,
        )
        .order_by(Signal.occurred_at.desc())
        .limit(1)
    )
    return await session.scalar(raised) in TROUBLES


def _news(event: DatabaseEvent, *, trouble_told: bool) -> _News | None:
    if isinstance(event, DatabaseObserved):
        kind = transition(event.before, event.after, trouble_told=trouble_told)
        seen = {"observed": event.after, "since": occasion_of(event.at)}
        return None if kind is None else _News(kind, occasion_of(event.at), event.at, seen)
    if isinstance(event, DatabaseContradicted | DatabaseReconciled):
        closed_at = event.closed_at if isinstance(event, DatabaseReconciled) else None
        kind = SignalKind.OPENED if closed_at is None else SignalKind.CLOSED
        words = event.model_dump(
            mode="json", include={"kind", "words_vi", "words_en", "opened_at", "closed_at"}
        )
        return _News(
            kind, str(event.contradiction_id), closed_at or event.opened_at, {"contradiction": words}
        )
    return None


def _standing(
    news: _News, picture: _Picture, told_at: datetime, now: datetime, rules: SignalRules
) -> Standing:
    if "contradiction" in news.facts:
        open_now = picture.contradictions
        return contradiction_standing(news.kind, told_at, now, rules, id_=news.occasion, still_open=open_now)
    shown = (picture.observed, picture.observed_since)
    holds = shown == (news.facts["observed"], news.occurred_at)
    return state_standing(news.kind, told_at, now, rules, holds=holds, observed=picture.observed)


def _facts(state: DatabaseState) -> dict[str, Any]:
    """What was seen of it when it was told."""
    last = state.last_heartbeat_at
    return {
        "version": state.version,
        "observed": state.observed,
        "since": occasion_of(state.observed_since),
        "last_heartbeat_at": occasion_of(last) if last else None,
    }
