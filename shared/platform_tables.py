"""The tables that every service's database has, in one metadata: it is whole once this module is imported."""

from shared.http import auth, idempotency
from shared.log import inbox, outbox, reader
from shared.platform import retention
from shared.runtime import audit
from shared.runtime.database import platform_metadata

__all__ = ["audit", "auth", "idempotency", "inbox", "outbox", "platform_metadata", "reader", "retention"]
