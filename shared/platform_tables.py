"""The tables that every service's database has, in one metadata: it is whole once this module is imported."""

from shared.http import auth, idempotency
from shared.log import cursors, identity, inbox, outbox
from shared.platform import retention
from shared.runtime import audit
from shared.runtime.database import platform_metadata

__all__ = [
    "audit",
    "auth",
    "cursors",
    "idempotency",
    "identity",
    "inbox",
    "outbox",
    "platform_metadata",
    "retention",
]
