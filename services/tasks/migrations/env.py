"""Alembic's entry: the tables of this service and those that every service has."""

from services.tasks.tables import Base
from shared.platform.tables import platform_metadata
from shared.runtime.migrations import run_migrations

run_migrations(Base.metadata, platform_metadata)
