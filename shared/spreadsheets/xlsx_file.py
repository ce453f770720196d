"""XLSX bytes into grids of text as displayed."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import fastexcel

from shared.errors import InvalidInput, TooLarge
from shared.spreadsheets.grid import ABOVE_TABLE, MAX_COLUMNS, MAX_ROWS, Grid, clean, clean_name
from shared.spreadsheets.xlsx_book import Book, SheetPart, read_book
from shared.spreadsheets.xlsx_sheet import Layout, layout_of
from shared.spreadsheets.xlsx_xml import BadPart, Parts

MAX_CHARACTERS = 64 * 1024 * 1024  # of the cells of a sheet: 500,000 of 100 characters are 50 million
MAX_UNPACKED = 128 * 1024 * 1024  # 100,000 rows of five cells of 100 characters are about 90 MB
_MAX_PARTS = 4_000  # a sheet with comments or a picture has three or four
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # all that a workbook may use (ECMA-376 part 2)
_COMMON_PARTS = frozenset(
    {
        "[Content_Types].xml",
        "_rels/.rels",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        "xl/sharedStrings.xml",
    }
)
_DAMAGED = (
    BadPart,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    ValueError,
    fastexcel.FastExcelError,
)


class XlsxFile:
    """A workbook whose sheets are read one at a time, so that only one of them is in memory.

    Raises:
        InvalidInput: file_corrupt, file_encrypted.
        TooLarge: unpacked size; rows or columns of a sheet, or rows of all that were read, above the limit.
    """

    def __init__(self, content: bytes) -> None:
        self._rows = 0
        with _opening():
            self._parts = Parts(io.BytesIO(content))
            _check_size(self._parts)
            self._book: Book = read_book(self._parts)
            self._cells = fastexcel.read_excel(_only_what_is_read(self._parts, self._book))
        self.sheets = self._book.sheets

    def grid(self, sheet: SheetPart) -> Grid:
        """Cells of a sheet; a value merged downwards is in each of its rows."""
        name = clean_name(sheet.name)
        with _opening():
            layout = layout_of(self._parts, sheet.path, self._book)
            self._rows += layout.last_row
            _check_extent(name, layout, self._rows)
            cells = self._texts(sheet.name, layout)
        rows = len(cells)
        return Grid(
            name,
            cells,
            layout.flaws,
            layout.struck,
            fractions={(row, at) for row, at in layout.formats if row <= rows and "." in cells[row - 1][at]},
            merged_down=[(top, min(bottom, rows), column) for top, bottom, column in layout.merged_down],
            hidden_rows=layout.hidden_rows,
            hidden_columns=layout.hidden_columns,
            epoch=self._book.epoch,
        )

    def _texts(self, name: str, layout: Layout) -> list[list[str]]:
        if not layout.last_row:
            return []
        sheet = self._cells.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        if sheet.width != layout.last_column - layout.first_column + 1:
            raise BadPart(name)
        left = [""] * layout.first_column
        cells = [left + [clean(value or "") for value in row] for row in sheet.to_polars().iter_rows()]
        for (number, column), layout_format in layout.formats.items():
            if number <= len(cells):
                row = cells[number - 1]
                row[column] = layout_format.show(row[column])
        _fill_merged(name, cells, layout)
        return cells


@contextmanager
def _opening() -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise InvalidInput(
            "file_corrupt",
            "Không mở được tệp .xlsx: tệp hỏng hoặc không phải bảng tính Excel. Mở bằng Excel, lưu lại rồi nạp lại.",
            "The .xlsx file cannot be opened: damaged, or no Excel workbook. Open it in Excel, save it, send it again.",
            field="file",
        ) from error


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
    if any(member.compress_type not in _PACKINGS for member in members):
        raise BadPart("xl")


def _only_what_is_read(parts: zipfile.ZipFile, book: Book) -> bytes:
    """The workbook of the parts that were looked at, each once and of the size that it states.

    Another reader of the file as it came might take the second of two parts of one name, or one whose name differs in
    case, or read on where a part holds more than it says.
    """
    named = {sheet.path for sheet in book.sheets}
    wanted = [name for name in dict.fromkeys(parts.namelist()) if name in named | _COMMON_PARTS]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name in wanted:
            target.writestr(name, parts.read(name))  # compares it with its checksum
    return out.getvalue()


def _check_extent(name: str, layout: Layout, rows: int) -> None:
    if layout.last_row > MAX_ROWS + ABOVE_TABLE:
        raise TooLarge(
            "too_many_rows",
            f"Trang “{name}” có dữ liệu tới dòng {layout.last_row}; tối đa {MAX_ROWS} dòng. Xóa dòng thừa hoặc chia tệp.",
            f'The sheet "{name}" has data down to row {layout.last_row}; at most {MAX_ROWS}. Delete stray rows or split it.',
            field="file",
        )
    if rows > 2 * MAX_ROWS:
        raise TooLarge(
            "too_many_rows",
            f"Các trang tính có hơn {2 * MAX_ROWS} dòng, tính tới trang “{name}”. Chia tệp, hoặc chỉ rõ một trang (sheet).",
            f'The sheets down to "{name}" have over {2 * MAX_ROWS} rows. Split the file, or name one sheet (sheet).',
            field="file",
        )
    if layout.characters > MAX_CHARACTERS:
        raise TooLarge(
            "file_too_large",
            f"Các ô của trang “{name}” có hơn {MAX_CHARACTERS // 2**20} triệu ký tự. Rút gọn văn bản hoặc chia nhỏ tệp.",
            f'The cells of the sheet "{name}" have over {MAX_CHARACTERS // 2**20} million characters. Shorten them or split '
            "the file.",
            field="file",
        )
    if layout.last_column >= MAX_COLUMNS:
        raise TooLarge(
            "too_many_columns",
            f"Trang “{name}” có dữ liệu tới cột thứ {layout.last_column + 1}; tối đa {MAX_COLUMNS} cột. Xóa cột thừa.",
            f'The sheet "{name}" has data up to column {layout.last_column + 1}; at most {MAX_COLUMNS}. Delete stray columns.',
            field="file",
        )


def _fill_merged(name: str, cells: list[list[str]], layout: Layout) -> None:
    if sum(min(bottom, len(cells)) - top for top, bottom, _ in layout.merged_down) > len(cells) * MAX_COLUMNS:
        raise BadPart(name)  # merges that lie over one another, which Excel does not write
    for top, bottom, column in layout.merged_down:
        for number in range(top + 1, min(bottom, len(cells)) + 1):
            if column < len(cells[top - 1]):
                cells[number - 1][column] = cells[top - 1][column]
