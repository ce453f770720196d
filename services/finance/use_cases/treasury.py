"""Reading a Treasury file: no transaction is open meanwhile."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from rapidfuzz import process
from rapidfuzz.fuzz import token_sort_ratio

from services.finance.domain.treasury import Reading, ReadRow, read_row
from services.finance.domain.treasury_cells import UNIT_VI, Unit, find_units
from services.finance.domain.treasury_rows import check_lengths, check_totals
from services.finance.queries.agencies import list_names
from shared.database import AnyRow, Database
from shared.errors import InvalidInput
from shared.folding import fold
from shared.rows import Suggestion, cell_problems, cell_remarks, guarded
from shared.spreadsheets import Columns, Row, Sheet, Skipped, Table, read_workbook_apart

COLUMNS = Columns(
    headings={
        "agency": (
            "cơ quan",
            "đơn vị",
            "mã cơ quan",
            "tên cơ quan",
            "đơn vị sử dụng ngân sách",
            "cơ quan, đơn vị",
        ),
        "level": ("cấp ngân sách", "cấp"),
        "nature": ("tính chất", "loại chi", "loại vốn", "tính chất chi"),
        "field": ("lĩnh vực", "lĩnh vực chi"),
        "amount": ("số tiền", "giải ngân", "số giải ngân", "số tiền giải ngân", "số đã giải ngân"),
        "date": ("ngày", "ngày giải ngân", "ngày hạch toán", "ngày chứng từ"),
        "reference": ("số chứng từ", "chứng từ", "số ct", "mã chứng từ"),
        "source": ("nguồn", "nguồn vốn"),
        "order_no": ("tt", "stt", "số tt", "số thứ tự"),
    },
    required=("agency", "level", "nature", "field", "amount", "date", "reference"),
    dates=("date",),
)
ALIKE = 85  # of 100: two slips in a name of usual length
MAX_COMPARED = 1_000  # names known to nobody that are compared with all agencies, about 3 ms each


@dataclass(frozen=True, slots=True)
class TreasuryFile:
    """A file as understood; `filename` is what the sender calls it, `skipped` the rows that say nothing."""

    filename: str
    year: int
    unit: Unit
    rows: tuple[ReadRow, ...]
    skipped: tuple[Skipped, ...]
    sheets: tuple[Sheet, ...]


async def read_file(
    database: Database,
    filename: str,
    content: bytes,
    *,
    columns: Mapping[str, str] | None,
    sheet: str | None = None,
    year: int,
    unit: Unit | None,
    today: date,
) -> TreasuryFile:
    """Read every row as agencies are named today.

    Raises:
        InvalidInput: the file or its headings cannot be read; sheet_required, since totals and the unit belong to one
            table; unit_required, unit_contradicted.
        TooLarge: bytes, rows or columns above the limit.
    """
    async with database.reading() as connection:
        agencies = await list_names(connection)
    workbook = await read_workbook_apart(filename, content, COLUMNS, columns, sheet)
    table = workbook.only_table()
    told = find_units(table.headers["amount"], table.above)
    how = Reading(year, _unit(unit, told), today, _is_workbook(content), _finder(agencies))
    rows = await asyncio.to_thread(_understand, table, how)
    return TreasuryFile(filename, year, how.unit, rows, table.skipped, workbook.sheets)


def _understand(table: Table, how: Reading) -> tuple[ReadRow, ...]:
    rows = tuple(_guarded(row, how) for row in table.rows)
    check_totals(rows)
    check_lengths(rows)
    return rows


def _guarded(row: Row, how: Reading) -> ReadRow:
    return guarded(
        row.number,
        lambda: _read(row, how),
        lambda problem: ReadRow(row.number, "refused", problems=[problem]),
    )


def _read(row: Row, how: Reading) -> ReadRow:
    values = {name: row.values.get(name, "") for name in COLUMNS.headings}
    read = read_row(row.number, values, how)
    read.sheet = row.sheet
    read.warnings += cell_remarks(row)
    for problem in cell_problems(row):
        read.refuse(problem)
    return read


def _unit(given: Unit | None, told: set[Unit]) -> Unit:
    """What the sender says and what the file prints must agree; one of them is enough."""
    if len(told) > 1 or (given is not None and told - {given}):
        said = sorted(told | ({given} if given else set()))
        raise InvalidInput(
            "unit_contradicted",
            f"Tệp và tham số unit nêu các đơn vị tính khác nhau ({', '.join(UNIT_VI[unit] for unit in said)}): "
            "sửa tệp cho thống nhất, hoặc bỏ tham số unit.",
            f"The file and the parameter unit tell different units ({', '.join(said)}): make the file tell one, or leave "
            "out unit.",
            field="unit",
        )
    if given is None and not told:
        raise InvalidInput(
            "unit_required",
            "Tệp không ghi đơn vị tính: thêm vào tiêu đề cột, ví dụ “Số tiền (triệu đồng)”, hoặc gửi unit.",
            "The file does not say its unit: put it into the heading, e.g. “Số tiền (triệu đồng)”, or send unit.",
            field="unit",
        )
    return given or next(iter(told))


def _is_workbook(content: bytes) -> bool:
    return content.startswith(b"PK")


def _finder(agencies: Sequence[AnyRow]) -> Callable[[str], tuple[str | None, tuple[Suggestion, ...]]]:
    """Looks up a code or a name; one that two agencies share names nobody."""
    spelled: dict[str, set[str]] = defaultdict(set)
    for agency in agencies:
        for spelling in (agency.code, agency.name, agency.short_name or agency.name):
            spelled[fold(spelling)].add(agency.code)
    names = {agency.code: agency.name for agency in agencies}
    known = {spelling: next(iter(found)) for spelling, found in spelled.items() if len(found) == 1}
    compared = 0

    @cache
    def find(words: str) -> tuple[str | None, tuple[Suggestion, ...]]:
        nonlocal compared
        if words in names:
            return words, ()
        if (code := known.get(fold(words))) is not None:
            return code, ()
        compared += 1
        if compared > MAX_COMPARED:
            return None, ()
        near = process.extractOne(fold(words), known.keys(), scorer=token_sort_ratio, score_cutoff=ALIKE)
        if near is None:
            return None, ()
        spelling, score, _ = near
        return None, (Suggestion(known[spelling], names[known[spelling]], round(score, 1)),)

    return find
