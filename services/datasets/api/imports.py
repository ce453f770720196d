"""Taking a list of databases as a file."""

from typing import Annotated

from fastapi import Form, Request
from pydantic import Field

from services.datasets.api.common import CurrentRules, Manager
from services.datasets.schemas.imports import ImportedRow, ImportReport
from services.datasets.use_cases.imports import ReadList, RowReport, import_list, read_list
from shared.http.answers import SheetReport, SkippedRow
from shared.http.app import CurrentActor, CurrentLateChange, get_context
from shared.http.problems import documented
from shared.http.scalars import BooleanText
from shared.http.uploads import REPORT_ANSWERS, UploadForm, upload_router
from shared.runtime.clock import local_date
from shared.spreadsheets import mapping_from_json

PATH = "/datasets/v1/imports"


class ImportForm(UploadForm):
    partial: BooleanText = Field(
        default=False, description="import the good rows although others are refused"
    )


async def _read(request: Request, form: ImportForm, content: bytes) -> ReadList:
    context = get_context(request)
    return await read_list(
        context.database,
        form.file.filename or "",
        content,
        columns=mapping_from_json(form.columns),
        sheet=form.sheet,
        today=local_date(context.clock.now()),
    )


router = upload_router("datasets", ImportForm, _read)


@router.post("/imports", tags=["imports"], responses=REPORT_ANSWERS | documented(409, 413))
async def import_databases(
    request: Request,
    change: CurrentLateChange,
    actor: CurrentActor,
    rules: CurrentRules,
    _: Manager,
    form: Annotated[ImportForm, Form(media_type="multipart/form-data")],
) -> ImportReport:
    """Nhập danh mục cơ sở dữ liệu từ tệp. / Import a list of databases from a file.

    Từng dòng: được nhận, không đổi, hoặc bị từ chối kèm trường, lý do và gợi ý gần nhất.

    Row by row: accepted, unchanged, or refused with field, reason and nearest suggestion.
    """
    read: ReadList = request.state.upload
    asked = form.model_dump(include={"dry_run", "partial"})
    reports, written = await import_list(change, read, **asked, rules=rules.watch, actor=actor)
    return _answer(read, reports, dry_run=form.dry_run, written=written)


def _answer(read: ReadList, reports: list[RowReport], *, dry_run: bool, written: bool) -> ImportReport:
    outcomes = [report.outcome for report in reports]
    return ImportReport(
        accepted=outcomes.count("accepted"),
        refused=outcomes.count("refused"),
        unchanged=outcomes.count("unchanged"),
        dry_run=dry_run,
        written=written,
        sheets=[SheetReport.model_validate(sheet) for sheet in read.sheets],
        skipped=[SkippedRow.model_validate(row) for row in read.skipped],
        rows=[ImportedRow.model_validate(report) for report in reports],
    )
