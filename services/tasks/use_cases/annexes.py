"""Reading an annex as a file: no transaction is open meanwhile, since unknown names take long to compare."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.annexes import COLUMNS, TaskRow, annex_of, answers_by_row, tasks_of
from services.tasks.domain.annexes.dittos import repeat_above
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.imports import ReadRow, understand, unread
from services.tasks.queries.agency_names import load_directory
from services.tasks.tables import Document
from services.tasks.use_cases.agencies import require_agencies
from services.tasks.use_cases.documents import require_document, require_programme
from shared.errors import InvalidInput
from shared.imports.rows import cell_problems, cell_remarks, guarded
from shared.naming.cells import cell_finder
from shared.naming.directory import Directory
from shared.naming.lookup import Finder
from shared.naming.mentions import Naming
from shared.runtime.database import Database
from shared.spreadsheets import Row, Sheet, Skipped, Upload, Workbook


@dataclass(frozen=True, slots=True)
class Source:
    """The programme of an annex, and the document that gives its tasks.

    `issuer_code`: the agency whose units its words mean; "" where it is not known.
    """

    programme_code: str
    document_code: str
    issued_on: date
    before_includes_day: bool
    issuer_code: str = ""

    @property
    def scope(self) -> str:
        return f"{self.programme_code}|{self.document_code}"


@dataclass(frozen=True, slots=True)
class Annex:
    source: Source
    rows: tuple[ReadRow, ...]
    skipped: tuple[Skipped, ...]
    sheets: tuple[Sheet, ...]
    was: str | None = None  # what its annex was called before


async def read_annex(
    database: Database,
    upload: Upload,
    *,
    annex: str | None = None,
    annex_was: str | None = None,
    answers: Mapping[str, str] | None = None,
    programme: str,
    document: str,
    issued_by: str | None = None,
    before_includes_day: bool,
) -> Annex:
    """Read every row of a file, with the agencies' names and the rules of deadlines of today.

    Args:
        annex: name of the annex; by default the one printed above a table or on its sheet's tab.
        annex_was: its name at the earlier import.
        answers: "row", or "sheet!row" -> the office's answer to the question about that row.

    Raises:
        InvalidInput: programme_unknown, document_unknown, agency_unknown, issuer_contradicted; the file or its headings
            cannot be read; annex_needs_sheet; answer_row_unknown.
        TooLarge: bytes, rows or columns above the limit.
    """
    async with database.reading() as connection, AsyncSession(connection) as session:
        code = (await require_programme(session, programme)).code
        recorded = await require_document(session, document, "document")
        issuer = recorded.issuer_code or issued_by or ""
        if issued_by is not None:
            await require_agencies(session, [issued_by], "issued_by")
            _check_issuer(recorded, issued_by)
        directory = await load_directory(connection)
    source = Source(code, recorded.code, recorded.issued_on, before_includes_day, issuer)
    workbook = await upload.read(COLUMNS)
    named = _annexes(workbook, annex)
    if annex_was is not None:
        _require_one(workbook, "annex_was", annex_was)
    read = await asyncio.to_thread(_understand_all, workbook, named, answers or {}, source, directory)
    return replace(read, was=annex_was)


def _check_issuer(document: Document, issued_by: str) -> None:
    if document.issuer_code not in {None, issued_by}:
        raise InvalidInput(
            "issuer_contradicted",
            f"Văn bản {document.code} đã ghi cơ quan ban hành là {document.issuer_code}, không phải {issued_by}: bỏ issued_by, "
            "hoặc kiểm tra số văn bản.",
            f"Document {document.code} is recorded as issued by {document.issuer_code}, not {issued_by}: leave issued_by out, "
            "or check the document's number.",
            field="issued_by",
        )


def _annexes(workbook: Workbook, annex: str | None) -> dict[str, str]:
    """The annex of each table, by the name of its sheet."""
    tables = workbook.tables
    if annex:
        _require_one(workbook, "annex", annex)
    return {table.name: annex or annex_of(table, alone=len(tables) == 1) for table in tables}


def _require_one(workbook: Workbook, field: str, annex: str) -> None:
    count = len(workbook.tables)
    if count > 1:
        raise InvalidInput(
            "annex_needs_sheet",
            f"Tệp có {count} trang tính có bảng: nêu cả trang tính (sheet) của phụ lục “{annex}”.",
            f'The file has {count} sheets with a table: name the sheet of the annex "{annex}" too (sheet).',
            field=field,
        )


def _understand_all(
    workbook: Workbook,
    annexes: Mapping[str, str],
    answers: Mapping[str, str],
    source: Source,
    directory: Directory,
) -> Annex:
    answer_of = answers_by_row(answers, ((row.sheet, row.number) for row in workbook.rows))
    names = cell_finder(directory, token_sort_ratio, source.issuer_code)
    read = [tasks_of(table, annexes[table.name]) for table in workbook.tables]
    rows = tuple(
        _guarded(item, answer_of, names, source) for items, _ in read for item in repeat_above(items)
    )
    skipped = tuple(row for _, skipped in read for row in skipped)
    return Annex(source, rows, skipped, workbook.sheets)


def _guarded(
    item: TaskRow, answers: Mapping[tuple[str, int], str], names: Finder[Naming], source: Source
) -> ReadRow:
    row = item.row
    answer = answers.get((row.sheet, row.number), row.values.get("answer", ""))
    values = {**row.values, "answer": answer}
    read = guarded(
        row.number,
        lambda: _understand(row, values, names, source),
        lambda problem: unread(row.number, values, problem),
    )
    read.sheet, read.place = row.sheet, item.place
    return read


_read_deadline = lru_cache(maxsize=256)(read_deadline)  # an annex repeats few deadlines in many rows


def _understand(row: Row, values: Mapping[str, str], names: Finder[Naming], source: Source) -> ReadRow:
    read = understand(
        row.number,
        values,
        reading=_read_deadline(
            values.get("deadline_text", ""), source.issued_on, before_includes_day=source.before_includes_day
        ),
        lead=names.find(values.get("lead_text", "")),
        coordinate=names.find(values.get("coordinate_text", "")),
    )
    read.problems += cell_problems(row)
    read.warnings += cell_remarks(row)
    return read
