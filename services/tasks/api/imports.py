"""Taking an annex as a file."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile
from pydantic import BaseModel, Field, ValidationError

from services.tasks.api.common import Manager, current_rules
from services.tasks.gateways.spreadsheet_grid import MAX_BYTES
from services.tasks.schemas import ImportedRow, ImportReport, SkippedRow
from services.tasks.use_cases.annexes import Annex, read_annex
from services.tasks.use_cases.imports import RowReport, import_annex
from shared.app import CurrentActor, CurrentContext, ServiceRoute, Session, get_context, identify
from shared.errors import InvalidInput
from shared.problems import documented
from shared.requests import Code

PATH = "/tasks/v1/imports"
MAX_FILE_BYTES = MAX_BYTES + 1024 * 1024  # with the form around it, as the gateway admits


class ImportForm(BaseModel):
    file: UploadFile = Field(description="CSV (UTF-8) or XLSX, headings in Vietnamese or English")
    programme: Code
    document: Code
    dry_run: bool = False
    partial: bool = Field(default=False, description="import the good rows although others are refused")
    columns: str | None = Field(
        default=None, max_length=10_000, description='JSON: {"title": "heading as printed", …}'
    )


class _ReadFirst(ServiceRoute):
    """Reads the annex before the transaction of the change begins, which must not stand idle meanwhile."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # same shape
        change = super().get_route_handler()

        async def read_first(request: Request) -> Response:
            (await identify(request)).require("tasks.manage")
            await request.body()  # kept, so that the route can read the form again
            request.state.annex = await _read(request)
            return await change(request)

        return read_first


async def _read(request: Request) -> Annex | None:
    """None for a form that is wrong: the route refuses it, field by field."""
    async with request.form() as parts:
        try:
            form = ImportForm.model_validate(dict(parts))
        except ValidationError:
            return None
        content = await form.file.read()
    return await read_annex(
        get_context(request).database,
        form.file.filename or "",
        content,
        columns=_columns(form.columns),
        programme=form.programme,
        document=form.document,
        before_includes_day=current_rules(request).before_includes_day,
    )


router = APIRouter(prefix="/tasks/v1", route_class=_ReadFirst, responses=documented(401, 403, 422, 503))


@router.post("/imports", tags=["imports"], responses=documented(413))
async def import_tasks(
    request: Request,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    _: Manager,
    form: Annotated[ImportForm, Form(media_type="multipart/form-data")],
) -> ImportReport:
    """Import an annex, row by row: accepted, unchanged, or refused with field, reason and nearest suggestion."""
    annex: Annex = request.state.annex
    reports, written = await import_annex(
        session, annex, dry_run=form.dry_run, partial=form.partial, actor=actor, at=context.clock.now()
    )
    return await asyncio.to_thread(_answer, annex, reports, dry_run=form.dry_run, written=written)


def _columns(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    try:
        columns = json.loads(text)
    except (ValueError, RecursionError):
        columns = None
    if not isinstance(columns, dict) or not all(isinstance(value, str) for value in columns.values()):
        raise InvalidInput(
            "columns_invalid",
            "columns phải là một đối tượng JSON: tên trường → tiêu đề cột như in trong tệp.",
            "columns must be a JSON object: field name → heading as printed in the file.",
            field="columns",
        )
    return columns


def _answer(annex: Annex, reports: list[RowReport], *, dry_run: bool, written: bool) -> ImportReport:
    outcomes = [report.outcome for report in reports]
    return ImportReport(
        accepted=outcomes.count("accepted"),
        refused=outcomes.count("refused"),
        unchanged=outcomes.count("unchanged"),
        dry_run=dry_run,
        written=written,
        skipped=[SkippedRow.model_validate(row) for row in annex.skipped],
        rows=[ImportedRow.model_validate(report) for report in reports],
    )
