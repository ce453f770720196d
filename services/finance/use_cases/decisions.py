"""Posting a decision and taking one back: one call of the ledger's function, which writes the audit entry and the events too."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.domain.ledger import (
    MOVES,
    Header,
    Kind,
    Line,
    check_header,
    check_lines,
    check_reversal,
    total_too_large,
)
from services.finance.domain.shortages import Shortage, insufficient
from services.finance.queries.decisions import all_lines, require_decision
from services.finance.tables import Agency
from shared.agencies import require_agencies
from shared.document_numbers import normal_form, number_similar, similar_form
from shared.errors import Conflict, Refusal
from shared.events import finance as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date
from shared.runtime.database import AnyRow

_POST = text(
    """
    SELECT post_decision(
        :id, :kind, :taken_from, :given_to, :number, :normal_form, :similar_form, :similar_is_meant, :issued_on,
        :effective_on, :reverses_id, :reason, :actor, :at,
        :years, :levels, :agencies, :natures, :fields, :sources, :amounts, :request_id, :detail, :event_type, :event)
    """
)
DOCUMENT_POSTED, SHORT, NUMBER_SIMILAR, OUT_OF_RANGE = "DD001", "DD002", "DD003", "22003"


class DocumentPosted(Conflict): ...


async def post_decision(
    session: AsyncSession,
    header: Header,
    lines: Sequence[Line],
    *,
    similar_is_meant: bool = False,
    actor: Actor,
    at: datetime,
) -> UUID:
    """Post a decision, all of its lines or none.

    Raises:
        InvalidInput: days in the future, amounts that are no money of this kind, unknown agencies.
        DocumentPosted: decision_posted.
        Conflict: number_similar, unless that is meant.
        Insufficient: an account would go below zero.
    """
    check_header(header, local_date(at))
    check_lines(header.kind, lines)
    decision_id = uuid4()
    told = events.RecoveryPosted if header.kind is Kind.RECOVER else events.DecisionPosted
    event = told.model_validate({"decision": _state(decision_id, header, lines, recorded_at=at)})
    values = _values(decision_id, header, lines, event, actor=actor, at=at)
    await _post(session, header, values | {"similar_is_meant": similar_is_meant})
    return decision_id


async def reverse_decision(
    session: AsyncSession, decision_id: UUID, *, reason: str, effective_on: date, actor: Actor, at: datetime
) -> UUID:
    """Take a decision back by one that moves the same money the other way; the new decision's id.

    Raises:
        NotFound: decision_unknown.
        InvalidInput: reversal_day.
        Conflict: reversal_of_reversal, decision_reversed, insufficient.
    """
    connection = await session.connection()
    original = await require_decision(connection, decision_id)
    _check_reversible(original)
    header = Header(Kind(original.kind), original.number, original.issued_on, original.effective_on)
    check_reversal(header, effective_on, local_date(at))
    lines = await all_lines(connection, decision_id)
    reversal = events.ReversalState(id=uuid4(), reason=reason, effective_on=effective_on, recorded_at=at)
    state = _state(decision_id, header, lines, recorded_at=original.recorded_at, reversal=reversal)
    undo = replace(header, effective_on=effective_on)
    negated = [line.negated() for line in lines]
    told = events.RecoveryReversed if header.kind is Kind.RECOVER else events.DecisionReversed
    event = told.model_validate({"decision": state})
    await _post(session, undo, _values(reversal.id, undo, negated, event, actor=actor, at=at))
    return reversal.id


def _check_reversible(original: AnyRow) -> None:
    if original.reverses_id is not None:
        raise Conflict(
            "reversal_of_reversal",
            "Bút toán đảo không đảo lại được: nếu quyết định vẫn đúng thì ghi sổ lại quyết định đó.",
            "A reversal cannot be reversed: if the decision holds after all, post it again.",
            reverses_id=str(original.reverses_id),
        )
    if original.reversed_by_id is not None:
        raise Conflict(
            "decision_reversed",
            f"Quyết định này đã được đảo bởi {original.reversed_by_id}: mỗi quyết định chỉ đảo một lần.",
            f"This decision has been reversed by {original.reversed_by_id}: at most one reversal each.",
            reversed_by_id=str(original.reversed_by_id),
        )


async def _post(session: AsyncSession, header: Header, values: Mapping[str, Any]) -> None:
    """One round trip. Where it tells that an agency is not known, nothing is written yet: look which one."""
    try:
        while await session.scalar(_POST, values) is None:
            await require_agencies(session, Agency, values["agencies"], "lines")
    except DBAPIError as error:
        if (refusal := _refusal(error, header)) is None:
            raise
        raise refusal from error


def _values(
    decision_id: UUID,
    header: Header,
    lines: Sequence[Line],
    event: events.DecisionEvent | events.RecoveryEvent,
    *,
    actor: Actor,
    at: datetime,
) -> dict[str, Any]:
    """The function's arguments."""
    taken_from, given_to = MOVES[header.kind]
    reversal = event.decision.reversal
    detail = {"kind": header.kind, "number": header.number, "lines": len(lines)}
    detail |= {"amount": event.decision.amount, **({"reason": reversal.reason} if reversal else {})}
    return {
        "id": decision_id,
        "kind": header.kind.value,
        "taken_from": taken_from.value,
        "given_to": given_to.value,
        "number": header.number,
        "normal_form": normal_form(header.number),
        "similar_form": similar_form(header.number),
        "similar_is_meant": False,
        "issued_on": header.issued_on,
        "effective_on": header.effective_on,
        "reverses_id": event.decision.id if reversal else None,
        "reason": reversal.reason if reversal else None,
        "actor": actor.name,
        "at": at,
        **_columns(lines),
        "request_id": actor.request_id,
        "detail": json.dumps(detail, ensure_ascii=False),
        "event_type": event.event_type,
        "event": event.model_dump_json(),
    }


def _columns(lines: Sequence[Line]) -> dict[str, list[Any]]:
    """Lines as one array per member."""
    return {
        "years": [line.year for line in lines],
        "levels": [line.level for line in lines],
        "agencies": [line.agency_code for line in lines],
        "natures": [line.nature for line in lines],
        "fields": [line.field for line in lines],
        "sources": [line.source for line in lines],
        "amounts": [line.amount for line in lines],
    }


def _refusal(error: DBAPIError, header: Header) -> Refusal | None:
    """What the ledger's function refuses, in the caller's words."""
    state = getattr(error.orig, "sqlstate", None)
    detail = getattr(getattr(error.orig, "__cause__", None), "detail", None)
    if state == DOCUMENT_POSTED:
        return DocumentPosted(
            "decision_posted",
            f"Văn bản {header.number} ngày {header.issued_on:%d/%m/%Y} đã ghi sổ loại {header.kind} (quyết định {detail}). "
            "Nếu ghi sai, đảo quyết định đó rồi ghi lại.",
            f"Document {header.number} of {header.issued_on} is posted as {header.kind} already (decision {detail}). "
            "If that was wrong, reverse it and post again.",
            field="number",
            decision_id=detail,
        )
    if state == SHORT:
        return insufficient([Shortage(**item) for item in json.loads(str(detail))])
    if state == NUMBER_SIMILAR:
        return number_similar(header.number, json.loads(str(detail)), "number")
    return total_too_large() if state == OUT_OF_RANGE else None


def _state(
    decision_id: UUID,
    header: Header,
    lines: Sequence[Line],
    *,
    recorded_at: datetime,
    reversal: events.ReversalState | None = None,
) -> dict[str, Any]:
    """What an event tells of a decision."""
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
