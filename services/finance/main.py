"""The finance service: its API and its loops."""

from services.finance.api import BODY_LIMITS, ROUTERS
from services.finance.consumers import handlers
from services.finance.settings import FinanceSettings
from services.finance.worker import work
from services.roles import ROLES
from shared.service import Service

SERVICE = Service(
    name="finance",
    settings=FinanceSettings,
    title="Đôn đốc: ngân sách (finance)",
    roles=ROLES,
    tags={
        "decisions": "Quyết định: duyệt, phân bổ, giải ngân, quyết toán, chuyển nguồn, hủy, điều chỉnh; đảo bút toán. "
        "/ Decisions posted to the ledger, and their reversals.",
        "claims": "Đăng ký, đề xuất của cơ quan. / Needs of money that agencies state.",
        "figures": "Số dư, giải ngân tại một ngày, theo điều đã biết. / Balances and disbursement as of a day, by what was recorded up to an instant.",
        "statements": "Kiểm tra số liệu công bố với các thành phần. / Published figures checked against their parts.",
        "imports": "Nhập tệp giải ngân của Kho bạc (CSV, XLSX). / Treasury disbursement files.",
        "changes": "Dòng thay đổi cho hệ thống khác. / The feed of changes for other systems.",
    },
    routers=ROUTERS,
    body_limits=BODY_LIMITS,
    work=work,
    consumes=("tasks",),
    handlers=handlers,
)
