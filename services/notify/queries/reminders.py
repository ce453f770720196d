"""Queries of reminders, of the next to come due and of the backlog."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BindParameter, Uuid, any_, bindparam, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.queries.alerts import Filters, filtered
from services.notify.queries.pages import in_order, page_of_keys
from services.notify.tables import Agency, Reminder
from shared.agencies import within
from shared.runtime.database import AnyRow, AnySelect

_REMINDERS = select(
    Reminder.id,
    Reminder.subject_kind,
    Reminder.subject,
    Reminder.agency_code,
    Reminder.kind,
    Reminder.dedup_key,
    Reminder.due_at,
    Reminder.occurred_at,
    Reminder.status,
    Reminder.reason,
    Reminder.changed_at,
    Reminder.facts,
)
# One probe of the partial index for each kind of subject.
NEXT_DUE = text(
    """
    SELECT subject_kind, due_at
    FROM unnest(CAST(:subject_kinds AS text[])) AS kinds (subject_kind)
    CROSS JOIN LATERAL (
        SELECT due_at FROM reminders
        WHERE status = 'pending' AND reminders.subject_kind = kinds.subject_kind
        ORDER BY due_at LIMIT 1
    ) AS next
    """
)
_BACKLOG = text(
    """
    SELECT subject_kind, count(*) AS pending,
           count(*) FILTER (WHERE due_at <= CAST(:now AS timestamptz)) AS due, min(due_at) AS oldest
    FROM reminders WHERE status = 'pending' GROUP BY subject_kind
    """
)


async def list_reminders(
    connection: AsyncConnection, filters: Filters, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """In the order in which they come due, one more than `limit` where there are more."""
    ids = func.array(_page(filters, after, limit + 1).scalar_subquery(), type_=ARRAY(Uuid))
    query = _REMINDERS.where(Reminder.id == any_(ids))
    return (await connection.execute(in_order(query, Reminder.due_at, Reminder.id, newest_first=False))).all()


def _page(filters: Filters, after: tuple[datetime, UUID] | None, limit: int) -> AnySelect:
    """Ids of a page of reminders."""
    rows = filtered(select(Reminder.due_at, Reminder.id), Reminder, filters)
    if filters.status is not None:
        # in the text: the partial indexes are found for a value that is known when the statement is planned
        status: BindParameter[str] = bindparam("status", filters.status, literal_execute=True)
        rows = rows.where(Reminder.status == status)
    if after is not None:
        rows = rows.where(tuple_(Reminder.due_at, Reminder.id) > after)
    if filters.tenant is not None and filters.agency is None:
        agencies = within(Agency, filters.tenant)
        return page_of_keys(agencies, rows, Reminder.agency_code, newest_first=False, limit=limit)
    ids = rows.with_only_columns(Reminder.id)
    return in_order(ids, Reminder.due_at, Reminder.id, newest_first=False).limit(limit)


async def next_due_by_kind(
    connection: AsyncConnection, subject_kinds: Collection[str]
) -> Mapping[str, datetime]:
    """The earliest `due_at` of pending reminders by kind of subject; kinds without one are left out."""
    found = await connection.execute(NEXT_DUE, {"subject_kinds": list(subject_kinds)})
    return {row.subject_kind: row.due_at for row in found}


async def reminder_backlog(connection: AsyncConnection, now: datetime) -> Sequence[AnyRow]:
    """By kind of subject: the number of pending reminders, of those due, and the earliest `due_at`."""
    return (await connection.execute(_BACKLOG, {"now": now})).all()
