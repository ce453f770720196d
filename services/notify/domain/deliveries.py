"""Deliveries: their statuses, why they ended, and what is refused."""

from collections.abc import Mapping
from enum import StrEnum

from shared.errors import Conflict, NotFound


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeliveryReason(StrEnum):
    """Why a delivery ended undelivered."""

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
    """`lost`: its lease ended before a result was recorded; the call may have arrived."""

    IN_FLIGHT = "in_flight"
    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    LOST = "lost"


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


def delivery_ended(status: DeliveryStatus) -> Conflict:
    return Conflict(
        "delivery_ended",
        f"Chỉ gửi lại được lần gửi đang chờ hoặc không thành công; lần gửi này {_ENDED_VI[status]}.",
        f"Only a pending or failed delivery can be sent again; this one was {status}.",
        delivery_status=status,
    )
