"""Route of imports: a list of databases as a file."""

from typing import Annotated

from fastapi import Form, Request

from services.datasets.api.dependencies import CurrentRules, Manager
from services.datasets.schemas.imports import ImportReport
from services.datasets.use_cases.imports import JudgedList, import_list, judge_list, read_list
from shared.http.problems import documented
from shared.http.routes import CurrentActor, CurrentLateChange, get_context
from shared.http.uploads import REPORT_ANSWERS, UploadForm, report_of, upload_router
from shared.runtime.clock import local_date
from shared.spreadsheets import Upload

PATH = "/datasets/v1/imports"


class ImportForm(UploadForm):
    pass


async def _read(request: Request, _: ImportForm, upload: Upload) -> JudgedList:
    context = get_context(request)
    read = await read_list(context.database, upload, today=local_date(context.clock.now()))
    return await judge_list(context.database, read)


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
    judged: JudgedList = request.state.upload
    written = judged.is_written(dry_run=form.dry_run, partial=form.partial)
    own = {"written": written, "dry_run": form.dry_run}
    report = await report_of(ImportReport, judged.read, judged.reports, **own)
    if written:
        await import_list(change, judged, rules=rules.watch, actor=actor)
    return report
