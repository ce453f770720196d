"""The tasks service: its API and its loops."""

from services.roles import ROLES
from services.tasks.api import BODY_LIMITS, ROUTERS
from services.tasks.api.dependencies import Rules
from services.tasks.settings import TasksSettings
from services.tasks.worker import work
from shared.service import Service


def _rules(settings: TasksSettings) -> Rules:
    return Rules(settings.due_soon_days, settings.before_includes_day)


SERVICE = Service(
    name="tasks",
    settings=TasksSettings,
    title="Đôn đốc: nhiệm vụ (tasks)",
    roles=ROLES,
    tags={
        "tasks": "Nhiệm vụ: giao, sửa, gia hạn, hủy, lịch sử. / Tasks: assigned, amended, extended, cancelled; their history.",
        "deadlines": "Đọc thời hạn từ lời văn bản. / Deadlines read from a document's words.",
        "reporting": "Báo cáo hoàn thành và quyết định về báo cáo. / Submissions with evidence, and the decisions on them.",
        "statistics": "Số liệu tại một ngày, theo điều đã biết. / Figures as of a day, by records up to an instant.",
        "imports": "Nhập phụ lục CSV, XLSX. / Annexes as CSV or XLSX.",
        "catalogue": "Cơ quan, nhóm, chương trình, văn bản. / Agencies, groups, programmes, documents.",
        "changes": "Dòng thay đổi cho hệ thống khác. / The feed of changes for other systems.",
    },
    routers=ROUTERS,
    body_limits=BODY_LIMITS,
    rules=_rules,
    work=work,
)
