"""Claims: agencies' statements of the money that they need."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.finance.domain.ledger import MAX_AMOUNT, Field, Level, Nature
from shared.errors import InvalidInput


class ClaimStage(StrEnum):
    REGISTERED = "registered"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class NewClaim:
    """An amount in đồng as an agency states it; 0 withdraws the earlier statement."""

    stage: ClaimStage
    year: int
    level: Level
    agency_code: str
    nature: Nature
    field: Field
    amount: int
    stated_on: date


def check_claim(claim: NewClaim, today: date) -> None:
    if not 0 <= claim.amount <= MAX_AMOUNT:
        raise InvalidInput(
            "claim_amount",
            f"Số tiền phải từ 0 (rút đăng ký, đề xuất) đến {MAX_AMOUNT} đồng: kiểm tra đơn vị tính.",
            f"The amount must lie between 0 (which withdraws) and {MAX_AMOUNT} đồng: check the unit.",
            field="amount",
        )
    if claim.stated_on > today:
        raise InvalidInput(
            "stated_in_future",
            f"Ngày nêu {claim.stated_on:%d/%m/%Y} sau hôm nay {today:%d/%m/%Y}: ghi ngày của văn bản.",
            f"stated_on {claim.stated_on} is after today {today}: give the document's day.",
            field="stated_on",
        )
