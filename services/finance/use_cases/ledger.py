"""The ledger: one statement posts decisions by the database's function and writes the events from its result.

One round trip, since transactions that wait for a budget's lock wait for every round trip made under it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
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
from shared.errors import Conflict, InvalidInput, Refusal
from shared.events import finance as events
from shared.imports.overtaken import overtaken
from shared.runtime.audit import Actor
from shared.runtime.database import AnyRow

# The function returns a row for each decision, and one for each budget that was moved. Of decisions that were posted
# together their own events come first, then each budget's whole state. Accounts to figures as in `domain.balances.figures`.
_POST = text(
    """
    WITH posted AS MATERIALIZED (
        SELECT * FROM post_decisions(
            CAST(:at AS timestamptz), CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:taken_from AS text[]),
            CAST(:given_to AS text[]), CAST(:numbers AS text[]), CAST(:normal_forms AS text[]),
            CAST(:similar_forms AS text[]), CAST(:similar_is_meant AS boolean[]), CAST(:issued_on AS date[]),
            CAST(:effective_on AS date[]), CAST(:reverses_ids AS uuid[]), CAST(:reasons AS text[]), CAST(:actors AS text[]),
            CAST(:request_ids AS text[]), CAST(:details AS text[]), CAST(:firsts AS integer[]), CAST(:lasts AS integer[]),
            CAST(:years AS integer[]), CAST(:levels AS text[]), CAST(:agencies AS text[]), CAST(:natures AS text[]),
            CAST(:fields AS text[]), CAST(:sources AS text[]), CAST(:decisions AS integer[]),
            CAST(:dimensions AS integer[]), CAST(:amounts AS bigint[])
        ) WITH ORDINALITY AS posted (n, refusal, detail, entry, recorded_at, budget, place)
    ), event AS (
        SELECT place, type, subject, version, recorded_at,
               jsonb_set(CAST(event AS jsonb), CASE WHEN reverses_id IS NULL THEN CAST('{decision,recorded_at}' AS text[])
                         ELSE CAST('{decision,reversal,recorded_at}' AS text[]) END, to_jsonb(recorded_at)) AS data
        FROM posted
        JOIN unnest(CAST(:event_types AS text[]), CAST(:subjects AS text[]), CAST(:versions AS integer[]),
                    CAST(:events AS text[]), CAST(:reverses_ids AS uuid[])) WITH ORDINALITY
             AS decision (type, subject, version, event, reverses_id, n) USING (n)
        WHERE refusal IS NULL
        UNION ALL
        SELECT place, :budget_changed, CAST(id AS text), version, posted.recorded_at,
               jsonb_build_object('budget', jsonb_build_object(
                   'id', id, 'version', version, 'year', year, 'level', level, 'agency_code', agency_code,
                   'approved', -authority, 'unallocated', unallocated, 'allocated', -authority - unallocated,
                   'disbursed', disbursed + settled, 'settled', settled, 'remaining', remaining,
                   'carried_over', carried_over, 'cancelled', cancelled,
                   'first_allocated_on', first_allocated_on, 'last_disbursed_on', last_disbursed_on,
                   'fields_excluded', jsonb_build_array('defence_security')))
        FROM posted CROSS JOIN LATERAL (SELECT (posted.budget).*) AS moved
        WHERE posted.n IS NULL
    ), written AS (
        INSERT INTO outbox (event_id, type, subject, version, time, data)
        SELECT gen_random_uuid(), type, subject, version, recorded_at, data FROM event ORDER BY place
    )
    SELECT refusal, detail, entry, recorded_at FROM posted WHERE n IS NOT NULL ORDER BY n
    """
)
OUT_OF_RANGE = "22003"


class DocumentPosted(Conflict): ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision to be posted, checked: its lines, and its event, which says whether it reverses another."""

    id: UUID
    header: Header
    lines: Sequence[Line]
    event: events.DecisionEvent | events.RecoveryEvent
    actor: Actor
    similar_is_meant: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """A decision as the ledger has taken it; `entry` counts how often its document was entered."""

    entry: int
    recorded_at: datetime


async def post(session: AsyncSession, entry: Entry, *, at: datetime) -> Posted:
    """Post a decision with its audit entry and events; a reversal where its event has one.

    Raises:
        InvalidInput: agency_unknown, total_too_large.
        DocumentPosted: decision_posted.
        Conflict: number_similar, unless that is meant.
        Insufficient: an account would go below zero.
    """
    [verdict] = await post_each(session, [entry], at=at)
    if isinstance(verdict, Refusal):
        raise verdict
    return verdict


