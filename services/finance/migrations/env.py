"""Alembic's entry: the tables of this service and of the spine."""

from services.finance.tables import Base
from shared import audit, auth, idempotency, inbox, log_reader, outbox  # noqa: F401 - they fill the spine's metadata
from shared.database import spine
from shared.migrations import run_migrations

run_migrations(Base.metadata, spine)
