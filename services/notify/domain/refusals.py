"""What is refused about alerts and deliveries."""

from collections.abc import Mapping

from services.notify.domain.retries import DeliveryStatus
from shared.errors import Conflict, NotFound


def alert_unknown() -> NotFound:
    return NotFound(
        "alert_unknown",
        "Không có cảnh báo này: xem danh sách tại /notify/v1/alerts.",
        "There is no such alert: see the list at /notify/v1/alerts.",
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


def delivery_ended(status: DeliveryStatus) -> Conflict:
    return Conflict(
        "delivery_ended",
        f"Chỉ gửi lại được lần gửi đang chờ hoặc không thành công; lần gửi này {_ENDED_VI[status]}.",
        f"Only a pending or failed delivery can be sent again; this one was {status}.",
        delivery_status=status,
    )
