"""The ledger: one statement posts decisions by the database's function and writes the events from its result.

One round trip, since transactions that wait for a budget's lock wait for every round trip made under it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
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
from shared.imports.overtaken import overtaken
from shared.runtime.audit import Actor

# The function returns the budgets that it moved, all with the instant at which the decision was recorded; no row where an
# agency is not known. Of each decision its own event comes first, then each budget's whole state. Accounts to figures as in
# `domain.balances.figures`. Decisions are posted in the order of the arrays; their lines are a slice of those of all.
_POST = text(
    """
    WITH decision AS MATERIALIZED (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:taken_from AS text[]), CAST(:given_to AS text[]),
            CAST(:numbers AS text[]), CAST(:normal_forms AS text[]), CAST(:similar_forms AS text[]),
            CAST(:issued_on AS date[]), CAST(:effective_on AS date[]), CAST(:reverses_ids AS uuid[]),
            CAST(:reasons AS text[]), CAST(:details AS text[]), CAST(:firsts AS integer[]), CAST(:lasts AS integer[]),
            CAST(:event_types AS text[]), CAST(:subjects AS text[]), CAST(:versions AS integer[]), CAST(:events AS text[])
        ) WITH ORDINALITY AS each (
            id, kind, taken_from, given_to, number, normal_form, similar_form, issued_on, effective_on, reverses_id, reason,
            detail, first, last, event_type, subject, version, event, n)
    ), budget AS MATERIALIZED (
        SELECT n, posted.*
        FROM (SELECT * FROM decision ORDER BY n) AS entry CROSS JOIN LATERAL post_decision(
            entry.id, kind, taken_from, given_to, number, normal_form, similar_form, :similar_is_meant, issued_on,
            effective_on, reverses_id, reason, :actor, :at,
            (CAST(:years AS integer[]))[first:last], (CAST(:levels AS text[]))[first:last],
            (CAST(:agencies AS text[]))[first:last], (CAST(:natures AS text[]))[first:last],
            (CAST(:fields AS text[]))[first:last], (CAST(:sources AS text[]))[first:last],
            (CAST(:amounts AS bigint[]))[first:last], :request_id, CAST(detail AS jsonb)) AS posted
    ), recorded AS (
        SELECT n, max(recorded_at) AS at FROM budget GROUP BY n
    ), event AS (
        SELECT n, 0 AS place, event_type AS type, subject, version, at,
               jsonb_set(CAST(event AS jsonb), CASE WHEN reverses_id IS NULL THEN CAST('{decision,recorded_at}' AS text[])
                         ELSE CAST('{decision,reversal,recorded_at}' AS text[]) END, to_jsonb(at)) AS data
        FROM recorded JOIN decision USING (n)
        UNION ALL
        SELECT n, 1, :budget_changed, CAST(id AS text), version, recorded_at,
               jsonb_build_object('budget', jsonb_build_object(
                   'id', id, 'version', version, 'year', year, 'level', level, 'agency_code', agency_code,
                   'approved', -authority, 'unallocated', unallocated, 'allocated', -authority - unallocated,
                   'disbursed', disbursed + settled, 'settled', settled, 'remaining', remaining,
                   'carried_over', carried_over, 'cancelled', cancelled,
                   'first_allocated_on', first_allocated_on, 'last_disbursed_on', last_disbursed_on,
                   'fields_excluded', jsonb_build_array('defence_security')))
        FROM budget
    ), written AS (
        INSERT INTO outbox (event_id, type, subject, version, time, data)
        SELECT gen_random_uuid(), type, subject, version, at, data FROM event ORDER BY n, place, subject
    )
    SELECT count(*) FROM recorded
    """
)
DOCUMENT_POSTED, SHORT, NUMBER_SIMILAR, OUT_OF_RANGE = "DD001", "DD002", "DD003", "22003"


class DocumentPosted(Conflict): ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision to be posted, checked: its lines, and its event, which says whether it reverses another."""

    id: UUID
    header: Header
    lines: Sequence[Line]
    event: events.DecisionEvent | events.RecoveryEvent


async def post(
    session: AsyncSession, entry: Entry, *, similar_is_meant: bool = False, actor: Actor, at: datetime
) -> None:
    """Post a decision with its audit entry and events; a reversal where its event has one.

    Where an agency is not known nothing is written: then look which one.

    Raises:
        InvalidInput: agency_unknown, total_too_large.
        DocumentPosted: decision_posted.
        Conflict: number_similar, unless that is meant.
        Insufficient: an account would go below zero.
    """
    values = _values([entry], similar_is_meant=similar_is_meant, actor=actor, at=at)
    try:
        while not await session.scalar(_POST, values):
            await require_agencies(session, Agency, values["agencies"], "lines")
    except DBAPIError as error:
        if (refusal := _refusal(error, entry.header)) is None:
            raise
        raise refusal from error


async def post_all(
    session: AsyncSession,
    entries: Sequence[Entry],
    *,
    similar_is_meant: bool = False,
    actor: Actor,
    at: datetime,
) -> None:
    """Post decisions that were tried before, in order. Raises Overtaken where one of them is now refused."""
    values = _values(entries, similar_is_meant=similar_is_meant, actor=actor, at=at)
    try:
        posted = await session.scalar(_POST, values)
    except DBAPIError as error:
        if _refusal(error, entries[0].header) is None:
            raise
        raise overtaken() from error
    if posted < len(entries):
        raise overtaken()


def _values(
    entries: Sequence[Entry], *, similar_is_meant: bool, actor: Actor, at: datetime
) -> dict[str, Any]:
    """Parameters of `_POST`: one array for each member of decisions, and one for each of all their lines."""
    lines = [line for entry in entries for line in entry.lines]
    lasts = list(accumulate(len(entry.lines) for entry in entries))
    return {
        **_columns([_decision(entry) for entry in entries]),
        "firsts": [last - len(entry.lines) + 1 for last, entry in zip(lasts, entries, strict=True)],
        "lasts": lasts,
        "years": [line.year for line in lines],
        "levels": [line.level for line in lines],
        "agencies": [line.agency_code for line in lines],
        "natures": [line.nature for line in lines],
        "fields": [line.field for line in lines],
        "sources": [line.source for line in lines],
        "amounts": [line.amount for line in lines],
        "budget_changed": events.BudgetChanged.event_type,
        "similar_is_meant": similar_is_meant,
        "actor": actor.name,
        "at": at,
        "request_id": actor.request_id,
    }


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _decision(entry: Entry) -> dict[str, Any]:
    header, event = entry.header, entry.event
    decision, reversal = event.decision, event.decision.reversal
    taken_from, given_to = MOVES[header.kind]
    detail = {
        "kind": decision.kind,
        "number": decision.number,
        "lines": decision.lines,
        "amount": decision.amount,
    }
    return {
        "ids": entry.id,
        "kinds": header.kind.value,
        "taken_from": taken_from.value,
        "given_to": given_to.value,
        "numbers": header.number,
        "normal_forms": normal_form(header.number),
        "similar_forms": similar_form(header.number),
        "issued_on": header.issued_on,
        "effective_on": header.effective_on,
        "reverses_ids": decision.id if reversal else None,
        "reasons": reversal.reason if reversal else None,
        "details": json.dumps(detail | ({"reason": reversal.reason} if reversal else {}), ensure_ascii=False),
        "event_types": event.event_type,
        "subjects": event.subject(),
        "versions": decision.version,
        "events": event.model_dump_json(),
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
