"""The HTTP application of the finance service."""

from fastapi import FastAPI

from services.finance.api import BODY_LIMITS, ROUTERS
from services.finance.settings import FinanceSettings
from shared.http.app import Context, Lifespan, create_app
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Health

TAGS = {
    "decisions": "Quyết định: duyệt, phân bổ, giải ngân, quyết toán, chuyển nguồn, hủy, điều chỉnh; đảo bút toán. "
    "/ Decisions posted to the ledger, and their reversals.",
    "claims": "Đăng ký, đề xuất của cơ quan. / What agencies say they need.",
    "figures": "Số dư, giải ngân tại một ngày, theo điều đã biết. / Balances and disbursement as of a day, by what was known.",
    "statements": "Kiểm tra số liệu công bố với các thành phần. / Published figures checked against their parts.",
    "imports": "Nhập tệp giải ngân của Kho bạc (CSV, XLSX). / Treasury disbursement files.",
    "changes": "Dòng thay đổi cho hệ thống khác. / The feed of changes for other systems.",
}


def build_app(
    settings: FinanceSettings,
    database: Database,
    clock: Clock,
    *,
    health: Health,
    lifespan: Lifespan | None = None,
    operations: bool = True,
) -> FastAPI:
    """`operations` adds /healthz, /readyz and /metrics: false where a suite around this app has them."""
    return create_app(
        Context("finance", database, clock, settings.secret, settings.public_url),
        title="Đôn đốc: ngân sách (finance)",
        routers=ROUTERS,
        health=health,
        lifespan=lifespan,
        body_limits=BODY_LIMITS,
        operations=operations,
        tags=TAGS,
    )
