"""The HTTP application of the datasets service."""

from fastapi import FastAPI

from services.datasets.api import BODY_LIMITS, ROUTERS
from services.datasets.api.common import Rules
from services.datasets.settings import DatasetsSettings
from services.datasets.use_cases.watching import WatchRules
from shared.http.app import Context, Lifespan, create_app
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Health

TAGS = {
    "databases": "Cơ sở dữ liệu, nền tảng số, hệ thống TTHC: bốn sự thật cạnh nhau. / Databases, platforms, systems: four facts side by side.",
    "reporting": "Khai báo, chất lượng, tín hiệu, bảo trì. / Declarations, quality results, heartbeats, maintenance.",
    "statistics": "Số liệu tại một ngày, theo điều đã biết. / Figures as of a day, by what was known.",
    "contradictions": "Nơi khai báo và thực tế không khớp. / Where what is declared and what is seen do not agree.",
    "imports": "Nhập danh mục CSV, XLSX. / Lists as CSV or XLSX.",
    "changes": "Dòng thay đổi cho hệ thống khác. / The feed of changes for other systems.",
}


def build_app(
    settings: DatasetsSettings,
    database: Database,
    clock: Clock,
    *,
    health: Health,
    lifespan: Lifespan | None = None,
    operations: bool = True,
) -> FastAPI:
    """`operations` adds /healthz, /readyz and /metrics: false where a suite around this app has them."""
    app = create_app(
        Context("datasets", database, clock, settings.secret, settings.public_url),
        title="Đôn đốc: cơ sở dữ liệu (datasets)",
        routers=ROUTERS,
        health=health,
        lifespan=lifespan,
        body_limits=BODY_LIMITS,
        operations=operations,
        tags=TAGS,
    )
    watch = WatchRules(settings.silent_after, settings.downtime)
    app.state.rules = Rules(watch, settings.clock_skew, settings.longest_maintenance)
    return app
