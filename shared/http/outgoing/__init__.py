"""Outgoing HTTP to URLs that others chose: which are allowed (`addresses`), and the calls (`client`)."""

from shared.http.outgoing.addresses import (
    AddressRefused,
    HostUnknown,
    OutgoingPolicy,
    Resolver,
    check_url,
)
from shared.http.outgoing.client import Fault, Outcome, WebhookClient, check_headers, retry_after_seconds

__all__ = [
    "AddressRefused",
    "Fault",
    "HostUnknown",
    "Outcome",
    "OutgoingPolicy",
    "Resolver",
    "WebhookClient",
    "check_headers",
    "check_url",
    "retry_after_seconds",
]
