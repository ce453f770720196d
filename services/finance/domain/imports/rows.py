"""Rows of a Treasury file, read into lines of decisions, each with its problems."""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, TypeVar
from uuid import UUID

from services.finance.domain.imports.amounts import (
    DecimalSeparator,
    amount_problem,
    is_zero,
    read_amount,
)
from services.finance.domain.imports.cells import FIELDS, KINDS, LEVELS, NATURES, SCALE, Unit
from services.finance.domain.ledger import MAX_AMOUNT, Kind, Line
from shared.document_numbers import normal_form
from shared.imports.day_cells import read_day_cell
from shared.imports.rows import Problem
from shared.naming.lookup import Found, Meaning
from shared.naming.refusals import name_problem
from shared.text.characters import has_invisible
from shared.text.folding import fold

Outcome = Literal["accepted", "refused", "unchanged", "total"]
Heading = Literal["whole", "above", "below"]  # which rows a total sums
Voucher = tuple[
    str, str
]  # agency and reference in its normal form: each agency numbers its own, anew every budget year
Word = TypeVar("Word")
LONGEST = 64  # characters of a reference or a source
EARLIEST = date(2000, 1, 1)  # as for decisions that are sent
_WHOLE = re.compile(r"(?:tong cong|tong so|tong)(?: .*)?")
_ABOVE = re.compile(r"cong(?: .*)?")
_GROUP = re.compile(r"(?:[IVXLC]+|[A-ZĐ])\.?")


@dataclass(slots=True)
class ReadRow:
    """A row as read; `amount` is in đồng, `printed` in the file's unit. A total has a `heading`, and no line.

    A recovery's amounts are positive as a payment's are; `kind` distinguishes them. `printed_recovered` is of a total.
    """

    number: int
    outcome: Outcome = "accepted"
    heading: Heading | None = None
    kind: Kind = Kind.DISBURSE
    reference: str | None = None
    agency_code: str | None = None
    day: date | None = None
    printed: Decimal | None = None
    printed_recovered: Decimal | None = None
    amount: int | None = None
    line: Line | None = None
    decision_id: UUID | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    sheet: str = ""

    @property
    def reference_form(self) -> str | None:
        """The normal form of the reference, by which look-alike ones of an agency are equal (`shared.document_numbers`)."""
        return self.reference and (normal_form(self.reference) or self.reference)

    @property
    def voucher(self) -> Voucher | None:
        return (self.agency_code, self.reference_form) if self.agency_code and self.reference_form else None

    @property
    def fingerprint(self) -> str:
        """A digest of the line, equal for equal lines; empty where nothing can be posted.

        It is stored with every posted line, so that the members it is made of must not change.
        """
        line = self.line
        if self.day is None or line is None:
            return ""
        members = (
            self.day.isoformat(),
            str(line.year),
            line.level.value,
            line.agency_code,
            line.nature.value,
            line.field.value,
            line.source,
            str(line.amount),
            *((self.kind.value,) if self.kind is Kind.RECOVER else ()),
        )
        return hashlib.sha256("\n".join(members).encode()).hexdigest()[:32]

    def refuse(self, problem: Problem) -> None:
        self.outcome = "refused"
        self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """The options by which the rows of a file are read.

    Attributes:
        year: budget year of its money.
        unit: of its amounts.
        today: nothing can have been paid after it.
        separator: the decimal one, or None where each cell is read by itself.
        month_first: some date of the file is valid only with the month first.
        find_agency: a cell's words -> the agency that they mean.
    """

    year: int
    unit: Unit
    today: date
    separator: DecimalSeparator | None
    month_first: bool
    find_agency: Callable[[str], Meaning | None]


def read_row(
    number: int, values: Mapping[str, str], options: ReadOptions, numbers: Collection[str] = ()
) -> ReadRow:
    """Read a row by its headings; `numbers` names the cells that a workbook holds as numbers with a fraction."""
    row = ReadRow(number, heading=_heading(values))
    if row.heading is not None:
        row.outcome = "total"
        _read_amounts(row, values, options, numbers)
        return row
    for name in ("agency", "level", "nature", "field", "amount", "date", "reference"):
        if not values[name] and not (name == "amount" and values.get("recovered")):
            row.refuse(
                Problem(
                    name, "required", "Ô này trống: điền rồi nhập lại.", "This cell is empty: fill it in."
                )
            )
    _read_voucher(row, values)
    if values["agency"]:
        _read_agency(row, values["agency"], options)
    if values["date"]:
        _read_day(row, values["date"], options)
    _read_amounts(row, values, options, numbers)
    level = _word(row, values, "level", LEVELS)
    nature = _word(row, values, "nature", NATURES)
    spending = _word(row, values, "field", FIELDS)
    if level and nature and spending and row.agency_code and row.amount and not row.problems:
        source = values.get("source", "")
        row.line = Line(options.year, level, row.agency_code, nature, spending, source, row.amount)
    return row


