"""CSV bytes into a grid of text."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from shared.errors import InvalidInput, TooLarge
from shared.spreadsheets.grid import ABOVE_TABLE, MAX_COLUMNS, MAX_ROWS, Flaw, Grid, clean

_DELIMITERS = (",", ";", "\t")
_SNIFFED = 30  # records; the heading is in the first ten with text
_LARGEST_FIELD = 1 << 24  # above any file accepted, so that a long cell is refused by its row and not by csv
# a sign before a word or a number is a dash list or an amount: "- Bộ Nội vụ", "-5%"
_FORMULA = re.compile(
    r"[=@]|[+-](?!\s|$|[\d.,]+%?$|(?:[^\W\d_]|[\u0300-\u036f])+(?:[\s,;.:]|[/-][^\W\d_]|$))"
)


def read_csv(content: bytes, score: Callable[[Sequence[Sequence[str]]], int]) -> Grid:
    """Cells of a CSV file; the delimiter is the one under which most headings are known.

    Args:
        content: the file.
        score: how many headings are recognised in a table.

    Raises:
        InvalidInput: encoding_unknown, file_corrupt.
        TooLarge: rows or columns above the limit.
    """
    text = _decode(content)
    delimiter = max(_DELIMITERS, key=lambda each: score(_first_records(text, each)))
    try:
        records = _records(text, delimiter)
    except csv.Error as error:
        raise InvalidInput(
            "file_corrupt",
            f"Tệp CSV bị lỗi dấu ngoặc kép ({error}). Mở lại bằng phần mềm bảng tính và lưu thành CSV UTF-8 hoặc .xlsx.",
            f"The CSV file has a quoting error ({error}). Open it in a spreadsheet and save as CSV UTF-8 or .xlsx.",
            field="file",
        ) from error
    flaws: dict[tuple[int, int], Flaw] = {
        (number, column): "formula"
        for number, record in enumerate(records, start=1)
        for column, cell in enumerate(record)
        if _FORMULA.match(cell.lstrip())
    }
    return Grid("", [[clean(cell) for cell in record] for record in records], flaws)


def _decode(content: bytes) -> str:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "encoding_unknown",
            "Tệp CSV không theo bảng mã UTF-8. Trong Excel chọn Lưu thành “CSV UTF-8” hoặc .xlsx rồi nạp lại.",
            'The CSV file is not in UTF-8. In Excel, use Save As "CSV UTF-8" or .xlsx, and send it again.',
            field="file",
        ) from error


def _first_records(text: str, delimiter: str) -> list[list[str]]:
    try:
        return [
            [clean(cell) for cell in record[:MAX_COLUMNS]]
            for record in islice(_reader(text, delimiter), _SNIFFED)
        ]
    except csv.Error:
        return []


def _records(text: str, delimiter: str) -> list[list[str]]:
    """Every record down to the last with text; reading stops where a limit is passed."""
    records: list[list[str]] = []
    last = 0
    for number, record in enumerate(_reader(text, delimiter), start=1):
        if any(record[MAX_COLUMNS:]):
            width = max(index for index, cell in enumerate(record, start=1) if cell)
            raise TooLarge(
                "too_many_columns",
                f"Dòng {number} có {width} cột; tối đa {MAX_COLUMNS}. Xóa cột thừa.",
                f"Row {number} has {width} columns; at most {MAX_COLUMNS}. Delete stray columns.",
                field="file",
            )
        filled = any(record)
        last = number if filled else last
        if filled and number > MAX_ROWS + ABOVE_TABLE:
            raise TooLarge(
                "too_many_rows",
                f"Tệp có nhiều hơn {MAX_ROWS} dòng. Xóa dòng thừa hoặc chia tệp.",
                f"The file has more than {MAX_ROWS} rows. Delete stray rows or split it.",
                field="file",
            )
        if number <= MAX_ROWS + ABOVE_TABLE:
            records.append(record[:MAX_COLUMNS])
    return records[:last]


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LARGEST_FIELD)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
