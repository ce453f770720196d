"""Alerts: reminders that were raised."""

from shared.errors import NotFound


def alert_unknown() -> NotFound:
    return NotFound(
        "alert_unknown",
        "Không có cảnh báo này: xem danh sách tại /notify/v1/alerts.",
        "There is no such alert: see the list at /notify/v1/alerts.",
    )
