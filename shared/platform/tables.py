"""The tables that every service's database has, in one metadata: it is whole once this module is imported."""

from shared.http import idempotency
from shared.keys import revocations
from shared.log import cursors, dead_letters, identity, inbox, outbox
from shared.platform import retention
from shared.runtime import audit
from shared.runtime.database import platform_metadata

__all__ = [
    "audit",
    "cursors",
    "dead_letters",
    "idempotency",
    "identity",
    "inbox",
    "outbox",
    "platform_metadata",
    "retention",
    "revocations",
]
