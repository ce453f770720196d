"""The import of Treasury files."""

from typing import Annotated

from fastapi import Form, Request
from pydantic import Field

from services.finance.api.dependencies import Manager
from services.finance.domain.imports.amounts import DecimalSeparator
from services.finance.domain.imports.cells import Unit
from services.finance.domain.ledger import Kind
from services.finance.schemas.fields import YearText
from services.finance.schemas.imports import ImportReport
from services.finance.use_cases.imports.files import TreasuryFile, read_file
from services.finance.use_cases.imports.posting import JudgedFile, import_file, judge_file
from shared.http.problems import documented
from shared.http.requests import SIMILAR_IS_MEANT, DocumentNumber
from shared.http.routes import CurrentActor, CurrentLateChange, get_context, identify
from shared.http.scalars import BooleanText
from shared.http.uploads import REPORT_ANSWERS, UploadForm, report_of, upload_router
from shared.runtime.clock import local_date
from shared.spreadsheets import Upload

PATH = "/finance/v1/imports"


class ImportForm(UploadForm):
    year: Annotated[YearText, Field(description="budget year of the money; 2025's is paid until 31/01/2026")]
    unit: Unit | None = Field(
        default=None, description="unit of the amounts, where the file does not state one"
    )
    decimal_separator: DecimalSeparator | None = Field(
        default=None,
        description="decimal separator of the amounts, where the file's cells do not show it: 1,234 or 1.234 everywhere",
    )
    number: DocumentNumber | None = Field(
        default=None,
        description="of the document that the decisions are posted under; a day's further ones get -2, -3 …",
    )
    partial: BooleanText = Field(
        default=False, description="import the good vouchers although others are refused"
    )
    similar_is_meant: Annotated[BooleanText, Field(description=SIMILAR_IS_MEANT)] = False


async def _read(request: Request, form: ImportForm, upload: Upload) -> TreasuryFile:
    context, caller = get_context(request), await identify(request)
    return await read_file(
        context.database,
        upload,
        year=form.year,
        unit=form.unit,
        separator=form.decimal_separator,
        today=local_date(context.clock.now()),
        defence_security=caller.defence_security,
    )


router = upload_router("finance", ImportForm, _read)


@router.post("/imports", tags=["imports"], responses=REPORT_ANSWERS | documented(409, 413))
async def import_disbursements(
    request: Request,
    change: CurrentLateChange,
    actor: CurrentActor,
    _: Manager,
    form: Annotated[ImportForm, Form(media_type="multipart/form-data")],
) -> ImportReport:
    """Nhập số giải ngân, thu hồi từ tệp Kho bạc. / Import disbursements and recoveries from a Treasury file.

    Mỗi ngày một quyết định giải ngân và một quyết định thu hồi; điều tệp trước đã mang vào thì không đổi gì.

    One decision a day for disbursements and one for recoveries; rows that an earlier file brought change nothing.
    """
    file: TreasuryFile = request.state.upload
    arguments = form.model_dump(include={"number", "similar_is_meant", "dry_run", "partial"})
    judged = await judge_file(change, file, **arguments, actor=actor)
    report = await report_of(ImportReport, file, file.rows, **_own(judged), dry_run=form.dry_run)
    if judged.decisions:
        await import_file(change, judged, actor=actor)
    return report


def _own(judged: JudgedFile) -> dict[str, object]:
    """The members of the report that other imports do not have."""
    rows = [row for row in judged.file.rows if row.outcome == "accepted"]
    amounts = {
        kind: sum(row.amount or 0 for row in rows if row.kind is kind)
        for kind in (Kind.DISBURSE, Kind.RECOVER)
    }
    return {
        "unit": judged.file.unit,
        "amount": amounts[Kind.DISBURSE],
        "recovered": amounts[Kind.RECOVER],
        "decisions": [decision.id for decision in judged.decisions],
        "written": bool(judged.decisions),
    }
