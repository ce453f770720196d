"""Decisions: the document and its lines, and the conditions of posting and of reversing one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.finance.domain.ledger import MAX_AMOUNT, MAX_LINES, MAX_TOTAL, Kind, Line
from shared.errors import Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class Header:
    """A decision's kind, its document's number and day, and the day it takes effect."""

    kind: Kind
    number: str
    issued_on: date
    effective_on: date


def check_header(header: Header, today: date) -> None:
    """Refuse a document's day or a day of effect in the future: the ledger holds no plans."""
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
    """Refuse amounts that a decision of this kind cannot have: only an adjustment may be negative."""
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


def check_reversal(
    original: Header,
    *,
    reverses_id: UUID | None,
    reversed_by_id: UUID | None,
    effective_on: date,
    today: date,
) -> None:
    """Refuse a second reversal, one of a reversal, and one that takes effect before the decision or in the future.

    Args:
        original: the decision to be reversed.
        reverses_id: the decision that it reverses itself.
        reversed_by_id: the decision by which it has been reversed.
        effective_on: of the reversal.
        today: local date.
    """
    if reverses_id is not None:
        raise Conflict(
            "reversal_of_reversal",
            "Bút toán đảo không đảo lại được: nếu quyết định vẫn đúng thì ghi sổ lại quyết định đó.",
            "A reversal cannot be reversed: if the decision holds after all, post it again.",
            reverses_id=str(reverses_id),
        )
    if reversed_by_id is not None:
        raise Conflict(
            "decision_reversed",
            f"Quyết định này đã được đảo bởi {reversed_by_id}: mỗi quyết định chỉ đảo một lần.",
            f"This decision has been reversed by {reversed_by_id}: at most one reversal each.",
            reversed_by_id=str(reversed_by_id),
        )
    if not original.effective_on <= effective_on <= today:
        raise InvalidInput(
            "reversal_day",
            f"Ngày hiệu lực của bút toán đảo phải từ {original.effective_on:%d/%m/%Y} (ngày hiệu lực của quyết định) "
            f"đến hôm nay {today:%d/%m/%Y}.",
            f"A reversal takes effect from {original.effective_on} (when the decision did) to today {today}.",
            field="effective_on",
        )
