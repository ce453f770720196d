"""Deliveries: their statuses, the effect of an attempt on them and on their subscription, and refusals."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from uuid import UUID

from shared.errors import Conflict, NotFound, TooManyRequests

GONE = 410
REDIRECTS = range(300, 400)


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeliveryReason(StrEnum):
    """The reason for which a delivery failed or was cancelled."""

    RETRIES_EXHAUSTED = "retries_exhausted"
    TASK_ENDED = "task_ended"
    DEADLINE_MOVED = "deadline_moved"
    NO_DEADLINE = "no_deadline"
    REPORTED_BY_CHILDREN = "reported_by_children"
    ASSIGNMENT_ENDED = "assignment_ended"
    ENDPOINT_GONE = "endpoint_gone"
    SUBSCRIPTION_DISABLED = "subscription_disabled"
    SUBSCRIPTION_DELETED = "subscription_deleted"
    SUPERSEDED = "superseded"
    NO_LONGER_TRUE = "no_longer_true"


class AttemptOutcome(StrEnum):
    """The outcome of an attempt; `lost`: its lease expired before a result was recorded, and the call may have arrived."""

    IN_FLIGHT = "in_flight"
    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    LOST = "lost"


def outcome_of(*, accepted: bool, status_code: int | None) -> AttemptOutcome:
    """The outcome of a call: 2xx delivers, 410 ends the subscription, all else has failed.

    Args:
        accepted: answered 2xx, and whole.
        status_code: of the answer, if there was one.
    """
    if accepted:
        return AttemptOutcome.DELIVERED
    return AttemptOutcome.GONE if status_code == GONE else AttemptOutcome.FAILED


def error_code(*, accepted: bool, status_code: int | None, transport_error: str | None) -> str | None:
    """The error code of a failed attempt: the transport's, redirect_not_followed, or status_refused; None of others."""
    if accepted or transport_error is not None:
        return None if accepted else transport_error
    return "redirect_not_followed" if status_code in REDIRECTS else "status_refused"


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """The columns of a delivery that an attempt may change; `lease_token` is the id of the attempt under way."""

    status: DeliveryStatus
    reason: DeliveryReason | None
    next_attempt_at: datetime
    lease_token: UUID | None
    ended_at: datetime | None


def after_attempt(
    before: DeliveryState,
    outcome: AttemptOutcome,
    *,
    token: UUID,
    retry_at: datetime | None,
    now: datetime,
) -> DeliveryState:
    """A delivery after an attempt.

    A success always counts, even where the lease was lost or the delivery cancelled meanwhile: the message has arrived.
    A failure counts only while the lease is its own. One that found its endpoint gone leaves the delivery to the end
    of its subscription.

    Args:
        before: the delivery as it is stored now.
        outcome: of the attempt.
        token: the lease of the attempt.
        retry_at: when a failed attempt is repeated; None when all have been made.
        now: when the attempt is recorded.
    """
    has_lease, delivered = before.lease_token == token, outcome is AttemptOutcome.DELIVERED
    after = replace(before, lease_token=None) if has_lease or delivered else before
    if delivered and before.status is not DeliveryStatus.DELIVERED:
        return replace(after, status=DeliveryStatus.DELIVERED, reason=None, ended_at=now)
    if not has_lease or before.status is not DeliveryStatus.PENDING or outcome is AttemptOutcome.GONE:
        return after
    if retry_at is not None:
        return replace(after, next_attempt_at=retry_at)
    return replace(after, status=DeliveryStatus.FAILED, reason=DeliveryReason.RETRIES_EXHAUSTED, ended_at=now)


@dataclass(frozen=True, slots=True)
class SubscriptionEffect:
    """The effect of attempts on their subscription.

    `is_answering`: its consecutive failures are reset to 0, else one is added. `is_gone`: it is disabled.
    """

    is_answering: bool
    is_gone: bool


def after_attempts(outcomes: Collection[AttemptOutcome]) -> SubscriptionEffect:
    """The effect of attempts that are recorded together: of several failures one counts, after a success none."""
    return SubscriptionEffect(
        is_answering=AttemptOutcome.DELIVERED in outcomes, is_gone=AttemptOutcome.GONE in outcomes
    )


def delivery_unknown() -> NotFound:
    return NotFound(
        "delivery_unknown",
        "Không có lần gửi này: xem danh sách tại /notify/v1/deliveries.",
        "There is no such delivery: see the list at /notify/v1/deliveries.",
    )


_ENDED_VI: Mapping[str, str] = {
    DeliveryStatus.DELIVERED: "đã gửi tới nơi",
    DeliveryStatus.CANCELLED: "đã hủy",
}


RETRY_PAUSE = timedelta(minutes=1)  # between attempts of a delivery that are made on request


def retried_too_soon(wait: timedelta) -> TooManyRequests:
    seconds = ceil(wait.total_seconds())
    return TooManyRequests(
        "retried_too_soon",
        f"Vừa gửi lần này chưa đầy một phút: xem kết quả tại /notify/v1/deliveries, rồi yêu cầu gửi lại sau {seconds} giây.",
        "This delivery was attempted within the last minute: see how it went at /notify/v1/deliveries, and ask for it again "
        f"in {seconds} seconds.",
        retry_after=seconds,
    )


def delivery_ended(status: DeliveryStatus) -> Conflict:
    return Conflict(
        "delivery_ended",
        f"Chỉ gửi lại được lần gửi đang chờ hoặc không thành công; lần gửi này {_ENDED_VI[status]}.",
        f"Only a pending or failed delivery can be sent again; this one was {status}.",
        delivery_status=status,
    )
