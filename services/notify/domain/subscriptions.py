"""Subscriptions: their statuses, reasons, limits on trials, and refusals."""

from datetime import timedelta
from enum import StrEnum
from math import ceil

from shared.errors import Conflict, Gone, NotFound, TooManyRequests

SLOW_SECONDS = 2.0  # of a call: well above what an endpoint takes that only stores what it is sent
TRIAL_PERIOD = timedelta(hours=1)
TRIALS_OF_SUBSCRIPTION = 20  # in a period: more than someone who sets up a receiver needs
TRIALS_OF_KEY = 60  # in a period, over all subscriptions, also those deleted since


class SubscriptionStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


class SubscriptionReason(StrEnum):
    """The reason for which a subscription is not active."""

    ENDPOINT_GONE = "endpoint_gone"
    PAUSED = "paused"
    DELETED = "deleted"


def too_many_subscriptions(limit: int) -> Conflict:
    return Conflict(
        "too_many_subscriptions",
        f"Cơ quan này đã có {limit} đăng ký nhận cảnh báo: xóa đăng ký không còn dùng rồi tạo lại.",
        f"This agency has {limit} subscriptions already: delete one that is no longer used, then try again.",
        limit=limit,
    )


def too_many_trials(limit: int, wait: timedelta) -> TooManyRequests:
    seconds = ceil(wait.total_seconds())
    return TooManyRequests(
        "too_many_trials",
        f"Đã gửi {limit} tin thử trong một giờ qua: xem kết quả tại /notify/v1/deliveries, rồi thử lại sau {seconds} giây.",
        f"{limit} trial messages were sent within the last hour: see how they went at /notify/v1/deliveries, and try again "
        f"in {seconds} seconds.",
        retry_after=seconds,
        limit=limit,
    )


def subscription_unknown() -> NotFound:
    return NotFound(
        "subscription_unknown",
        "Không có đăng ký này: xem danh sách tại /notify/v1/subscriptions.",
        "There is no such subscription: see the list at /notify/v1/subscriptions.",
    )


def subscription_deleted() -> Gone:
    return Gone(
        "subscription_deleted",
        "Đăng ký này đã xóa: tạo đăng ký mới.",
        "This subscription was deleted: create a new one.",
    )


def subscription_inactive() -> Conflict:
    return Conflict(
        "subscription_inactive",
        "Đăng ký này đang tắt: bật lại bằng PATCH với active = true rồi thử lại.",
        "This subscription is disabled: enable it by PATCH with active = true, then try again.",
    )
