"""The ledger's words and rules: which stage a decision takes money from and gives it to, and what may be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.errors import InvalidInput

MAX_LINES = 10_000  # of one decision
MAX_AMOUNT = 10**15  # đồng per line: a million tỉ, a third of what the whole state spends in a year
MAX_TOTAL = 9 * 10**18  # đồng per decision: what a bigint can hold


class Kind(StrEnum):
    APPROVE = "approve"
    ALLOCATE = "allocate"
    DISBURSE = "disburse"
    RECOVER = "recover"
    SETTLE = "settle"
    CARRY_OVER = "carry_over"
    CANCEL = "cancel"
    ADJUST = "adjust"


class Stage(StrEnum):
    """Where money stands. `AUTHORITY` is what approvals draw on: it alone goes below zero."""

    AUTHORITY = "authority"
    UNALLOCATED = "unallocated"
    REMAINING = "remaining"
    DISBURSED = "disbursed"
    SETTLED = "settled"
    CARRIED_OVER = "carried_over"
    CANCELLED = "cancelled"


class Level(StrEnum):
    CENTRAL = "central"
    PROVINCE = "province"
    COMMUNE = "commune"


class Nature(StrEnum):
    CAPITAL = "capital"
    RECURRENT = "recurrent"


class Field(StrEnum):
    SCIENCE_INNOVATION = "science_innovation"
    DIGITAL_TRANSFORMATION = "digital_transformation"
    DEFENCE_SECURITY = "defence_security"


MOVES: Mapping[Kind, tuple[Stage, Stage]] = {
    Kind.APPROVE: (Stage.AUTHORITY, Stage.UNALLOCATED),
    Kind.ADJUST: (Stage.AUTHORITY, Stage.UNALLOCATED),
    Kind.ALLOCATE: (Stage.UNALLOCATED, Stage.REMAINING),
    Kind.DISBURSE: (Stage.REMAINING, Stage.DISBURSED),
    Kind.RECOVER: (Stage.DISBURSED, Stage.REMAINING),
    Kind.SETTLE: (Stage.DISBURSED, Stage.SETTLED),
    Kind.CARRY_OVER: (Stage.REMAINING, Stage.CARRIED_OVER),
    Kind.CANCEL: (Stage.REMAINING, Stage.CANCELLED),
}


@dataclass(frozen=True, slots=True)
class Line:
    """Money of one year, level, agency, nature, field and source that a decision moves; in đồng."""

    year: int
    level: Level
    agency_code: str
    nature: Nature
    field: Field
    source: str
    amount: int

    def negated(self) -> "Line":
        return Line(
            self.year, self.level, self.agency_code, self.nature, self.field, self.source, -self.amount
        )


@dataclass(frozen=True, slots=True)
class Header:
    """What a decision says of itself: the document's number and day, and since when it holds."""

    kind: Kind
    number: str
    issued_on: date
    effective_on: date


@dataclass(frozen=True, slots=True)
class Figures:
    """Reported figures of any set of accounts. Both sums hold by construction; what was recovered is not disbursed."""

    approved: int
    unallocated: int
    allocated: int
    remaining: int
    disbursed: int
    settled: int
    carried_over: int
    cancelled: int


def figures(balances: Mapping[Stage, int]) -> Figures:
    """What balances say: approved = unallocated + allocated; allocated = disbursed + remaining + carried over + cancelled.

    `disbursed` is all that was paid out, whether settled or not.
    """
    settled = balances.get(Stage.SETTLED, 0)
    approved = -balances.get(Stage.AUTHORITY, 0)
    unallocated = balances.get(Stage.UNALLOCATED, 0)
    return Figures(
        approved=approved,
        unallocated=unallocated,
        allocated=approved - unallocated,
        remaining=balances.get(Stage.REMAINING, 0),
        disbursed=balances.get(Stage.DISBURSED, 0) + settled,
        settled=settled,
        carried_over=balances.get(Stage.CARRIED_OVER, 0),
        cancelled=balances.get(Stage.CANCELLED, 0),
    )


def check_header(header: Header, today: date) -> None:
    """A document's day and the day it takes effect lie in the past or today: the ledger tells what is, not what is planned."""
    for name, day in (("issued_on", header.issued_on), ("effective_on", header.effective_on)):
        if day > today:
            raise InvalidInput(
                "day_in_future",
                f"{name} {day:%d/%m/%Y} sau hôm nay {today:%d/%m/%Y}: ghi sổ khi quyết định có hiệu lực. "
                "Tiền của năm sau ghi bằng year.",
                f"{name} {day} is after today {today}: post a decision once it is in force. "
                "Money of a coming year is told by year.",
                field=name,
            )


def check_lines(kind: Kind, lines: Sequence[Line]) -> None:
    """Refuse lines whose amounts are no money of this kind; only an adjustment may take away."""
    _check_number(len(lines))
    for number, line in enumerate(lines):
        if line.amount == 0 or (line.amount < 0 and kind is not Kind.ADJUST):
            raise InvalidInput(
                "amount_not_positive",
                f"Dòng {number + 1}: số tiền {line.amount} đồng phải lớn hơn 0. Thu hồi khoản đã giải ngân thì dùng kind recover; "
                "giảm dự toán đã duyệt thì dùng kind adjust; sửa sai thì đảo bút toán (reversal).",
                f"Line {number + 1}: the amount {line.amount} must be above 0. To take back what was disbursed use the kind "
                "recover; to lower what was approved, adjust; to correct a mistake, reverse the decision.",
                field=f"lines.{number}.amount",
            )
        if abs(line.amount) > MAX_AMOUNT:
            raise InvalidInput(
                "amount_too_large",
                f"Dòng {number + 1}: số tiền vượt {MAX_AMOUNT} đồng (một triệu tỉ). Kiểm tra đơn vị tính: API nhận đồng.",
                f"Line {number + 1}: the amount exceeds {MAX_AMOUNT} đồng. Check the unit: the API takes đồng.",
                field=f"lines.{number}.amount",
            )
    if sum(abs(line.amount) for line in lines) > MAX_TOTAL:
        raise total_too_large()


def _check_number(count: int) -> None:
    if not 1 <= count <= MAX_LINES:
        raise InvalidInput(
            "lines_count",
            f"Quyết định phải có từ 1 đến {MAX_LINES} dòng, đang có {count}: chia thành nhiều quyết định.",
            f"A decision has 1 to {MAX_LINES} lines, this one has {count}: split it.",
            field="lines",
        )


def total_too_large() -> InvalidInput:
    return InvalidInput(
        "total_too_large",
        f"Tổng số tiền vượt {MAX_TOTAL} đồng, quá sức chứa của sổ: kiểm tra đơn vị tính.",
        f"The total exceeds {MAX_TOTAL} đồng, more than the ledger can hold: check the unit.",
        field="lines",
    )


def check_reversal(original: Header, effective_on: date, today: date) -> None:
    """A reversal takes effect no earlier than what it takes back, and not in the future."""
    if not original.effective_on <= effective_on <= today:
        raise InvalidInput(
            "reversal_day",
            f"Ngày hiệu lực của bút toán đảo phải từ {original.effective_on:%d/%m/%Y} (ngày hiệu lực của quyết định) "
            f"đến hôm nay {today:%d/%m/%Y}.",
            f"A reversal takes effect from {original.effective_on} (when the decision did) to today {today}.",
            field="effective_on",
        )
