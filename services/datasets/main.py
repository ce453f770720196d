"""The datasets service: its API and its loops."""

from datetime import timedelta

from services.datasets.api import BODY_LIMITS, ROUTERS
from services.datasets.api.dependencies import Rules
from services.datasets.consumers import handlers
from services.datasets.domain.heartbeats import too_many_heartbeats
from services.datasets.settings import DatasetsSettings
from services.datasets.use_cases.watching import WatchRules
from services.datasets.worker import serving_loops, work
from services.roles import ROLES
from shared.runtime.rate_limits import RateLimit
from shared.service import Service


def _rules(settings: DatasetsSettings) -> Rules:
    watch = WatchRules(settings.silent_after, settings.downtime)
    heartbeats = RateLimit(settings.heartbeats_per_day, timedelta(days=1), too_many_heartbeats)
    return Rules(watch, settings.clock_skew, settings.longest_maintenance, heartbeats)


SERVICE = Service(
    name="datasets",
    settings=DatasetsSettings,
    title="Đôn đốc: cơ sở dữ liệu (datasets)",
    roles=ROLES,
    tags={
        "databases": "Cơ sở dữ liệu, nền tảng số, hệ thống TTHC: bốn sự thật cạnh nhau. / Databases, platforms, systems: four facts side by side.",
        "reporting": "Khai báo, chất lượng, tín hiệu, bảo trì. / Declarations, quality results, heartbeats, maintenance.",
        "statistics": "Số liệu tại một ngày, theo điều đã biết. / Figures as of a day, by records up to an instant.",
        "contradictions": "Nơi khai báo và thực tế không khớp. / Contradictions between declarations and observations.",
        "imports": "Nhập danh mục CSV, XLSX. / Lists as CSV or XLSX.",
        "changes": "Dòng thay đổi cho hệ thống khác. / The feed of changes for other systems.",
    },
    routers=ROUTERS,
    body_limits=BODY_LIMITS,
    rules=_rules,
    work=work,
    serving_loops=serving_loops,
    consumes=("tasks",),
    handlers=handlers,
)
