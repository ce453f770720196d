"""What operators watch. One registry per process; labels only from closed sets."""

import time

from fastapi.routing import APIRoute
from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter(
    "dondoc_http_requests_total", "HTTP requests answered", ["service", "method", "route", "status"]
)
LATENCY = Histogram(
    "dondoc_http_request_duration_seconds", "Time to the last byte of the answer", ["service", "route"]
)
LOOP_FAILURES = Counter(
    "dondoc_loop_failures_total", "Times a long-running loop failed and was restarted", ["loop"]
)
LOOP_BEAT = Gauge(
    "dondoc_loop_last_beat_timestamp_seconds", "Unix time of a loop's last completed round", ["loop"]
)
LOG_LAG = Gauge(
    "dondoc_log_lag_seconds",
    "Real time for which the oldest event that a reader has not passed on has been known to it, 0 when none is",
    ["service", "reader"],
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
DEAD_LETTERS = Counter(
    "dondoc_dead_letters_total", "Events that could not be understood and were set aside", ["service"]
)
POOL_SIZE = Gauge("dondoc_database_pool_connections_max", "Connections the pool may open", ["service"])
POOL_IN_USE = Gauge("dondoc_database_pool_connections_in_use", "Connections checked out", ["service"])
POOL_WAITING = Gauge(
    "dondoc_database_pool_callers_waiting", "Callers in the queue for a connection", ["service"]
)

registry = REGISTRY
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def route_label(scope: Scope) -> str:
    """The route's template, so that ids never become labels; `unmatched` where no route took the request."""
    route = scope.get("route")
    return route.path if isinstance(route, APIRoute) else "unmatched"


class MetricsMiddleware:
    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self.app(scope, receive, watch)
        finally:
            route = route_label(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            REQUESTS.labels(self.service, method, route, str(status)).inc()
            LATENCY.labels(self.service, route).observe(time.perf_counter() - began)
