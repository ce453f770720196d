"""The refusal of a decision that would take an account below zero."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from services.finance.domain.ledger import Stage
from shared.errors import Conflict

MOST_LISTED = 20  # accounts that one refusal lists
_STAGES: Mapping[Stage, tuple[str, str]] = {
    Stage.UNALLOCATED: ("chưa phân bổ", "unallocated"),
    Stage.REMAINING: ("đã phân bổ còn lại", "allocated and remaining"),
    Stage.DISBURSED: ("đã giải ngân chưa quyết toán", "disbursed and not yet settled"),
    Stage.SETTLED: ("đã quyết toán", "settled"),
    Stage.CARRIED_OVER: ("đã chuyển nguồn", "carried over"),
    Stage.CANCELLED: ("đã hủy", "cancelled"),
}


@dataclass(frozen=True, slots=True)
class Shortage:
    """An account that would go below zero, by the first line that draws on it; `available` and `asked` in đồng.

    `before` is set where the money is there at first and needed by postings that take effect on that day (ISO 8601).
    """

    line: int
    year: int
    level: str
    agency_code: str
    nature: str
    field: str
    source: str
    stage: str
    available: int
    asked: int
    before: str | None


class Insufficient(Conflict):
    """The refusal; `shortages` has all of them, while the problem document lists the first."""

    shortages: Sequence[Shortage] = ()


def insufficient(shortages: Sequence[Shortage]) -> Insufficient:
    """The refusal of a decision; its sentence names the first account, `shortages` up to 20 of them."""
    first = shortages[0]
    vi, en = _STAGES[Stage(first.stage)]
    source = f"/{first.source}" if first.source else ""
    account = f"{first.year}/{first.level}/{first.agency_code}/{first.nature}/{first.field}{source}"
    until_vi, until_en = "", ""
    if first.before is not None:
        day = date.fromisoformat(first.before)
        until_vi = f" (trước các bút toán hiệu lực từ {day:%d/%m/%Y})"
        until_en = f" (before what takes effect on {day})"
    refusal = Insufficient(
        "insufficient",
        f"Dòng {first.line}: {account} chỉ có {first.available} đồng {vi}{until_vi}, quyết định cần {first.asked}. "
        f"Kiểm tra số tiền và ngày hiệu lực; {len(shortages)} tài khoản không đủ, chưa ghi gì.",
        f"Line {first.line}: {account} has only {first.available} đồng {en}{until_en}, the decision asks {first.asked}. "
        f"Check amount and effective_on; {len(shortages)} accounts fall short, nothing was written.",
        field=f"lines.{first.line - 1}.amount",
        shortages=[asdict(item) for item in shortages[:MOST_LISTED]],
    )
    refusal.shortages = tuple(shortages)
    return refusal
