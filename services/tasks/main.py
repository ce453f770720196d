"""The HTTP application of the tasks service."""

from fastapi import FastAPI

from services.tasks.api import BODY_LIMITS, ROUTERS
from services.tasks.api.common import Rules
from services.tasks.settings import TasksSettings
from shared.http.app import Context, Lifespan, create_app
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Health

TAGS = {
    "tasks": "Nhiệm vụ: giao, sửa, gia hạn, hủy, lịch sử. / Tasks: assigned, amended, extended, cancelled; their history.",
    "deadlines": "Đọc thời hạn từ lời văn bản. / Deadlines read from a document's words.",
    "reporting": "Báo cáo hoàn thành và quyết định về báo cáo. / Submissions with evidence, and the decisions on them.",
    "statistics": "Số liệu tại một ngày, theo điều đã biết. / Figures as of a day, by what was known.",
    "imports": "Nhập phụ lục CSV, XLSX. / Annexes as CSV or XLSX.",
    "catalogue": "Cơ quan, nhóm, chương trình, văn bản. / Agencies, groups, programmes, documents.",
    "changes": "Dòng thay đổi cho hệ thống khác. / The feed of changes for other systems.",
}


def build_app(
    settings: TasksSettings,
    database: Database,
    clock: Clock,
    *,
    health: Health,
    lifespan: Lifespan | None = None,
    operations: bool = True,
) -> FastAPI:
    """`operations` adds /healthz, /readyz and /metrics: false where a suite around this app has them."""
    app = create_app(
        Context("tasks", database, clock, settings.secret, settings.public_url),
        title="Đôn đốc: nhiệm vụ (tasks)",
        routers=ROUTERS,
        health=health,
        lifespan=lifespan,
        body_limits=BODY_LIMITS,
        operations=operations,
        tags=TAGS,
    )
    app.state.rules = Rules(settings.due_soon_days, settings.before_includes_day)
    return app
