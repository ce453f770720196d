"""Amounts in cells. One whose separators have two readings is refused, never guessed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from services.finance.domain.imports.cells import SCALE, Unit
from services.finance.domain.ledger import MAX_AMOUNT
from shared.errors import InvalidInput
from shared.imports.rows import Problem


class DecimalSeparator(StrEnum):
    COMMA = "comma"
    POINT = "point"


@dataclass(frozen=True, slots=True)
class AmountCell:
    """An amount as printed in a row; `is_number` where a workbook holds it as a number with a fraction."""

    row: int
    text: str
    is_number: bool


def _digits(group: str, decimal: str) -> re.Pattern[str]:
    grouped = "|".join(rf"[1-9]\d{{0,2}}(?:{sign}\d{{3}}){{1,6}}" for sign in (group, " "))
    return re.compile(rf"(?:{grouped}|\d{{1,18}})(?:{decimal}\d{{1,9}})?", re.ASCII)


_BY_COMMA, _BY_POINT = _digits(r"\.", ","), _digits(",", r"\.")
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f", " "))
_MINUS = ("-", "−", "–", "—", "(")
_ZERO = re.compile(r"[-−–—]|0{1,18}(?:[.,]0{1,9})?", re.ASCII)
_VI = {DecimalSeparator.COMMA: "dấu phẩy thập phân", DecimalSeparator.POINT: "dấu chấm thập phân"}
_EN = {DecimalSeparator.COMMA: "a decimal comma", DecimalSeparator.POINT: "a decimal point"}

Readings = dict[DecimalSeparator, Decimal]


def is_zero(text: str) -> bool:
    """True for a cell without an amount: a dash or zero."""
    return _ZERO.fullmatch(text.strip()) is not None


def decide_separator(
    cells: Iterable[AmountCell], unit: Unit, given: DecimalSeparator | None
) -> DecimalSeparator | None:
    """The decimal separator of a file: the one given, else the one that its unambiguous cells show.

    None where no cell shows one, or cells show both; then each cell is read by itself, see `read_amount`.

    Raises:
        InvalidInput: separators_ambiguous, where a cell has two readings and no other cell decides between them.
    """
    if given is not None:
        return given
    seen: set[DecimalSeparator] = set()
    ambiguous: tuple[AmountCell, Readings] | None = None
    for cell in cells:
        found = {} if cell.is_number else _readings(cell.text)
        if len(found) == 1:
            seen |= found.keys()
        elif len(set(found.values())) > 1 and ambiguous is None:
            ambiguous = cell, found
    if len(seen) == 1:
        return next(iter(seen))
    if ambiguous is not None and not seen and unit is not Unit.DONG:
        raise _ambiguous(*ambiguous, unit)
    return None


def read_amount(
    text: str, unit: Unit, separator: DecimalSeparator | None = None, *, is_number: bool = False
) -> Decimal | str:
    """The printed number in its unit; else the code of its problem, as `amount_problem` takes it.

    Without a separator a cell that has two readings is ambiguous; but in đồng, which have no fraction, three digits
    after a sign are thousands.
    """
    stripped = _stripped(text)
    if stripped.startswith(_MINUS):
        return "amount_not_positive"
    if is_number:
        number = Decimal(stripped) if re.fullmatch(r"\d{1,18}\.\d{1,17}", stripped, re.ASCII) else None
        return number or "amount_invalid"
    found = _readings(text)
    if not found:
        return "amount_invalid"
    if separator is not None:
        return _positive(found[separator]) if separator in found else "amount_separator"
    if len(set(found.values())) > 1 and unit is not Unit.DONG:
        return "amount_ambiguous"
    return _positive(max(found.values()))


def _positive(number: Decimal) -> Decimal | str:
    return number if number > 0 else "amount_not_positive"


def _stripped(text: str) -> str:
    return text.translate(_SPACES).strip()


def _readings(text: str) -> Readings:
    """The readings of a text, by the decimal separator under which it is a number."""
    stripped = _stripped(text)
    found: Readings = {}
    if _BY_COMMA.fullmatch(stripped):
        found[DecimalSeparator.COMMA] = Decimal(stripped.replace(" ", "").replace(".", "").replace(",", "."))
    if _BY_POINT.fullmatch(stripped):
        found[DecimalSeparator.POINT] = Decimal(stripped.replace(" ", "").replace(",", ""))
    return found


def _readings_in_dong(readings: Readings, unit: Unit) -> tuple[str, str]:
    """Both readings in đồng, in both languages."""
    dong = {by: f"{(number * SCALE[unit]).normalize():f}" for by, number in readings.items()}
    vi = " hoặc ".join(f"{amount} đồng ({_VI[by]})" for by, amount in dong.items())
    en = " or ".join(f"{amount} đồng ({_EN[by]})" for by, amount in dong.items())
    return vi, en


def _ambiguous(cell: AmountCell, readings: Readings, unit: Unit) -> InvalidInput:
    vi, en = _readings_in_dong(readings, unit)
    return InvalidInput(
        "separators_ambiguous",
        f"Dòng {cell.row}: “{cell.text[:50]}” đọc được hai cách, {vi}, và không ô nào trong tệp cho biết cách nào đúng. "
        "Gửi decimal_separator là comma hoặc point.",
        f"Row {cell.row}: “{cell.text[:50]}” can be read two ways, {en}, and no cell of the file tells which. Send "
        "decimal_separator as comma or point.",
        field="decimal_separator",
        readings={by.value: f"{(number * SCALE[unit]).normalize():f}" for by, number in readings.items()},
    )


def amount_problem(code: str, text: str, unit: Unit, field: str = "amount") -> Problem:
    """The problem of a refused amount; `code` is from `read_amount`, amount_fractional or amount_too_large."""
    vi, en = _readings_in_dong(_readings(text), unit)
    problems = (*_of_reading(field, text[:50], vi, en), *_of_size(field, text[:50]))
    return next(problem for problem in problems if problem.code == code)


def _of_reading(field: str, text: str, vi: str, en: str) -> tuple[Problem, ...]:
    return (
        Problem(
            field,
            "amount_ambiguous",
            f"“{text}” đọc được hai cách, {vi}, và các ô khác của tệp viết cả hai cách: gửi decimal_separator là comma hoặc "
            "point, hoặc sửa ô.",
            f"“{text}” can be read two ways, {en}, and other cells of the file are written in both: send decimal_separator as "
            "comma or point, or correct the cell.",
        ),
        Problem(
            field,
            "amount_separator",
            f"“{text}” chỉ đọc được là {vi}, khác cách viết đã nêu (decimal_separator) hoặc của các ô khác: sửa ô.",
            f"“{text}” can be read only as {en}, other than decimal_separator or the other cells say: correct the cell.",
        ),
        Problem(
            field,
            "amount_invalid",
            f"“{text}” không phải số tiền: viết như 1.234.567,89.",
            f"“{text}” is no amount: write it like 1.234.567,89.",
        ),
    )


def _of_size(field: str, text: str) -> tuple[Problem, ...]:
    return (
        Problem(
            field,
            "amount_not_positive",
            f"“{text}” phải lớn hơn 0: khoản thu hồi, nộp trả ghi số dương ở cột “Số thu hồi”, hoặc ở dòng có cột “Loại nghiệp "
            "vụ” ghi “Thu hồi”.",
            f"“{text}” must be above 0: write what was recovered without a sign, under the heading “Số thu hồi” or in a row "
            "whose “Loại nghiệp vụ” says “Thu hồi”.",
        ),
        Problem(
            field,
            "amount_fractional",
            f"“{text}” có phần lẻ dưới một đồng sau khi quy đổi: kiểm tra đơn vị tính và dấu thập phân.",
            f"“{text}” leaves a fraction of a đồng after scaling: check the unit and the decimal separator.",
        ),
        Problem(
            field,
            "amount_too_large",
            f"“{text}” vượt {MAX_AMOUNT} đồng: kiểm tra đơn vị tính.",
            f"“{text}” exceeds {MAX_AMOUNT} đồng: check the unit.",
        ),
    )
