"""Rules over all rows of a Treasury file: totals that must agree, vouchers that come whole, money that must be there."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from uuid import UUID

from services.finance.domain.shortages import Shortage
from services.finance.domain.statements import unit_of
from services.finance.domain.treasury import Problem, ReadRow, Voucher

MOST_EXTENTS = 50  # groups after a group's heading that its amount may include


def check_totals(rows: Sequence[ReadRow]) -> None:
    """Refuse a total whose amount is not the sum that it stands for, by printed precision; it is never counted.

    "Tổng cộng" sums all rows, "Cộng" those since the total before, a numbered group those below it, down to one of
    the next headings: groups may hold groups.
    """
    places = list(accumulate((row.heading is None for row in rows), initial=0))  # details before each row
    details = [row.printed or Decimal(0) for row in rows if row.heading is None]
    sums = list(accumulate(details, initial=Decimal(0)))
    units = list(accumulate((unit_of(figure) for figure in details), initial=Decimal(0)))
    headings = [place for place, row in enumerate(rows) if row.heading is not None]
    for order, place in enumerate(headings):
        row = rows[place]
        if row.printed is None:
            continue
        last = len(details)
        following = [places[later] for later in headings[order + 1 :][:MOST_EXTENTS]]
        extents = {
            "whole": [(0, last)],
            "above": [(places[headings[order - 1]] if order else 0, places[place])],
            "below": [(places[place], end) for end in (*following, last)],
        }[row.heading or "whole"]
        tolerances = [unit_of(row.printed) + units[end] - units[start] for start, end in extents]
        gaps = [row.printed - (sums[end] - sums[start]) for start, end in extents]
        if not any(abs(gap) <= tolerance for gap, tolerance in zip(gaps, tolerances, strict=True)):
            row.refuse(_mismatch(row.printed, min(gaps, key=abs)))


def _mismatch(printed: Decimal, gap: Decimal) -> Problem:
    return Problem(
        "amount",
        "total_mismatch",
        f"Dòng tổng ghi {printed:f}, lệch {gap:f} so với các dòng cộng lại: kiểm tra dòng thiếu hoặc số in sai.",
        f"The total says {printed:f}, which differs by {gap:f} from its rows: look for a missing row or a wrong figure.",
    )


def compare_with_posted(
    rows: Iterable[ReadRow], posted: Mapping[Voucher, Sequence[tuple[str, UUID]]]
) -> None:
    """Leave out what an earlier file brought. A voucher comes once: a line that it did not have then is a change.

    Args:
        rows: of the file.
        posted: fingerprint and decision of every line posted and not reversed, by voucher.
    """
    left = {voucher: Counter(mark for mark, _ in lines) for voucher, lines in posted.items()}
    for row in rows:
        if row.outcome != "accepted" or row.voucher not in left:
            continue
        decision_id = posted[row.voucher][0][1]
        if left[row.voucher][row.fingerprint] > 0:
            left[row.voucher][row.fingerprint] -= 1
            row.outcome, row.decision_id = "unchanged", decision_id
        else:
            row.refuse(_changed(decision_id))


def _changed(decision_id: UUID) -> Problem:
    return Problem(
        "reference",
        "voucher_changed",
        f"Chứng từ này đã nhập với nội dung khác (quyết định {decision_id}): đảo quyết định đó rồi nhập lại.",
        f"This voucher was imported before with other lines (decision {decision_id}): reverse that, then import again.",
    )


def keep_vouchers_whole(rows: Iterable[ReadRow]) -> None:
    """A voucher with a refused line is refused whole: else the corrected line could not be told from a second one."""
    of_voucher: dict[Voucher, list[ReadRow]] = defaultdict(list)
    for row in rows:
        if row.heading is None and row.voucher is not None:
            of_voucher[row.voucher].append(row)
    for together in of_voucher.values():
        wrong = next((row.number for row in together if row.outcome == "refused"), None)
        for row in together:
            if wrong is not None and row.outcome == "accepted":
                row.refuse(
                    Problem(
                        "reference",
                        "voucher_incomplete",
                        f"Dòng {wrong} cùng chứng từ bị từ chối: sửa dòng đó rồi nhập lại cả chứng từ.",
                        f"Row {wrong} of the same voucher is refused: correct it, then import the whole voucher.",
                    )
                )


def refuse_short(rows: Sequence[ReadRow], shortages: Iterable[Shortage]) -> None:
    """Refuse the last rows that draw on an account that does not hold enough, until the rest fits."""
    short = {
        (item.year, item.level, item.agency_code, item.nature, item.field, item.source): item
        for item in shortages
    }
    asked = {key: item.asked for key, item in short.items()}
    for row in reversed(rows):
        line = row.line
        if line is None or row.outcome != "accepted":
            continue
        key = (line.year, line.level, line.agency_code, line.nature, line.field, line.source)
        if key in short and asked[key] > short[key].available:
            asked[key] -= line.amount
            row.refuse(_insufficient(short[key]))


def _insufficient(item: Shortage) -> Problem:
    return Problem(
        "amount",
        "insufficient",
        f"Đã phân bổ còn lại {item.available} đồng, các dòng trong ngày cần {item.asked}: nhập quyết định phân bổ trước.",
        f"Allocated and remaining is {item.available} đồng, the day's rows ask {item.asked}: post the allocation first.",
    )
