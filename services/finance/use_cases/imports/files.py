"""Treasury files are read into rows; no transaction is open meanwhile."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from services.finance.domain.imports.amounts import AmountCell, DecimalSeparator, decide_separator
from services.finance.domain.imports.cells import UNIT_VI, Unit, find_units
from services.finance.domain.imports.rows import ReadOptions, ReadRow, read_row
from services.finance.domain.imports.totals import check_totals
from services.finance.domain.imports.vouchers import check_voucher_lengths
from services.finance.domain.ledger import Field
from services.finance.tables import Agency
from shared.agencies import load_finder
from shared.errors import InvalidInput
from shared.imports.rows import Problem, cell_problems, cell_remarks, guarded
from shared.naming.lookup import Meaning
from shared.runtime.database import Database
from shared.spreadsheets import Columns, Row, Sheet, Skipped, Table, Upload
from shared.text.days import is_month_first

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
        "recovered": (
            "thu hồi",
            "số thu hồi",
            "số tiền thu hồi",
            "nộp trả",
            "số nộp trả",
            "số tiền nộp trả",
            "thu hồi, nộp trả",
            "số thu hồi, nộp trả",
            "giảm chi",
            "số giảm chi",
        ),
        "kind": ("loại nghiệp vụ", "nghiệp vụ", "loại giao dịch", "loại phát sinh"),
        "date": ("ngày", "ngày giải ngân", "ngày hạch toán", "ngày chứng từ"),
        "reference": ("số chứng từ", "chứng từ", "số ct", "mã chứng từ"),
        "source": ("nguồn", "nguồn vốn"),
        "order_no": ("tt", "stt", "số tt", "số thứ tự"),
    },
    required=("agency", "level", "nature", "field", "amount", "date", "reference"),
    dates=("date",),
)
_AMOUNTS = ("amount", "recovered")


@dataclass(frozen=True, slots=True)
class TreasuryFile:
    """A file as read; `filename` is from the request, `skipped` the rows that are passed over."""

    filename: str
    year: int
    unit: Unit
    rows: tuple[ReadRow, ...]
    skipped: tuple[Skipped, ...]
    sheets: tuple[Sheet, ...]


async def read_file(
    database: Database,
    upload: Upload,
    *,
    year: int,
    unit: Unit | None,
    separator: DecimalSeparator | None = None,
    today: date,
    defence_security: bool,
) -> TreasuryFile:
    """Read every row; agencies are looked up by their current names. Without `defence_security` its rows are refused.

    Raises:
        InvalidInput: the file or its headings cannot be read; sheet_required, since totals and the unit belong to one
            table; unit_required, unit_contradicted; separators_ambiguous.
        TooLarge: bytes, rows or columns above the limit.
    """
    async with database.reading() as connection:
        agencies = await load_finder(connection, Agency)
    workbook = await upload.read(COLUMNS)
    table = workbook.only_table()
    printed = find_units(table.headers["amount"], table.above)
    options = _Parameters(year, _unit(unit, printed), separator, today, agencies.find, defence_security)
    rows = await asyncio.to_thread(_read_rows, table, options)
    return TreasuryFile(upload.filename, year, options.unit, rows, table.skipped, workbook.sheets)


@dataclass(frozen=True, slots=True)
class _Parameters:
    """The parameters of an import, with the look-up of agencies."""

    year: int
    unit: Unit
    separator: DecimalSeparator | None
    today: date
    find_agency: Callable[[str], Meaning | None]
    defence_security: bool


def _read_rows(table: Table, parameters: _Parameters) -> tuple[ReadRow, ...]:
    cells = (
        AmountCell(row.number, text, name in row.fractions)
        for row in table.rows
        for name in _AMOUNTS
        if (text := row.values.get(name))
    )
    options = ReadOptions(
        parameters.year,
        parameters.unit,
        parameters.today,
        decide_separator(cells, parameters.unit, parameters.separator),
        any(is_month_first(row.values.get("date", "")) for row in table.rows),
        parameters.find_agency,
    )
    rows = tuple(_guarded(row, options) for row in table.rows)
    if not parameters.defence_security:
        _refuse_defence(rows)
    check_totals(rows, apart="recovered" in table.headers)
    check_voucher_lengths(rows)
    return rows


def _refuse_defence(rows: Iterable[ReadRow]) -> None:
    for row in rows:
        if row.line is not None and row.line.field is Field.DEFENCE_SECURITY:
            row.refuse(
                Problem(
                    "field",
                    "defence_security_refused",
                    "Khóa này không được ghi tiền quốc phòng, an ninh: nhập dòng này bằng khóa có quyền đó.",
                    "This key may not move money of defence and security: import the row with a key that may.",
                )
            )


def _guarded(row: Row, options: ReadOptions) -> ReadRow:
    return guarded(
        row.number,
        lambda: _read(row, options),
        lambda problem: ReadRow(row.number, "refused", problems=[problem]),
    )


def _read(row: Row, options: ReadOptions) -> ReadRow:
    values = {name: row.values.get(name, "") for name in COLUMNS.headings}
    read = read_row(row.number, values, options, row.fractions)
    for name in row.merged.intersection(_AMOUNTS):
        read.refuse(
            Problem(
                name,
                "amount_merged",
                "Ô số tiền gộp nhiều dòng: ghi riêng số tiền của từng dòng.",
                "The amount's cell is merged over several rows: write each row's own amount.",
            )
        )
    read.sheet = row.sheet
    read.warnings += cell_remarks(row)
    for problem in cell_problems(row):
        read.refuse(problem)
    return read


def _unit(given: Unit | None, printed: set[Unit]) -> Unit:
    """The unit given or printed. Raises InvalidInput where they differ or neither is there."""
    if len(printed) > 1 or (given is not None and printed - {given}):
        units = sorted(printed | ({given} if given else set()))
        raise InvalidInput(
            "unit_contradicted",
            f"Tệp và tham số unit nêu các đơn vị tính khác nhau ({', '.join(UNIT_VI[unit] for unit in units)}): "
            "sửa tệp cho thống nhất, hoặc bỏ tham số unit.",
            f"The file and the parameter unit tell different units ({', '.join(units)}): make the file tell one, or leave "
            "out unit.",
            field="unit",
        )
    if given is None and not printed:
        raise InvalidInput(
            "unit_required",
            "Tệp không ghi đơn vị tính: thêm vào tiêu đề cột, ví dụ “Số tiền (triệu đồng)”, hoặc gửi unit.",
            "The file does not say its unit: put it into the heading, e.g. “Số tiền (triệu đồng)”, or send unit.",
            field="unit",
        )
    return given or next(iter(printed))
