"""Alembic's entry: the tables of this service and those of the spine."""

from services.notify.tables import Base
from shared import audit, auth, idempotency, inbox, log_reader, outbox  # noqa: F401 - they fill the spine's metadata
from shared.database import spine
from shared.migrations import run_migrations

run_migrations(spine, Base.metadata)
