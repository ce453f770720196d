"""Decisions are posted and reversed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.domain.decisions import Header, check_header, check_lines, check_reversal
from services.finance.domain.ledger import Kind, Line
from services.finance.queries.decisions import all_lines, require_decision
from services.finance.use_cases import ledger
from shared.events import finance as events
from shared.keys.viewers import EVERYTHING
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date


async def post_decision(
    session: AsyncSession,
    header: Header,
    lines: Sequence[Line],
    *,
    similar_is_meant: bool = False,
    actor: Actor,
    at: datetime,
) -> UUID:
    """Post a decision, all of its lines or none; returns its id.

    Raises:
        InvalidInput: days in the future, amounts that this kind cannot have, unknown agencies.
        DocumentPosted: decision_posted.
        Conflict: number_similar, unless that is meant.
        Insufficient: an account would go below zero.
    """
    entry = checked(header, lines, similar_is_meant=similar_is_meant, actor=actor, at=at)
    await ledger.post(session, entry, at=at)
    return entry.id


def checked(
    header: Header, lines: Sequence[Line], *, similar_is_meant: bool = False, actor: Actor, at: datetime
) -> ledger.Entry:
    """A new decision, ready to be posted. Raises InvalidInput."""
    check_header(header, local_date(at))
    check_lines(header.kind, lines)
    decision_id = uuid4()
    contract = events.RecoveryPosted if header.kind is Kind.RECOVER else events.DecisionPosted
    event = contract.model_validate({"decision": _state(decision_id, header, lines, recorded_at=at)})
    return ledger.Entry(decision_id, header, lines, event, actor, similar_is_meant)


async def reverse_decision(
    session: AsyncSession, decision_id: UUID, *, reason: str, effective_on: date, actor: Actor, at: datetime
) -> UUID:
    """Reverse a decision by one that moves the same money the other way; returns the reversal's id.

    Raises:
        NotFound: decision_unknown.
        InvalidInput: reversal_day.
        Conflict: reversal_of_reversal, decision_reversed, insufficient.
    """
    connection = await session.connection()
    original = await require_decision(connection, decision_id, EVERYTHING)
    header = Header(Kind(original.kind), original.number, original.issued_on, original.effective_on)
    check_reversal(
        header,
        reverses_id=original.reverses_id,
        reversed_by_id=original.reversed_by_id,
        effective_on=effective_on,
        today=local_date(at),
    )
    lines = await all_lines(connection, decision_id)
    reversal = events.ReversalState(id=uuid4(), reason=reason, effective_on=effective_on, recorded_at=at)
    state = _state(decision_id, header, lines, recorded_at=original.recorded_at, reversal=reversal)
    contract = events.RecoveryReversed if header.kind is Kind.RECOVER else events.DecisionReversed
    event = contract.model_validate({"decision": state})
    negated = [line.negated() for line in lines]
    reversal_header = replace(header, effective_on=effective_on)
    entry = ledger.Entry(reversal.id, reversal_header, negated, event, actor)
    await ledger.post(session, entry, at=at)
    return reversal.id


def _state(
    decision_id: UUID,
    header: Header,
    lines: Sequence[Line],
    *,
    recorded_at: datetime,
    reversal: events.ReversalState | None = None,
) -> dict[str, Any]:
    """A decision as its events have it."""
    totals: Counter[tuple[int, str, str]] = Counter()
    for line in lines:
        totals[line.year, line.level.value, line.nature.value] += line.amount
    return {
        "id": decision_id,
        "version": 1 if reversal is None else 2,
        **asdict(header),
        "recorded_at": recorded_at,
        "lines": len(lines),
        "amount": sum(line.amount for line in lines),
        "totals": [
            {"year": year, "level": level, "nature": nature, "amount": amount}
            for (year, level, nature), amount in sorted(totals.items())
        ],
        "reversal": reversal,
    }
