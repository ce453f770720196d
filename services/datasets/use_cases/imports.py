"""Importing a list: every row accepted, unchanged or refused with its reason; all or nothing unless `partial`."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from urllib.parse import quote

from sqlalchemy import ARRAY, Text, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.imports import Reading, ReadRow, understand
from services.datasets.queries.declarations import load_declarations_of
from services.datasets.tables import Agency, Database, Declaration
from services.datasets.use_cases.changes import lock_databases
from services.datasets.use_cases.databases import NewDatabase
from services.datasets.use_cases.declarations import declaration_of
from services.datasets.use_cases.registrations import Batch
from services.datasets.use_cases.watching import WatchRules
from shared.agencies import load_finder
from shared.errors import TooLarge
from shared.imports.overtaken import overtaken
from shared.imports.rows import Problem, cell_problems, cell_remarks, guarded
from shared.naming.lookup import Finder, Meaning
from shared.runtime.audit import Actor, add_audit
from shared.runtime.database import Database as Store
from shared.runtime.database import LateChange
from shared.spreadsheets import Columns, Row, Sheet, Skipped, Upload, Workbook
from shared.text.days import is_month_first

COLUMNS = Columns(
    {
        "code": ("mã", "mã csdl", "mã số", "mã cơ sở dữ liệu"),
        "name": ("tên", "tên csdl", "tên cơ sở dữ liệu", "tên nền tảng", "tên hệ thống"),
        "kind": ("loại", "loại csdl", "phân loại"),
        "owner": ("owner_code", "cơ quan chủ quản", "chủ quản", "đơn vị chủ quản"),
        "legal_basis": ("legal basis", "căn cứ pháp lý", "căn cứ"),
        "phase": ("giai đoạn", "tình trạng", "tình trạng xây dựng"),
        "ndc_connection": ("connection", "kết nối", "tình trạng kết nối", "kết nối ttdlqg"),
        "period_seconds": ("chu kỳ (giây)", "chu kỳ gửi tín hiệu (giây)"),
        "grace_seconds": ("trễ cho phép (giây)", "thời gian trễ cho phép (giây)"),
        "effective_on": ("effective on", "ngày hiệu lực", "tính đến ngày", "thời điểm"),
    },
    required=("code", "name", "kind", "owner"),
    dates=("effective_on",),
)
MOST_ROWS = 5_000  # of one file, each a registration and a declaration
Outcome = Literal["accepted", "refused", "unchanged"]
_AMENDABLE = frozenset({"name", "owner_code", "period_seconds", "grace_seconds"})  # can change by PATCH

_CODES = bindparam("codes", type_=ARRAY(Text))
_KNOWN = select(
    Database.code,
    Database.name,
    Database.kind,
    Database.owner_code,
    Database.legal_basis,
    Database.period_seconds,
    Database.grace_seconds,
).where(Database.code == any_(_CODES))
_DECLARED = select(
    Declaration.database_code, Declaration.phase, Declaration.ndc_connection, Declaration.effective_on
).where(Declaration.database_code == any_(_CODES))


@dataclass(frozen=True, slots=True)
class ReadList:
    filename: str
    rows: tuple[ReadRow, ...]
    skipped: tuple[Skipped, ...]
    sheets: tuple[Sheet, ...]


@dataclass(slots=True)
class RowReport:
    """The outcome of one row."""

    sheet: str
    row: int
    outcome: Outcome
    code: str
    name: str
    owner_code: str | None
    problems: list[Problem]
    warnings: list[Problem]


async def read_list(store: Store, upload: Upload, *, today: date) -> ReadList:
    """Read every row of a file; owners are looked up among today's agencies.

    Raises:
        InvalidInput: the file or its headings cannot be read.
        TooLarge: bytes, rows or columns above the limit.
    """
    async with store.reading() as connection:
        owners = await load_finder(connection, Agency)
    workbook = await upload.read(COLUMNS)
    if (count := len(workbook.rows)) > MOST_ROWS:
        raise TooLarge(
            "too_many_rows",
            f"Tệp có {count} dòng; tối đa {MOST_ROWS}. Chia thành nhiều tệp.",
            f"The file has {count} rows; at most {MOST_ROWS}. Split it into several files.",
            field="file",
        )
    rows = await asyncio.to_thread(_understand_all, workbook, owners, today)
    return ReadList(upload.filename, rows, workbook.skipped, workbook.sheets)


def _understand_all(workbook: Workbook, owners: Finder[Meaning], today: date) -> tuple[ReadRow, ...]:
    month_first = any(is_month_first(item.values.get("effective_on", "")) for item in workbook.rows)
    return tuple(_guarded(item, owners, Reading(today, month_first)) for item in workbook.rows)


def _guarded(item: Row, owners: Finder[Meaning], how: Reading) -> ReadRow:
    values = item.values
    return guarded(
        item.number,
        lambda: _understand(item, owners, how),
        lambda problem: ReadRow(
            item.number, values.get("code", ""), values.get("name", ""), problems=[problem]
        ),
    )


def _understand(item: Row, owners: Finder[Meaning], how: Reading) -> ReadRow:
    owner = owners.find(item.values["owner"]) if item.values.get("owner") else None
    row = understand(item.number, item.values, owner, how)
    row.sheet = item.sheet
    row.problems += cell_problems(item)
    row.warnings += cell_remarks(item)
    return row


@dataclass(frozen=True, slots=True)
class Registered:
    """The values of a registered database that a list may repeat."""

    name: str
    kind: str
    owner_code: str
    legal_basis: str | None
    period_seconds: int | None
    grace_seconds: int | None


@dataclass(frozen=True, slots=True)
class Basis:
    """The records by which rows are judged: databases by code, and their declarations."""

    known: Mapping[str, Registered]
    declared: frozenset[tuple[str, str | None, str | None, date]]

    def declares(self, row: ReadRow) -> bool:
        """True for a row with a declaration that is not recorded yet."""
        if row.effective_on is None or (row.phase is None and row.ndc_connection is None):
            return False
        return (row.code, row.phase, row.ndc_connection, row.effective_on) not in self.declared


@dataclass(frozen=True, slots=True)
class JudgedList:
    """The report of each row, and the rows to be recorded."""

    read: ReadList
    basis: Basis
    reports: Sequence[RowReport]
    accepted: Sequence[ReadRow]

    def is_written(self, *, dry_run: bool, partial: bool) -> bool:
        """A refused row prevents all writes unless `partial`."""
        refused = any(report.outcome == "refused" for report in self.reports)
        return bool(self.accepted) and not dry_run and (partial or not refused)


async def judge_list(store: Store, read: ReadList) -> JudgedList:
    """Judge all rows, before the transaction begins; the import's own writes cannot change the judgement."""
    async with store.reading() as connection:
        basis = await _basis(connection, read.rows)
    return await asyncio.to_thread(_judge, read, basis)