async def post_all(session: AsyncSession, entries: Sequence[Entry], *, at: datetime) -> None:
    """Post decisions that were tried before, in order. Raises Overtaken where one of them is now refused."""
    try:
        verdicts = await post_each(session, entries, at=at)
    except InvalidInput as refusal:
        raise overtaken() from refusal
    if any(isinstance(verdict, Refusal) for verdict in verdicts):
        raise overtaken()


async def post_each(
    session: AsyncSession, entries: Sequence[Entry], *, at: datetime
) -> list[Posted | Refusal]:
    """Post decisions in order, each against what those before it left; the refusal of one leaves nothing.

    One statement for all. Raises InvalidInput total_too_large where a sum exceeds what the ledger can hold; the
    transaction is over then.
    """
    if not entries:
        return []
    try:
        rows = (await session.execute(_POST, _values(entries, at))).all()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != OUT_OF_RANGE:
            raise
        raise total_too_large() from error
    return [await _verdict(session, entry, row, at) for entry, row in zip(entries, rows, strict=True)]


async def _verdict(session: AsyncSession, entry: Entry, row: AnyRow, at: datetime) -> Posted | Refusal:
    if row.refusal is None:
        return Posted(row.entry, row.recorded_at)
    if row.refusal != "agency_unknown":
        return _REFUSALS[row.refusal](entry.header, row.detail)
    try:
        await require_agencies(session, Agency, [line.agency_code for line in entry.lines], "lines")
    except Refusal as refusal:
        return refusal
    [verdict] = await post_each(session, [entry], at=at)  # it has become known meanwhile
    return verdict


def _values(entries: Sequence[Entry], at: datetime) -> dict[str, Any]:
    """Parameters of `_POST`: one array for each member of decisions, of their dimensions, and of all their lines."""
    lines = [line for entry in entries for line in entry.lines]
    numbers: dict[tuple[Any, ...], int] = {}
    dimensions = [
        numbers.setdefault(
            (line.year, line.level, line.agency_code, line.nature, line.field, line.source), len(numbers) + 1
        )
        for line in lines
    ]
    years, levels, agencies, natures, fields, sources = map(list, zip(*numbers, strict=True))
    lasts = list(accumulate(len(entry.lines) for entry in entries))
    return {
        **_columns([_decision(entry) for entry in entries]),
        "firsts": [last - len(entry.lines) + 1 for last, entry in zip(lasts, entries, strict=True)],
        "lasts": lasts,
        "years": years,
        "levels": levels,
        "agencies": agencies,
        "natures": natures,
        "fields": fields,
        "sources": sources,
        "decisions": [number for number, entry in enumerate(entries, start=1) for _ in entry.lines],
        "dimensions": dimensions,
        "amounts": [line.amount for line in lines],
        "budget_changed": events.BudgetChanged.event_type,
        "at": at,
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
        "similar_is_meant": entry.similar_is_meant,
        "issued_on": header.issued_on,
        "effective_on": header.effective_on,
        "reverses_ids": decision.id if reversal else None,
        "reasons": reversal.reason if reversal else None,
        "actors": entry.actor.name,
        "request_ids": entry.actor.request_id,
        "details": json.dumps(detail | ({"reason": reversal.reason} if reversal else {}), ensure_ascii=False),
        "event_types": event.event_type,
        "subjects": event.subject(),
        "versions": decision.version,
        "events": event.model_dump_json(),
    }


def _posted_already(header: Header, decision_id: str) -> Refusal:
    return DocumentPosted(
        "decision_posted",
        f"Văn bản {header.number} ngày {header.issued_on:%d/%m/%Y} đã ghi sổ loại {header.kind} (quyết định {decision_id}). "
        "Nếu ghi sai, đảo quyết định đó rồi ghi lại.",
        f"Document {header.number} of {header.issued_on} is posted as {header.kind} already (decision {decision_id}). "
        "If that was wrong, reverse it and post again.",
        field="number",
        decision_id=decision_id,
    )


def _similar(header: Header, numbers: Sequence[str]) -> Refusal:
    return number_similar(header.number, numbers, "number")


def _short(_: Header, shortages: Sequence[Mapping[str, Any]]) -> Refusal:
    return insufficient([Shortage(**each) for each in shortages])


_REFUSALS: Mapping[str, Callable[[Header, Any], Refusal]] = {
    "decision_posted": _posted_already,
    "number_similar": _similar,
    "insufficient": _short,
}
