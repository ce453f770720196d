"""Reading an annex as a file: no transaction is open meanwhile, since names that nobody knows take long to compare."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.annex_columns import COLUMNS
from services.tasks.domain.annexes import NoTask, tasks_of
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.imports import Names, ReadRow, understand, unread
from services.tasks.queries.catalogue import load_directory
from services.tasks.use_cases.documents import require_document, require_programme
from shared.database import Database
from shared.naming.cells import find_agencies
from shared.naming.directory import Directory
from shared.rows import cell_problems, cell_remarks, guarded
from shared.spreadsheets import Row, Sheet, Workbook, read_workbook_apart


@dataclass(frozen=True, slots=True)
class Source:
    """Where an annex comes from: the programme it belongs to, and the document that gives its tasks."""

    programme_code: str
    document_code: str
    issued_on: date
    before_includes_day: bool

    @property
    def scope(self) -> str:
        return f"{self.programme_code}|{self.document_code}"


@dataclass(frozen=True, slots=True)
class Annex:
    source: Source
    rows: tuple[ReadRow, ...]
    skipped: tuple[NoTask, ...]
    sheets: tuple[Sheet, ...]


async def read_annex(
    database: Database,
    filename: str,
    content: bytes,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    programme: str,
    document: str,
    before_includes_day: bool,
) -> Annex:
    """Read every row of a file as its agencies and deadlines are understood today.

    Raises:
        InvalidInput: programme_unknown, document_unknown; the file or its headings cannot be read.
        TooLarge: bytes, rows or columns above the limit.
    """
    async with database.reading() as connection, AsyncSession(connection) as session:
        code = (await require_programme(session, programme)).code
        given_by = await require_document(session, document, "document")
        directory = await load_directory(connection)
    source = Source(code, given_by.code, given_by.issued_on, before_includes_day)
    workbook = await read_workbook_apart(filename, content, COLUMNS, columns, sheet)
    return await asyncio.to_thread(_understand_all, workbook, source, directory)


def _understand_all(workbook: Workbook, source: Source, directory: Directory) -> Annex:
    names = Names(lambda text: find_agencies(text, directory, token_sort_ratio))
    read = [tasks_of(table) for table in workbook.tables]
    rows = tuple(_guarded(row, names, source) for rows, _ in read for row in rows)
    skipped = tuple(row for _, skipped in read for row in skipped)
    return Annex(source, rows, skipped, workbook.sheets)


def _guarded(row: Row, names: Names, source: Source) -> ReadRow:
    return guarded(
        row.number,
        lambda: _understand(row, names, source),
        lambda problem: unread(row.number, row.values, problem),
    )


_read_deadline = lru_cache(maxsize=256)(read_deadline)  # an annex repeats few deadlines in many rows


def _understand(row: Row, names: Names, source: Source) -> ReadRow:
    values = row.values
    read = understand(
        row.number,
        values,
        scope=source.scope,
        reading=_read_deadline(
            values.get("deadline_text", ""), source.issued_on, before_includes_day=source.before_includes_day
        ),
        lead=names.look_up(values.get("lead_text", "")),
        coordinate=names.look_up(values.get("coordinate_text", "")),
    )
    read.sheet = row.sheet
    read.problems += cell_problems(row)
    read.warnings += cell_remarks(row)
    return read