async def _basis(connection: AsyncConnection, rows: Sequence[ReadRow]) -> Basis:
    codes = sorted({row.code for row in rows})
    known = await connection.execute(_KNOWN, {"codes": codes})
    declared = await connection.execute(_DECLARED, {"codes": codes})
    return Basis(
        {row.code: Registered(*row[1:]) for row in known},
        frozenset((code, phase, connected, day) for code, phase, connected, day in declared),
    )


def _judge(read: ReadList, basis: Basis) -> JudgedList:
    judge = _Judge(basis)
    return JudgedList(read, basis, [judge.report(row) for row in read.rows], judge.accepted)


async def import_list(change: LateChange, judged: JudgedList, *, rules: WatchRules, actor: Actor) -> None:
    """Record the registrations and declarations of the accepted rows.

    Raises Overtaken where a concurrent change would change the judgement.
    """
    session, read = change.session, judged.read
    rows = sorted(judged.accepted, key=lambda row: row.code)
    known = [row.code for row in rows if row.code in judged.basis.known]
    locked = await lock_databases(session, known)
    connection = await session.connection()
    if await _basis(connection, read.rows) != judged.basis:
        raise overtaken()
    declarations = await load_declarations_of(connection, known)
    batch = Batch(locked, declarations, rules, actor, change.clock.now())
    await asyncio.to_thread(_add_all, batch, rows, judged.basis, read.filename)
    at = await batch.record(change)
    counts = Counter(report.outcome for report in judged.reports)
    detail = {word: counts[word] for word in ("accepted", "refused", "unchanged")}
    await add_audit(session, actor, "import", "list", read.filename[:200], at=at, **detail)


