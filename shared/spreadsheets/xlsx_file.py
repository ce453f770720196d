"""XLSX bytes into a grid of text as displayed."""

import io
import zipfile
import zlib

import fastexcel

from shared.errors import InvalidInput, TooLarge
from shared.spreadsheets.grid import ABOVE_TABLE, MAX_COLUMNS, MAX_ROWS, Grid, clean
from shared.spreadsheets.xlsx_parts import (
    BadPart,
    Layout,
    first_visible_sheet,
    layout_of,
    number_formats,
)

MAX_UNPACKED = 128 * 1024 * 1024  # 100,000 rows of five cells of 100 characters are about 90 MB
_MAX_PARTS = 2_000
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # all that a workbook may use (ECMA-376 part 2)
_DAMAGED = (
    BadPart,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    ValueError,
    fastexcel.FastExcelError,
)


def read_xlsx(content: bytes) -> Grid:
    """Cells of the first visible sheet; a value merged downwards stands in each of its rows.

    Raises:
        InvalidInput: file_corrupt, file_encrypted.
        TooLarge: unpacked size, rows or columns above the limit.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            _check_size(parts)
            sheet = first_visible_sheet(parts)
            layout = layout_of(parts, sheet.path, number_formats(parts))
        _check_extent(layout)
        cells = _cells(content, sheet.name, layout)
        return Grid(sheet.name, cells, layout.flaws, _fractions(cells, layout), layout.merged_down)
    except _DAMAGED as error:
        raise InvalidInput(
            "file_corrupt",
            "Không mở được tệp .xlsx: tệp hỏng hoặc không phải bảng tính Excel. Mở bằng Excel, lưu lại rồi nạp lại.",
            "The .xlsx file cannot be opened: damaged, or no Excel workbook. Open it in Excel, save it, send it again.",
            field="file",
        ) from error


def _fractions(cells: list[list[str]], layout: Layout) -> set[tuple[int, int]]:
    return {
        (number, column)
        for number, column in layout.formats
        if number <= len(cells) and "." in cells[number - 1][column]
    }


def _check_size(parts: zipfile.ZipFile) -> None:
    members = parts.infolist()
    if any(member.flag_bits & 1 for member in members):
        raise InvalidInput(
            "file_encrypted",
            "Tệp có mật khẩu. Bỏ mật khẩu rồi nạp lại.",
            "The file has a password. Remove it and send the file again.",
            field="file",
        )
    if len(members) > _MAX_PARTS or sum(member.file_size for member in members) > MAX_UNPACKED:
        raise TooLarge(
            "file_too_large",
            f"Tệp giải nén vượt {MAX_UNPACKED // 2**20} MB. Bỏ ảnh và các trang tính không dùng, hoặc chia nhỏ tệp.",
            f"The file unpacks to more than {MAX_UNPACKED // 2**20} MB. Remove pictures and unused sheets, or split it.",
            field="file",
        )
    # reading each part compares what it holds with the size and checksum it states
    damaged = any(member.compress_type not in _PACKINGS for member in members) or parts.testzip()
    if damaged:
        raise BadPart("xl")


def _check_extent(layout: Layout) -> None:
    if layout.last_row > MAX_ROWS + ABOVE_TABLE:
        raise TooLarge(
            "too_many_rows",
            f"Trang tính có dữ liệu tới dòng {layout.last_row}; tối đa {MAX_ROWS} dòng. Xóa dòng thừa hoặc chia tệp.",
            f"The sheet has data down to row {layout.last_row}; at most {MAX_ROWS}. Delete stray rows or split it.",
            field="file",
        )
    if layout.last_column >= MAX_COLUMNS:
        raise TooLarge(
            "too_many_columns",
            f"Trang tính có dữ liệu tới cột thứ {layout.last_column + 1}; tối đa {MAX_COLUMNS} cột. Xóa cột thừa.",
            f"The sheet has data up to column {layout.last_column + 1}; at most {MAX_COLUMNS}. Delete stray columns.",
            field="file",
        )


def _cells(content: bytes, name: str, layout: Layout) -> list[list[str]]:
    if not layout.last_row:
        return []
    sheet = fastexcel.read_excel(content).load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    if sheet.width != layout.last_column - layout.first_column + 1:
        raise BadPart(name)
    left = [""] * layout.first_column
    cells = [left + [clean(value or "") for value in row] for row in sheet.to_polars().iter_rows()]
    for (number, column), layout_format in layout.formats.items():
        if number <= len(cells):
            row = cells[number - 1]
            row[column] = layout_format.show(row[column])
    if sum(min(bottom, len(cells)) - top for top, bottom, _ in layout.merged_down) > len(cells) * MAX_COLUMNS:
        raise BadPart(name)  # merges that lie over one another, which Excel does not write
    for top, bottom, column in layout.merged_down:
        for number in range(top + 1, min(bottom, len(cells)) + 1):
            if column < len(cells[top - 1]):
                cells[number - 1][column] = cells[top - 1][column]
    return cells