def _heading(values: Mapping[str, str]) -> Heading | None:
    """A total names neither voucher nor day: "Tổng cộng", "Cộng", or a group numbered I, II, A, B."""
    if values["reference"] or values["date"]:
        return None
    words = [fold(values.get(name, "")) for name in ("order_no", "agency")]
    if any(map(_WHOLE.fullmatch, words)):
        return "whole"
    if any(map(_ABOVE.fullmatch, words)):
        return "above"
    return "below" if _GROUP.fullmatch(values.get("order_no", "")) else None


def _read_voucher(row: ReadRow, values: Mapping[str, str]) -> None:
    row.reference = values["reference"][:LONGEST] or None
    for name in ("reference", "source"):
        if len(values.get(name, "")) > LONGEST:
            row.refuse(
                Problem(
                    name,
                    "too_long",
                    f"Dài quá {LONGEST} ký tự: rút gọn.",
                    f"Over {LONGEST} characters: shorten it.",
                )
            )
        if has_invisible(values.get(name, "")):
            row.refuse(
                Problem(
                    name,
                    "control_character",
                    "Ô có ký tự ẩn hoặc ký tự đổi chiều chữ: nhập lại không có chúng.",
                    "The cell has characters that are hidden or change its direction: write it without them.",
                )
            )


def _read_agency(row: ReadRow, words: str, options: ReadOptions) -> None:
    meaning = options.find_agency(words)
    if isinstance(meaning, Found) and meaning.kind == "agency":
        row.agency_code = meaning.codes[0]
    else:
        row.refuse(name_problem("agency", words, meaning))


def _read_day(row: ReadRow, text: str, options: ReadOptions) -> None:
    found = read_day_cell(
        "date", text, month_first=options.month_first, earliest=EARLIEST, today=options.today
    )
    if isinstance(found, Problem):
        row.refuse(found)
    else:
        row.day = found


def _read_amounts(
    row: ReadRow, values: Mapping[str, str], options: ReadOptions, numbers: Collection[str]
) -> None:
    """The amount paid or, in a column of its own or by the row's kind, recovered; a total may have both."""
    amounts = {name: values.get(name, "") for name in ("amount", "recovered")}
    if all(amounts.values()):
        amounts = {name: "" if is_zero(text) else text for name, text in amounts.items()}
    if row.heading is None:
        if all(amounts.values()):
            row.refuse(
                Problem(
                    "recovered",
                    "amount_twice",
                    "Dòng có cả số giải ngân và số thu hồi: tách thành hai dòng.",
                    "The row has both an amount paid and one recovered: make it two rows.",
                )
            )
            return
        _read_kind(row, values, recovered=bool(amounts["recovered"]))
    for name, text in amounts.items():
        if text:
            _read_amount(row, name, text, options, is_number=name in numbers)


def _read_kind(row: ReadRow, values: Mapping[str, str], *, recovered: bool) -> None:
    stated = _word(row, values, "kind", KINDS)
    if recovered and stated is Kind.DISBURSE:
        row.refuse(
            Problem(
                "kind",
                "kind_contradicted",
                "Loại nghiệp vụ ghi giải ngân nhưng số tiền ở cột thu hồi: sửa một trong hai.",
                "The kind says disbursed, the amount stands under recovered: correct one of them.",
            )
        )
    row.kind = Kind.RECOVER if recovered else stated or Kind.DISBURSE


def _read_amount(row: ReadRow, name: str, text: str, options: ReadOptions, *, is_number: bool) -> None:
    printed = read_amount(text, options.unit, options.separator, is_number=is_number)
    if isinstance(printed, str):
        row.refuse(amount_problem(printed, text, options.unit, name))
        return
    if row.heading is not None and name == "recovered":
        row.printed_recovered = printed
        return
    row.printed = printed
    dong = printed * SCALE[options.unit]
    if dong != dong.to_integral_value() or dong > MAX_AMOUNT:
        code = "amount_fractional" if dong <= MAX_AMOUNT else "amount_too_large"
        row.refuse(amount_problem(code, text, options.unit, name))
    else:
        row.amount = int(dong)


def _word(row: ReadRow, values: Mapping[str, str], name: str, words: Mapping[str, Word]) -> Word | None:
    if not values.get(name):
        return None
    found = words.get(fold(values[name]))
    if found is None:
        known = ", ".join(sorted({str(word) for word in words.values()}))
        row.refuse(
            Problem(
                name,
                "word_unknown",
                f"“{values[name][:100]}” không rõ nghĩa: dùng một trong {known}, hoặc tên tiếng Việt thường dùng.",
                f"“{values[name][:100]}” is not known: use one of {known}, or the usual Vietnamese name.",
            )
        )
    return found
