"""Taking an annex as a file."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import File, Form, UploadFile
from rapidfuzz.fuzz import token_sort_ratio

from services.tasks.api.common import CurrentRules, Manager
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.imports import ReadRow, cell_problem, understand
from services.tasks.domain.naming import Naming, find_agencies
from services.tasks.domain.naming_directory import Directory
from services.tasks.gateways.spreadsheets import Row, Sheet, read_rows
from services.tasks.queries.catalogue import load_directory
from services.tasks.schemas import ImportedRow, ImportReport, SkippedRow
from services.tasks.use_cases.imports import Import, RowReport, import_rows
from services.tasks.use_cases.records import require_document, require_programme
from shared.app import CurrentActor, CurrentContext, Session, service_router
from shared.errors import InvalidInput
from shared.problems import documented
from shared.requests import Code

router = service_router("tasks")
PATH = "/tasks/v1/imports"
MAX_FILE_BYTES = 20 * 1024 * 1024


@router.post("/imports", tags=["imports"], responses=documented(413))
async def import_tasks(
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    rules: CurrentRules,
    _: Manager,
    file: Annotated[UploadFile, File(description="CSV (UTF-8) or XLSX, headings in Vietnamese or English")],
    programme: Annotated[Code, Form()],
    document: Annotated[Code, Form()],
    dry_run: Annotated[bool, Form()] = False,
    partial: Annotated[bool, Form(description="import the good rows although others are refused")] = False,
    columns: Annotated[
        str | None, Form(max_length=10_000, description='JSON: {"title": "heading as printed", …}')
    ] = None,
) -> ImportReport:
    """Import an annex, row by row: accepted, unchanged, or refused with field, reason and nearest suggestion."""
    await require_programme(session, programme)
    issued_on = (await require_document(session, document, "document")).issued_on
    content = await file.read()
    sheet = await asyncio.to_thread(read_rows, file.filename or "", content, _columns(columns))
    directory = await load_directory(await session.connection())
    scope = f"{programme}|{document}"
    rows = await asyncio.to_thread(
        understand_rows, sheet, directory, scope, issued_on, before_includes_day=rules.before_includes_day
    )
    target = Import(programme, document, issued_on)
    reports, written = await import_rows(
        session, target, rows, dry_run=dry_run, partial=partial, actor=actor, at=context.clock.now()
    )
    return _answer(sheet, reports, dry_run=dry_run, written=written)


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


def understand_rows(
    sheet: Sheet, directory: Directory, scope: str, issued_on: date, *, before_includes_day: bool
) -> list[ReadRow]:
    """Read every row; a text that stands in many rows is looked up once."""
    named: dict[str, Naming] = {}

    def agencies(text: str) -> Naming:
        if text not in named:
            named[text] = find_agencies(text, directory, token_sort_ratio)
        return named[text]

    return [_understand(row, agencies, scope, issued_on, before=before_includes_day) for row in sheet.rows]


def _understand(
    row: Row, agencies: Callable[[str], Naming], scope: str, issued_on: date, *, before: bool
) -> ReadRow:
    values = row.values
    read = understand(
        row.number,
        values,
        scope=scope,
        reading=read_deadline(values.get("deadline_text", ""), issued_on, before_includes_day=before),
        lead=agencies(values.get("lead_text", "")),
        coordinate=agencies(values.get("coordinate_text", "")),
    )
    # a reference that repeats is told by the use case, which names the first row
    read.problems += [
        cell_problem(item.field, item.code) for item in row.problems if item.code != "duplicate_ref"
    ]
    return read


def _answer(sheet: Sheet, reports: list[RowReport], *, dry_run: bool, written: bool) -> ImportReport:
    outcomes = [report.outcome for report in reports]
    return ImportReport(
        accepted=outcomes.count("accepted"),
        refused=outcomes.count("refused"),
        unchanged=outcomes.count("unchanged"),
        dry_run=dry_run,
        written=written,
        skipped=[SkippedRow.model_validate(row) for row in sheet.skipped],
        rows=[ImportedRow.model_validate(report) for report in reports],
    )
