"""Treasury files for tests: written, sent, and the members of their reports."""

from typing import Any

from tests.finance.world import FinanceService

HEADINGS = "TT;Cơ quan;Cấp ngân sách;Tính chất;Lĩnh vực;Số tiền;Ngày;Số chứng từ"
ROWS = (
    "1;G12;Trung ương;ĐTPT;CĐS;1.234.567,89;19/05/2025;PC01",
    "2;Bộ Tài chính;NSTW;Đầu tư phát triển;Chuyển đổi số;765.432,11;20/05/2025;PC02",
)


def csv(*rows: str, unit: str = "Đơn vị: triệu đồng", headings: str = HEADINGS) -> bytes:
    return "\n".join(("BÁO CÁO GIẢI NGÂN", unit, headings, *rows)).encode()


async def send(
    service: FinanceService, content: bytes, *, status: int = 200, name: str = "a.csv", **form: Any
) -> Any:
    response = await service.send(
        "POST", "/imports", data={"year": 2025, **form}, files={"file": (name, content)}
    )
    assert response.status_code == status, response.text
    return response.json()


def outcomes(report: Any) -> list[str]:
    return [row["outcome"] for row in report["rows"]]


def problems(report: Any) -> list[list[str]]:
    return [[problem["code"] for problem in row["problems"]] for row in report["rows"]]


async def disbursed(service: FinanceService) -> int:
    amount: int = (await service.get("/balances"))["total"]["disbursed"]
    return amount
