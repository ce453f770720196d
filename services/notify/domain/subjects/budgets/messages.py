"""Alerts about budgets, in Vietnamese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.notify.domain.formats import day_en, day_vi, money_en, money_vi, one_place
from services.notify.domain.subjects.budgets.examinations import BudgetKind, tenths_of_percent


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding on a budget on a day; money in đồng.

    `to_spend` (disbursed, and still to be) and `expected` are used of one that is behind, `since` (first allocation)
    and `months` of an idle one, `by` of one that is not allocated in time.
    """

    kind: BudgetKind
    agency: str
    level: str
    year: int
    day: date
    approved: int
    allocated: int
    unallocated: int
    disbursed: int
    to_spend: int
    expected: int
    since: date | None
    months: int
    by: date


_FUNDS_VI = {
    "central": "ngân sách trung ương",
    "province": "ngân sách cấp tỉnh",
    "commune": "ngân sách cấp xã",
}
_FUNDS_EN = {"central": "central", "province": "provincial", "commune": "commune"}
_VI: Mapping[BudgetKind, str] = {
    BudgetKind.BEHIND: "Giải ngân chậm (đến ngày {day}): đề nghị {agency} đẩy nhanh giải ngân {fund}; mới giải ngân "
    "{disbursed}, đạt {rate} tổng số phải giải ngân trong năm ({to_spend}), trong khi theo tiến độ thời gian cần đạt "
    "{expected}.",
    BudgetKind.IDLE: "Chưa giải ngân (đến ngày {day}): đề nghị {agency} triển khai giải ngân {fund}; đã phân bổ "
    "{allocated}, lần đầu ngày {since}, sau {months} tháng vẫn chưa giải ngân.",
    BudgetKind.UNALLOCATED: "Chưa phân bổ hết (đến ngày {day}): đề nghị {agency} khẩn trương phân bổ {fund}; còn "
    "{unallocated} trong {approved} được duyệt chưa phân bổ, quá mốc {by}.",
}
_EN: Mapping[BudgetKind, str] = {
    BudgetKind.BEHIND: "Disbursement behind (by {day}): {agency} is asked to speed up disbursing the {fund}; {disbursed} disbursed, "
    "{rate} of the {to_spend} to be spent in the year, where even spending would be {expected}.",
    BudgetKind.IDLE: "Nothing disbursed (by {day}): {agency} is asked to begin disbursing the {fund}; {allocated} allocated, "
    "first on {since}, and nothing disbursed after {months}.",
    BudgetKind.UNALLOCATED: "Not all allocated (by {day}): {agency} is asked to allocate the {fund} without delay; "
    "{unallocated} of {approved} approved is unallocated after {by}.",
}


def message_vi(finding: Finding) -> str:
    """The message for the day of the finding, which after an outage is later than that of the examination."""
    return _VI[finding.kind].format(
        day=day_vi(finding.day),
        agency=finding.agency,
        fund=f"{_FUNDS_VI[finding.level]} năm {finding.year}",
        rate=_rate(finding).replace(".", ","),
        since=day_vi(finding.since or finding.day),
        months=finding.months,
        by=day_vi(finding.by),
        **{name: money_vi(amount) for name, amount in _amounts(finding).items()},
    )


def message_en(finding: Finding) -> str:
    """As `message_vi`, in English."""
    return _EN[finding.kind].format(
        day=day_en(finding.day),
        agency=finding.agency,
        fund=f"{_FUNDS_EN[finding.level]} budget of {finding.year}",
        rate=_rate(finding),
        since=day_en(finding.since or finding.day),
        months=f"{finding.months} month" + ("s" if finding.months != 1 else ""),
        by=day_en(finding.by),
        **{name: money_en(amount) for name, amount in _amounts(finding).items()},
    )


def _amounts(finding: Finding) -> dict[str, int]:
    names = ("approved", "allocated", "unallocated", "disbursed", "to_spend", "expected")
    return {name: getattr(finding, name) for name in names}


def _rate(finding: Finding) -> str:
    return f"{one_place(tenths_of_percent(finding.disbursed, finding.to_spend) or 0)}%"
