"""Imports of spreadsheets: the form, its file read before the change's transaction begins, and the report.

A transaction must not be idle while a file is read.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import FormData

from shared.http.negotiation import JSON, XLSX, preferred
from shared.http.openapi import operation_id
from shared.http.parameters import Takes, refuse_repeated
from shared.http.problems import documented
from shared.http.requests import RequestModel
from shared.http.routes import ServiceRoute, admit
from shared.http.scalars import BooleanText
from shared.imports.overtaken import Overtaken
from shared.imports.reports import report_workbook
from shared.spreadsheets import MAX_BYTES, Sheet, Skipped, Upload, mapping_from_json
from shared.text.strict_json import nul_character

_log = logging.getLogger(__name__)
# what an import answers, beside the report as JSON: by `Accept` the file as it came, with the report in it
REPORT_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report of every row; as a workbook the file as it came with outcome, reason and suggestion",
        "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
    }
}
ATTEMPTS = 3  # of an import; two of the same rows at once need two
MAX_UPLOAD_BYTES = MAX_BYTES + 1024 * 1024  # with the form around it, as the gateway admits


class UploadForm(RequestModel):
    """The fields of every form with a spreadsheet."""

    file: UploadFile = Field(description="CSV (UTF-8) or XLSX, headings in Vietnamese or English")
    dry_run: BooleanText = False
    sheet: str | None = Field(
        default=None,
        max_length=100,
        description="name of the only sheet to read; without it every visible sheet that has the headings",
    )
    columns: str | None = Field(
        default=None, max_length=10_000, description="JSON: {field name: heading as printed, …}"
    )
    partial: BooleanText = Field(
        default=False, description="import the good rows although others are refused"
    )

    def upload(self, content: bytes) -> Upload:
        """Raises InvalidInput where `columns` cannot be understood."""
        return Upload(self.file.filename or "", content, mapping_from_json(self.columns), self.sheet)


Form = TypeVar("Form", bound=UploadForm)
Read = Callable[[Request, Form, Upload], Awaitable[object]]
Report = TypeVar("Report", bound=BaseModel)


class RowWithOutcome(Protocol):
    @property
    def outcome(self) -> str: ...


class FileRead(Protocol):
    @property
    def sheets(self) -> Sequence[Sheet]: ...

    @property
    def skipped(self) -> Sequence[Skipped]: ...


async def report_of(
    shape: type[Report], read: FileRead, rows: Sequence[RowWithOutcome], **own: object
) -> Report:
    """An import's report in its service's model `shape`, with counts and the service's `own` members.

    Validated in a thread: many thousand rows take long.
    """
    counts = Counter(row.outcome for row in rows)
    report = {
        **{name: counts[name] for name in ("accepted", "refused", "unchanged", "total")},
        "questions": counts["question"],
        "sheets": read.sheets,
        "skipped": read.skipped,
        "rows": rows,
        **own,
    }
    return await asyncio.to_thread(shape.model_validate, report)


def upload_router(service: str, form: type[Form], read: Read[Form]) -> APIRouter:
    """A router whose routes find the result of `read` in `request.state.upload`.

    A caller without the scopes is refused before the body is read, then an invalid form, field by field.
    """

    class UploadRoute(ServiceRoute):
        def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # same shape
            change = super().get_route_handler()
            takes = Takes.of(self)

            async def read_first(request: Request) -> Response:
                await admit(request, takes)
                await request.body()  # kept, so that the route can read the form again
                async with request.form() as parts:
                    sent = _read_form(form, parts)
                    upload = sent.upload(await sent.file.read())
                wanted = preferred(request.headers.getlist("accept"), JSON, XLSX)

                async def read_and_change() -> Response:
                    request.state.upload = await read(request, sent, upload)
                    return await change(request)

                response = await _unless_overtaken(read_and_change)
                if response.status_code != HTTPStatus.OK or wanted == JSON:
                    return response
                return await _as_workbook(response, upload)

            return read_first

    return APIRouter(
        prefix=f"/{service}/v1",
        route_class=UploadRoute,
        generate_unique_id_function=operation_id,
        responses=documented(401, 403, 422, 503),
    )


async def _unless_overtaken(attempt: Callable[[], Awaitable[Response]]) -> Response:
    """The answer of an import; one that was overtaken begins anew, up to `ATTEMPTS` in all. Raises the last Overtaken."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await attempt()
        except Overtaken:
            continue
    return await attempt()


async def _as_workbook(response: Response, upload: Upload) -> Response:
    """The committed report written into the file; the JSON report where that fails, since the import is committed."""
    try:
        workbook = await report_workbook(upload.content, json.loads(bytes(response.body)))
    except Exception:  # noqa: BLE001 - the change is made: whatever it is, the caller gets its report
        _log.warning("a report could not be written into its file", exc_info=True)
        return response
    stem = upload.filename.rpartition(".")[0] or upload.filename or "phu-luc"
    name = quote(f"{stem} - báo cáo.xlsx", safe="", errors="replace")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Vary": "Accept"}
    replayed = {key: value for key, value in response.headers.items() if key == "idempotency-replayed"}
    return Response(workbook, media_type=XLSX, headers=headers | replayed)


def _read_form(form: type[Form], parts: FormData) -> Form:
    """Raises RequestValidationError, and InvalidInput for a field that is given twice."""
    given = parts.multi_items()
    refuse_repeated(name for name, _ in given)
    with_nul = [name for name, text in given if isinstance(text, str) and "\0" in text]
    if with_nul:
        raise nul_character(with_nul[0])
    try:
        return form.model_validate(dict(given))
    except ValidationError as error:
        # an upload must not be shown as the value at fault
        found = [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_input=False)]
        raise RequestValidationError(found) from None
