"""From the rows of a Treasury file to lines of money: what each says and what stands in the way."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, TypeVar
from uuid import UUID

from services.finance.domain.ledger import MAX_AMOUNT, Line
from services.finance.domain.treasury_cells import FIELDS, LEVELS, NATURES, SCALE, Unit, read_amount, read_day
from shared.folding import fold
from shared.naming.lookup import Found, Meaning
from shared.naming.refusals import name_problem
from shared.rows import Problem

Outcome = Literal["accepted", "refused", "unchanged", "total"]
Heading = Literal["whole", "above", "below"]  # what the amount of a total is the sum of
Voucher = tuple[str, str]  # agency and reference: each agency numbers its own, anew every budget year
Word = TypeVar("Word")
LONGEST = 64  # characters of a reference or a source
EARLIEST = date(2000, 1, 1)  # as for decisions that are sent
_WHOLE = re.compile(r"(?:tong cong|tong so|tong)(?: .*)?")
_ABOVE = re.compile(r"cong(?: .*)?")
_GROUP = re.compile(r"(?:[IVXLC]+|[A-ZĐ])\.?")


@dataclass(slots=True)
class ReadRow:
    """A row as understood; `amount` is in đồng, `printed` in the file's unit. A total has a `heading`, and no line."""

    number: int
    outcome: Outcome = "accepted"
    heading: Heading | None = None
    reference: str | None = None
    agency_code: str | None = None
    day: date | None = None
    printed: Decimal | None = None
    amount: int | None = None
    line: Line | None = None
    decision_id: UUID | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    sheet: str = ""

    @property
    def voucher(self) -> Voucher | None:
        return (self.agency_code, self.reference) if self.agency_code and self.reference else None

    @property
    def fingerprint(self) -> str:
        """Tells whether a line says what it said before; empty where nothing can be posted.

        It is kept with every line posted, so that what it is made of is written out and stays as it is.
        """
        line = self.line
        if self.day is None or line is None:
            return ""
        said = (
            self.day.isoformat(),
            str(line.year),
            line.level.value,
            line.agency_code,
            line.nature.value,
            line.field.value,
            line.source,
            str(line.amount),
        )
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]

    def refuse(self, problem: Problem) -> None:
        self.outcome = "refused"
        self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read.

    Attributes:
        year: budget year of its money.
        unit: of its amounts.
        today: nothing can have been paid after it.
        from_cells: a workbook, whose number cells come with a decimal point.
        find_agency: a cell's words -> the agency that they mean.
    """

    year: int
    unit: Unit
    today: date
    from_cells: bool
    find_agency: Callable[[str], Meaning]


def read_row(number: int, values: Mapping[str, str], how: Reading) -> ReadRow:
    row = ReadRow(number, heading=_heading(values))
    if row.heading is not None:
        row.outcome = "total"
        if values["amount"]:
            _read_amount(row, values["amount"], how)
        return row
    for name in ("agency", "level", "nature", "field", "amount", "date", "reference"):
        if not values[name]:
            row.refuse(
                Problem(
                    name, "required", "Ô này trống: điền rồi nhập lại.", "This cell is empty: fill it in."
                )
            )
    _read_voucher(row, values)
    if values["agency"]:
        _read_agency(row, values["agency"], how)
    if values["date"]:
        _read_day(row, values["date"], how.today)
    if values["amount"]:
        _read_amount(row, values["amount"], how)
    level = _word(row, values, "level", LEVELS)
    nature = _word(row, values, "nature", NATURES)
    spending = _word(row, values, "field", FIELDS)
    if level and nature and spending and row.agency_code and row.amount and not row.problems:
        source = values.get("source", "")
        row.line = Line(how.year, level, row.agency_code, nature, spending, source, row.amount)
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
        if any(unicodedata.category(character) in {"Cc", "Cf"} for character in values.get(name, "")):
            row.refuse(
                Problem(
                    name,
                    "control_character",
                    "Ô có ký tự ẩn hoặc ký tự đổi chiều chữ: nhập lại không có chúng.",
                    "The cell has characters that are hidden or change its direction: write it without them.",
                )
            )


def _read_agency(row: ReadRow, words: str, how: Reading) -> None:
    meaning = how.find_agency(words)
    if isinstance(meaning, Found) and meaning.kind == "agency":
        row.agency_code = meaning.codes[0]
    else:
        row.refuse(name_problem("agency", words, meaning))


def _read_day(row: ReadRow, text: str, today: date) -> None:
    row.day = read_day(text)
    if row.day is None:
        row.refuse(
            Problem(
                "date",
                "day_invalid",
                f"“{text[:50]}” không phải ngày dạng dd/MM/yyyy, ví dụ 31/01/2026.",
                f"“{text[:50]}” is no day as dd/MM/yyyy, e.g. 31/01/2026.",
            )
        )
    elif row.day < EARLIEST:
        row.refuse(
            Problem(
                "date",
                "day_out_of_range",
                f"Ngày {row.day:%d/%m/%Y} trước {EARLIEST:%d/%m/%Y}: kiểm tra năm của chứng từ.",
                f"The day {row.day} is before {EARLIEST}: check the voucher's year.",
            )
        )
    elif row.day > today:
        row.refuse(
            Problem(
                "date",
                "day_in_future",
                f"Ngày {row.day:%d/%m/%Y} sau hôm nay {today:%d/%m/%Y}: kiểm tra ngày chứng từ.",
                f"The day {row.day} is after today {today}: check the voucher's day.",
            )
        )


def _read_amount(row: ReadRow, text: str, how: Reading) -> None:
    printed = read_amount(text, from_cells=how.from_cells)
    if isinstance(printed, str):
        row.refuse(_amount_problem(printed, text[:50]))
        return
    row.printed = printed
    dong = printed * SCALE[how.unit]
    if dong != dong.to_integral_value() or dong > MAX_AMOUNT:
        row.refuse(
            _amount_problem("amount_fractional" if dong <= MAX_AMOUNT else "amount_too_large", text[:50])
        )
    else:
        row.amount = int(dong)


def _amount_problem(code: str, text: str) -> Problem:
    problems = (
        Problem(
            "amount",
            "amount_not_positive",
            f"“{text}” phải lớn hơn 0: khoản thu hồi ghi bằng đảo bút toán.",
            f"“{text}” must be above 0: take money back by a reversal.",
        ),
        Problem(
            "amount",
            "amount_ambiguous",
            f"“{text}” có thể là hàng nghìn hoặc phần lẻ: đổi tệp sang đơn vị đồng, hoặc ghi ô dạng văn bản có dấu phẩy "
            "thập phân.",
            f"“{text}” could mean thousands or a fraction: give the file in đồng, or write the cell as text with a "
            "decimal comma.",
        ),
        Problem(
            "amount",
            "amount_fractional",
            f"“{text}” có phần lẻ dưới một đồng sau khi quy đổi: kiểm tra đơn vị tính.",
            f"“{text}” leaves a fraction of a đồng after scaling: check the unit.",
        ),
        Problem(
            "amount",
            "amount_too_large",
            f"“{text}” vượt {MAX_AMOUNT} đồng: kiểm tra đơn vị tính.",
            f"“{text}” exceeds {MAX_AMOUNT} đồng: check the unit.",
        ),
        Problem(
            "amount",
            "amount_invalid",
            f"“{text}” không phải số tiền: viết như 1.234.567,89.",
            f"“{text}” is no amount: write it like 1.234.567,89.",
        ),
    )
    return next(problem for problem in problems if problem.code == code)


def _word(row: ReadRow, values: Mapping[str, str], name: str, words: Mapping[str, Word]) -> Word | None:
    if not values[name]:
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
