"""The HTTP application of the tasks service."""

from fastapi import FastAPI

from services.tasks.api import BODY_LIMITS, ROUTERS
from services.tasks.api.common import Rules
from services.tasks.settings import TasksSettings
from shared.app import Context, create_app
from shared.clock import Clock
from shared.database import Database
from shared.health import Health


def build_app(
    settings: TasksSettings, database: Database, clock: Clock, *, health: Health, operations: bool = True
) -> FastAPI:
    """`operations` adds /healthz, /readyz and /metrics: false where a suite around this app has them."""
    app = create_app(
        Context("tasks", database, clock, settings.secret),
        title="Đôn đốc: nhiệm vụ (tasks)",
        routers=ROUTERS,
        health=health,
        body_limits=BODY_LIMITS,
        operations=operations,
    )
    app.state.rules = Rules(settings.due_soon_days, settings.before_includes_day)
    return app