def _add_all(batch: Batch, rows: Iterable[ReadRow], basis: Basis, filename: str) -> None:
    for row in rows:
        _add(batch, row, basis, filename)


def _add(batch: Batch, row: ReadRow, basis: Basis, filename: str) -> None:
    assert row.kind is not None and row.owner_code is not None  # noqa: S101, PT018 - a row without them was refused
    if row.code not in basis.known:
        batch.register(
            NewDatabase(
                row.code,
                row.name,
                row.kind,
                row.owner_code,
                row.legal_basis,
                row.period_seconds,
                row.grace_seconds,
            )
        )
    if basis.declares(row):
        assert row.effective_on is not None  # noqa: S101 - a declaration without it was refused
        source = {"kind": "file", "reference": filename[:500] or "-", "title": f"Dòng {row.number}"}
        values = (row.phase, row.ndc_connection, row.effective_on)
        batch.declare(declaration_of(row.code, *values, [source], actor=batch.actor, at=batch.at))


@dataclass
class _Judge:
    """Decides row by row, in the file's order, and keeps those accepted."""

    basis: Basis
    accepted: list[ReadRow] = field(default_factory=list)
    first_row: dict[str, int] = field(default_factory=dict)

    def report(self, row: ReadRow) -> RowReport:
        problems = list(row.problems)
        if row.code and row.code in self.first_row:
            problems.append(_repeated(self.first_row[row.code]))
        self.first_row.setdefault(row.code, row.number)
        known = self.basis.known.get(row.code)
        if known is not None and not problems and (other := _differing(row, known)):
            problems.append(_registered_otherwise(row.code, other))
        outcome: Outcome = "refused" if problems else "accepted"
        if not problems and known is not None and not self.basis.declares(row):
            outcome = "unchanged"
        if outcome == "accepted":
            self.accepted.append(row)
        return RowReport(
            row.sheet, row.number, outcome, row.code, row.name, row.owner_code, problems, row.warnings
        )


def _differing(row: ReadRow, known: Registered) -> list[str]:
    """Names of the members in which a row differs from the registered database; empty cells are not compared."""
    values = {name: getattr(row, name) for name in Registered.__slots__}
    return [name for name, value in values.items() if value is not None and value != getattr(known, name)]


def _repeated(first: int) -> Problem:
    return Problem(
        "code",
        "code_repeated",
        f"Mã này đã có ở dòng {first}: giữ một dòng.",
        f"This code stands in row {first} already: keep one.",
    )


def _registered_otherwise(code: str, names: Sequence[str]) -> Problem:
    listed, path = ", ".join(names), f"/datasets/v1/databases/{quote(code, safe='')}"
    if _AMENDABLE.issuperset(names):
        return Problem(
            names[0],
            "registered_otherwise",
            f"{code} đã đăng ký với giá trị khác ({listed}): sửa dòng, hoặc sửa bản đã ghi bằng PATCH {path}.",
            f"{code} is registered with other values ({listed}): correct the row, or change the record by PATCH {path}.",
        )
    return Problem(
        names[0],
        "registered_otherwise",
        f"{code} đã đăng ký với giá trị khác ({listed}): sửa dòng theo bản đã ghi, hoặc dùng mã khác.",
        f"{code} is registered with other values ({listed}): correct the row, or use another code.",
    )
