"""Reading an annex as a file: no transaction is open meanwhile, since names that nobody knows take long to compare."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.annexes import COLUMNS, NoTask, tasks_of
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.imports import Names, ReadRow, understand, unread
from services.tasks.queries.catalogue import load_directory
from services.tasks.use_cases.documents import require_document, require_programme
from shared.database import Database
from shared.naming.cells import find_agencies
from shared.naming.directory import Directory
from shared.rows import Problem, guarded
from shared.spreadsheets import Row, Table, read_table_apart


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


async def read_annex(
    database: Database,
    filename: str,
    content: bytes,
    *,
    columns: Mapping[str, str] | None = None,
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
    table = await read_table_apart(filename, content, COLUMNS, columns)
    return await asyncio.to_thread(_understand_all, table, source, directory)


def _understand_all(table: Table, source: Source, directory: Directory) -> Annex:
    names = Names(lambda text: find_agencies(text, directory, token_sort_ratio))
    rows, skipped = tasks_of(table)
    return Annex(source, tuple(_guarded(row, names, source) for row in rows), skipped)


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
    read.problems += [Problem(item.field, item.code, item.vi, item.en) for item in row.problems]
    return read
