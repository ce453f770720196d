"""Prometheus metrics of notify; lags are by the suite's clock, calls in real time."""

from prometheus_client import Counter, Gauge, Histogram

from services.notify.domain.deliveries import AttemptOutcome, DeliveryStatus

_LAGS = (
    1,
    5,
    15,
    60,
    300,
    1_800,
    7_200,
    28_800,
    86_400,
    259_200,
)  # a second to the three days of all retries
_CALLS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)

ALERTS_RAISED = Counter("dondoc_alerts_raised_total", "Alerts raised", ["kind"])
REMINDERS = Gauge(
    "dondoc_reminders", "Reminders: pending, and those overdue to be raised", ["subject_kind", "status"]
)
REMINDER_LAG = Gauge(
    "dondoc_reminder_lag_seconds",
    "Age of the oldest due reminder, 0 when none is due",
    ["subject_kind"],
)
RAISE_LAG = Histogram(
    "dondoc_alert_raise_lag_seconds", "Time from the instant a reminder came due to its alert", buckets=_LAGS
)
ATTEMPTS = Counter("dondoc_webhook_attempts_total", "Calls to subscribers, by outcome", ["outcome"])
CALL_SECONDS = Histogram(
    "dondoc_webhook_duration_seconds", "Duration of a call to a subscriber", buckets=_CALLS
)
DELIVERIES = Gauge("dondoc_deliveries", "Deliveries: pending, in flight, and failed for good", ["status"])
DELIVERIES_ENDED = Counter(
    "dondoc_deliveries_ended_total", "Deliveries that ended by an attempt, by status", ["status"]
)
DELIVERY_LAG = Histogram(
    "dondoc_alert_delivery_lag_seconds",
    "Time from the instant a reminder came due to the delivery of its alert",
    buckets=_LAGS,
)

# A series that begins at 1 shows no increase: those that alerting rules use exist from the start.
for _outcome in (
    AttemptOutcome.DELIVERED,
    AttemptOutcome.FAILED,
    AttemptOutcome.GONE,
    AttemptOutcome.LOST,
):
    ATTEMPTS.labels(_outcome)
for _status in (DeliveryStatus.DELIVERED, DeliveryStatus.FAILED):
    DELIVERIES_ENDED.labels(_status)
