"""Annexes to import, and how they are sent."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import openpyxl

from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.seeding import load_catalogue
from shared.events import tasks as events
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.support.tasks import SETTINGS, TasksService
from tests.support.writing import writing

DATA = Path(__file__).parents[1] / "data"
NQ71 = (DATA / "nq71_appendix3.csv").read_bytes()
TB07 = (DATA / "tb07_annex.csv").read_bytes()
DOCUMENTS = {"71/NQ-CP": date(2025, 4, 1), "07-TB/CQTTBCĐ": date(2025, 10, 15)}
HEADINGS = "STT,Nhiệm vụ,Cơ quan chủ trì,Thời hạn,Sản phẩm"
GOOD = '1,Ban hành đề án,Bộ Nội vụ,Tháng 6/2025,Đề án\n2,Kết nối dữ liệu,"Các bộ, ngành, địa phương",Tháng 7/2025,Biên bản'
BAD = "3,Xây dựng nền tảng,Bộ Không Có Thật,Tháng 8/2025,Nền tảng"


@asynccontextmanager
async def running_office(database: Database, clock: ManualClock) -> AsyncIterator[TasksService]:
    """The service with the catalogue that ships, on 20 November 2025."""
    clock.move_to(datetime(2025, 11, 20, tzinfo=UTC))
    at = clock.now()
    async with writing(database) as session:
        await load_catalogue(session, actor=SYSTEM, at=at)
        await record_programme(session, events.ProgrammeRecorded(code="NQ57", title="NQ 57"), SYSTEM, at)
        for code, day in DOCUMENTS.items():
            state = events.DocumentRecorded(code=code, type="Nghị quyết", issued_on=day, title=code)
            await record_document(session, state, SYSTEM, at)
    async with TasksService.running(SETTINGS, database, clock) as office:
        yield office


async def send(
    office: TasksService,
    content: bytes | str,
    document: str = "71/NQ-CP",
    name: str = "phụ lục.csv",
    **form: Any,
) -> httpx2.Response:
    data = {"programme": "NQ57", "document": document} | {key: str(value) for key, value in form.items()}
    content = content.encode() if isinstance(content, str) else content
    return await office.send("POST", "/imports", data=data, files={"file": (name, content)})


async def report_of(office: TasksService, content: bytes | str, *args: Any, **form: Any) -> Any:
    response = await send(office, content, *args, **form)
    assert response.status_code == 200, response.text
    return response.json()


def outcome(report: Any) -> tuple[int, int, int]:
    return report["accepted"], report["refused"], report["unchanged"]


def rows_of(report: Any) -> dict[str, Any]:
    return {row["ref"]: row for row in report["rows"]}


def table(*rows: str) -> str:
    return "\n".join([HEADINGS, *rows])


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def book_of(**sheets: list[tuple[object, ...]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def tasks_of(report: Any) -> dict[str, str | None]:
    return {row["ref"]: row["task_id"] for row in report["rows"]}


SHEET_HEAD = ("STT", "Nhiệm vụ", "Cơ quan chủ trì", "Thời hạn")
