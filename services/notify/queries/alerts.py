"""Queries of alerts, with the status that follows from their deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.domain.deliveries import DeliveryStatus
from services.notify.queries.pages import in_order, page_of_keys
from services.notify.tables import Agency, Alert, Delivery, Reminder, Subscription
from shared.agencies import within
from shared.runtime.database import AnyRow, AnySelect

_tenant = bindparam("tenant", type_=Text)
# The status of an alert with such a delivery, by the first that it has; `raised`: without a delivery.
_STATUSES = {
    DeliveryStatus.PENDING: "delivering",
    DeliveryStatus.FAILED: "failed",
    DeliveryStatus.DELIVERED: "delivered",
    DeliveryStatus.CANCELLED: "cancelled",
}
_WITHOUT_DELIVERY = "raised"


def _count(status: DeliveryStatus) -> ColumnElement[int]:
    return func.count().filter(Delivery.status == status).label(status.value)


# Deliveries that the reader sees: those to subscriptions of the agency to which he is bound, or all.
_counts = (
    select(*(_count(status) for status in DeliveryStatus))
    .join(Subscription, Subscription.id == Delivery.subscription_id)
    .where(
        Delivery.alert_id == Alert.id,
        (Subscription.agency_code == _tenant) | _tenant.is_(None),
    )
    .lateral("counts")
)
_ALERTS = select(
    Alert.id,
    Alert.raised_at,
    Alert.agency_code,
    case(
        *((_counts.c[status.value] > 0, word) for status, word in _STATUSES.items()), else_=_WITHOUT_DELIVERY
    ).label("status"),
    *(_counts.c[status.value] for status in DeliveryStatus),
    cast(Alert.body, JSONB)["data"].label("data"),
).join(_counts, true())


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list of alerts or reminders; `tenant` is the agency to which the reader is bound.

    He names no agency that he may not see. `subjects` are kinds of subjects, each with the key of one, or None for all of
    the kind.
    """

    tenant: str | None = None
    agency: str | None = None
    kind: str | None = None
    subjects: Sequence[tuple[str, str | None]] = ()
    status: str | None = None

    @property
    def is_by_status_alone(self) -> bool:
        """True where no other filter leaves few rows: neither an agency nor a subject is given."""
        return self.tenant is None and self.agency is None and not self.subjects


async def list_alerts(
    connection: AsyncConnection, filters: Filters, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """Newest first, one more than `limit` where there are more."""
    ids = func.array(_page(filters, after, limit + 1).scalar_subquery(), type_=ARRAY(Uuid))
    query = in_order(_ALERTS.where(Alert.id == any_(ids)), Alert.raised_at, Alert.id, newest_first=True)
    return (await connection.execute(query, {"tenant": filters.tenant})).all()


def _page(filters: Filters, after: tuple[datetime, UUID] | None, limit: int) -> AnySelect:
    """Ids of a page of alerts."""
    rows = filtered(select(Alert.raised_at, Alert.id), Alert, filters)
    if after is not None:
        rows = rows.where(tuple_(Alert.raised_at, Alert.id) < after)
    if filters.status is not None and not filters.is_by_status_alone:
        rows = rows.where(_status_of(Alert.id, filters.tenant) == filters.status)
    elif filters.status is not None:
        return _page_by_status(rows, filters.status, after, limit)
    if filters.tenant is not None and filters.agency is None:
        agencies = within(Agency, filters.tenant)
        return page_of_keys(agencies, rows, Alert.agency_code, newest_first=True, limit=limit)
    return in_order(rows.with_only_columns(Alert.id), Alert.raised_at, Alert.id, newest_first=True).limit(
        limit
    )


def _status_of(alert_id: Any, tenant: str | None) -> ColumnElement[str]:
    """The status of an alert by the deliveries that the reader sees."""
    found = [
        (func.bool_or(Delivery.status == status), literal(word, Text)) for status, word in _STATUSES.items()
    ]
    status = select(case(*found, else_=_WITHOUT_DELIVERY)).where(Delivery.alert_id == alert_id)
    if tenant is not None:
        owner = select(Subscription.agency_code).where(Subscription.id == Delivery.subscription_id)
        status = status.where(owner.scalar_subquery() == tenant)
    return status.scalar_subquery()


def _page_by_status(
    rows: AnySelect, status: str, after: tuple[datetime, UUID] | None, limit: int
) -> AnySelect:
    """Of the rows' ids those of a status: found by the deliveries that have it, which were created when their alert was raised."""
    ids = rows.with_only_columns(Alert.id)
    if status == _WITHOUT_DELIVERY:
        ids = ids.where(~exists().where(Delivery.alert_id == Alert.id))
        return in_order(ids, Alert.raised_at, Alert.id, newest_first=True).limit(limit)
    [delivery_status] = [each for each, word in _STATUSES.items() if word == status]
    having = select(Delivery.created_at, Delivery.alert_id).distinct()
    having = having.where(Delivery.status == delivery_status, Delivery.alert_id.is_not(None))
    if after is not None:
        having = having.where(tuple_(Delivery.created_at, Delivery.alert_id) < after)
    found = in_order(having, Delivery.created_at, Delivery.alert_id, newest_first=True).subquery("found")
    ids = ids.join(found, found.c.alert_id == Alert.id)
    ids = ids.where(_status_of(Alert.id, None) == status)
    return in_order(ids, found.c.created_at, found.c.alert_id, newest_first=True).limit(limit)


async def get_alert(connection: AsyncConnection, alert_id: UUID, tenant: str | None) -> AnyRow | None:
    return (await connection.execute(_ALERTS.where(Alert.id == alert_id), {"tenant": tenant})).one_or_none()


def filtered(query: AnySelect, row: type[Alert | Reminder], filters: Filters) -> AnySelect:
    """The rows that match the filters on agency, kind and subject."""
    if filters.agency is not None:
        query = query.where(row.agency_code == filters.agency)
    if filters.kind is not None:
        query = query.where(row.kind == filters.kind)
    for subject_kind, subject in filters.subjects:
        query = query.where(row.subject_kind == subject_kind)
        if subject is not None:
            query = query.where(row.subject == subject)
    return query
