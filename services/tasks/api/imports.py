"""Route of imports: an annex as a file."""

from typing import Annotated

from fastapi import Form, Request
from pydantic import Field

from services.tasks.api.dependencies import Manager, current_rules
from services.tasks.schemas.imports import ImportReport
from services.tasks.use_cases.annexes import read_annex
from services.tasks.use_cases.imports import JudgedAnnex, import_annex, judge_annex
from shared.http.problems import documented
from shared.http.requests import Code, DocumentNumber, Line
from shared.http.routes import CurrentActor, CurrentLateChange, get_context
from shared.http.uploads import REPORT_ANSWERS, UploadForm, report_of, upload_router
from shared.runtime.clock import local_date
from shared.spreadsheets import Upload, answers_from_json

PATH = "/tasks/v1/imports"


class ImportForm(UploadForm):
    programme: DocumentNumber
    document: DocumentNumber
    annex: Line | None = Field(
        default=None,
        description="name of the annex in its document, e.g. Phụ lục II; by default the name printed above a table or on its "
        "sheet's tab",
    )
    annex_was: Line | None = Field(
        default=None,
        description="name of the annex in the earlier import, e.g. Phụ lục I: its rows are recognised under the "
        "new name",
    )
    answers: str | None = Field(
        default=None,
        max_length=200_000,
        description='JSON with an answer for each row that a report asked about: {"12": "mới", "PL II!5": "<id of the task that it is>"}',
    )
    issued_by: Code | None = Field(
        default=None,
        description="code of the agency that issued the document, for a document without issuer_code: its units and communes "
        'are meant by "Sở Y tế", "UBND các xã, phường"',
    )


async def _read(request: Request, form: ImportForm, upload: Upload) -> JudgedAnnex:
    context, rules = get_context(request), await current_rules(request)
    annex = await read_annex(
        context.database,
        upload,
        annex=form.annex,
        annex_was=form.annex_was,
        answers=answers_from_json(form.answers),
        programme=form.programme,
        document=form.document,
        issued_by=form.issued_by,
        before_includes_day=rules.before_includes_day,
    )
    return await judge_annex(context.database, annex, today=local_date(context.clock.now()))


router = upload_router("tasks", ImportForm, _read)


@router.post("/imports", tags=["imports"], responses=REPORT_ANSWERS | documented(409, 413))
async def import_tasks(
    request: Request,
    change: CurrentLateChange,
    actor: CurrentActor,
    _: Manager,
    form: Annotated[ImportForm, Form(media_type="multipart/form-data")],
) -> ImportReport:
    """Nhập một phụ lục từ tệp CSV hoặc XLSX. / Import an annex from a CSV or XLSX file.

    Từng dòng: được nhận, không đổi, hoặc bị từ chối kèm trường, lý do và gợi ý gần nhất.

    Row by row: accepted, unchanged, or refused with field, reason and nearest suggestion.
    """
    judged: JudgedAnnex = request.state.upload
    written = judged.is_written(dry_run=form.dry_run, partial=form.partial)
    own = {"missing": judged.missing, "written": written, "dry_run": form.dry_run}
    report = await report_of(ImportReport, judged.annex, judged.reports, **own)
    if written:
        await import_annex(change, judged, actor=actor)
    return report
