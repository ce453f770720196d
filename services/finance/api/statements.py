"""The check of published figures."""

from services.finance.api.dependencies import AnyReader
from services.finance.domain.statements import check_statement
from services.finance.schemas.statements import StatementIn, StatementOut
from shared.http.routes import service_router

router = service_router("finance")


@router.post("/statements/check", tags=["statements"])
async def check_published(body: StatementIn, _: AnyReader) -> StatementOut:
    """Kiểm tra một tổng đã công bố với các phần của nó. / Check a published total against its parts.

    So theo số chữ số đã in; không ghi gì.

    Compared by their printed precision; nothing is recorded.
    """
    found = check_statement(body.measure, body.total, body.parts)
    return StatementOut(
        verdict=found.verdict, difference=f"{found.difference:f}", tolerance=f"{found.tolerance:f}"
    )
