"""Alembic's entry: the tables of this service and those of the spine."""

from services.notify.tables import Base
from shared.http import (
    auth,  # noqa: F401 - they fill the spine's metadata
    idempotency,  # noqa: F401 - they fill the spine's metadata
)
from shared.log import (
    inbox,  # noqa: F401 - they fill the spine's metadata
    outbox,  # noqa: F401 - they fill the spine's metadata
)
from shared.log import reader as log_reader  # noqa: F401 - they fill the spine's metadata
from shared.runtime import audit  # noqa: F401 - they fill the spine's metadata
from shared.runtime.database import spine
from shared.runtime.migrations import run_migrations

run_migrations(spine, Base.metadata)
