"""The ledger: one statement posts a decision by the database's function and writes the events from its result.

One round trip, since transactions that wait for a budget's lock wait for every round trip made under it.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.domain.decisions import Header, total_too_large
from services.finance.domain.ledger import MOVES, Line
from services.finance.domain.shortages import Shortage, insufficient
from services.finance.tables import Agency
from shared.agencies import require_agencies
from shared.document_numbers import normal_form, number_similar, similar_form
from shared.errors import Conflict, Refusal
from shared.events import finance as events
from shared.runtime.audit import Actor

# The function returns the budgets that it moved; no row where an agency is not known. The decision's event comes first,
# with the instant at which it was recorded, then each budget's whole state. Accounts to figures as in `domain.balances.figures`.
_POST = text(
    """
    WITH budget AS MATERIALIZED (
        SELECT * FROM post_decision(
            :id, :kind, :taken_from, :given_to, :number, :normal_form, :similar_form, :similar_is_meant, :issued_on,
            :effective_on, :reverses_id, :reason, :actor, :at,
            :years, :levels, :agencies, :natures, :fields, :sources, :amounts, :request_id, :detail)
    ), recorded AS (
        SELECT max(recorded_at) AS at FROM budget HAVING count(*) > 0
    ), event AS (
        SELECT 0 AS place, CAST(:event_type AS text) AS type, CAST(:subject AS text) AS subject,
               CAST(:version AS integer) AS version,
               jsonb_set(CAST(:event AS jsonb), CAST(:recorded_path AS text[]), to_jsonb(at)) AS data
        FROM recorded
        UNION ALL
        SELECT 1, :budget_changed, id::text, version,
               jsonb_build_object('budget', jsonb_build_object(
                   'id', id, 'version', version, 'year', year, 'level', level, 'agency_code', agency_code,
                   'approved', -authority, 'unallocated', unallocated, 'allocated', -authority - unallocated,
                   'disbursed', disbursed + settled, 'settled', settled, 'remaining', remaining,
                   'carried_over', carried_over, 'cancelled', cancelled,
                   'first_allocated_on', first_allocated_on, 'last_disbursed_on', last_disbursed_on))
        FROM budget
    ), written AS (
        INSERT INTO outbox (event_id, type, subject, version, time, data)
        SELECT gen_random_uuid(), type, subject, version, at, data FROM event, recorded ORDER BY place, subject
    )
    SELECT at FROM recorded
    """
)
DOCUMENT_POSTED, SHORT, NUMBER_SIMILAR, OUT_OF_RANGE = "DD001", "DD002", "DD003", "22003"


class DocumentPosted(Conflict): ...


async def post(
    session: AsyncSession,
    decision_id: UUID,
    header: Header,
    lines: Sequence[Line],
    event: events.DecisionEvent | events.RecoveryEvent,
    *,
    similar_is_meant: bool = False,
    actor: Actor,
    at: datetime,
) -> None:
    """Post a decision that was checked, with its audit entry and events; a reversal where its event has one.

    Where an agency is not known nothing is written: then look which one.

    Raises:
        InvalidInput: agency_unknown, total_too_large.
        DocumentPosted: decision_posted.
        Conflict: number_similar, unless that is meant.
        Insufficient: an account would go below zero.
    """
    values = {
        "id": decision_id,
        **_header(header),
        "similar_is_meant": similar_is_meant,
        **_columns(lines),
        **_event(event),
        "actor": actor.name,
        "at": at,
        "request_id": actor.request_id,
    }
    try:
        while await session.scalar(_POST, values) is None:
            await require_agencies(session, Agency, values["agencies"], "lines")
    except DBAPIError as error:
        if (refusal := _refusal(error, header)) is None:
            raise
        raise refusal from error


def _header(header: Header) -> dict[str, Any]:
    taken_from, given_to = MOVES[header.kind]
    return {
        "kind": header.kind.value,
        "taken_from": taken_from.value,
        "given_to": given_to.value,
        "number": header.number,
        "normal_form": normal_form(header.number),
        "similar_form": similar_form(header.number),
        "issued_on": header.issued_on,
        "effective_on": header.effective_on,
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


def _event(event: events.DecisionEvent | events.RecoveryEvent) -> dict[str, Any]:
    """Parameters of the decision's event, its reversal and its audit entry."""
    decision, reversal = event.decision, event.decision.reversal
    detail = {
        "kind": decision.kind,
        "number": decision.number,
        "lines": decision.lines,
        "amount": decision.amount,
    }
    return {
        "event_type": event.event_type,
        "subject": event.subject(),
        "version": decision.version,
        "event": event.model_dump_json(),
        "recorded_path": ["decision", "reversal", "recorded_at"] if reversal else ["decision", "recorded_at"],
        "budget_changed": events.BudgetChanged.event_type,
        "reverses_id": decision.id if reversal else None,
        "reason": reversal.reason if reversal else None,
        "detail": json.dumps(detail | ({"reason": reversal.reason} if reversal else {}), ensure_ascii=False),
    }


def _refusal(error: DBAPIError, header: Header) -> Refusal | None:
    """The refusal for an error raised by the ledger's function; None for another error."""
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
