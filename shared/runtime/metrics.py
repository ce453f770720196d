"""Prometheus metrics that every service has. One registry per process; labels take values from closed sets."""

from prometheus_client import REGISTRY, Counter, Gauge

REFRESH_SECONDS = 15.0  # between two countings of what a service has; Prometheus scrapes about as often

LOOP_FAILURES = Counter(
    "dondoc_loop_failures_total", "Times a long-running loop failed and was restarted", ["loop"]
)
LOOP_REPORT = Gauge(
    "dondoc_loop_last_report_timestamp_seconds", "Unix time of a loop's last completed round", ["loop"]
)
LOG_LAG = Gauge(
    "dondoc_log_lag_seconds",
    "Real time since the oldest event was written that a reader has not passed on, 0 when none is",
    ["service", "reader"],
)
LOG_UNRESTORED = Gauge(
    "dondoc_log_unrestored",
    "1 while the log is of another PostgreSQL cluster, since `dondoc restore` did not follow a restore: nothing reads it",
    ["service"],
)
RELAYED = Counter("dondoc_relay_events_total", "Events put on Kafka", ["service"])
RELAY_DRAINED = Gauge(
    "dondoc_relay_drained_timestamp_seconds",
    "Unix time at which the relay last came to the end of the log",
    ["service"],
)
CONSUMED = Counter(
    "dondoc_consumer_events_total", "Events consumed, by outcome", ["service", "source", "outcome"]
)
CONSUMER_LAG = Gauge(
    "dondoc_consumer_lag_events",
    "Events of the source not yet acknowledged (on Kafka: of the partitions held), looked up every 10 s",
    ["service", "source"],
)
CONSUMER_PROGRESS = Gauge(
    "dondoc_consumer_last_progress_timestamp_seconds",
    "Unix time at which a batch of events was last dealt with and acknowledged",
    ["service", "source"],
)
CONSUMER_STOPPED = Gauge(
    "dondoc_consumer_stopped",
    "1 while an unexpected error stops a consumer, which tries the same events again with growing pauses, else 0",
    ["service", "source"],
)
DEAD_LETTERS = Counter(
    "dondoc_dead_letters_total", "Events that could not be decoded or applied and were set aside", ["service"]
)
ROWS_REMOVED = Counter(
    "dondoc_rows_removed_total", "Rows removed because their retention was over", ["service", "table"]
)
OLDEST_ROW = Gauge(
    "dondoc_oldest_row_timestamp_seconds",
    "Unix time of the oldest row of a table with a retention, 0 when it is empty; looked up every hour",
    ["service", "table"],
)
REVOCATION_FAILURES = Counter(
    "dondoc_revoked_keys_failures_total",
    "Times the list of revoked keys could not be read; after a minute without it no key is accepted",
    ["service"],
)
POOL_SIZE = Gauge("dondoc_database_pool_connections_max", "Connections the pool may open", ["service"])
POOL_IN_USE = Gauge("dondoc_database_pool_connections_in_use", "Connections checked out", ["service"])
POOL_WAITING = Gauge(
    "dondoc_database_pool_callers_waiting", "Callers in the queue for a connection", ["service"]
)

registry = REGISTRY
