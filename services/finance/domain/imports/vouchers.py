"""Rules over all rows of a Treasury file: vouchers are posted whole, and their money must be there."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from uuid import UUID

from services.finance.domain.imports.rows import ReadRow, Voucher
from services.finance.domain.ledger import MAX_LINES, Line, Stage
from services.finance.domain.shortages import Shortage
from shared.imports.rows import Problem


def by_voucher(rows: Iterable[ReadRow]) -> dict[Voucher, list[ReadRow]]:
    """The rows of each voucher, in the order of their first."""
    found: dict[Voucher, list[ReadRow]] = defaultdict(list)
    for row in rows:
        if row.heading is None and row.voucher is not None:
            found[row.voucher].append(row)
    return found


def check_voucher_lengths(rows: Iterable[ReadRow]) -> None:
    """Refuse a voucher whose lines of a day are more than a decision takes: one reversal could not undo it."""
    for together in by_voucher(rows).values():
        most = max(Counter((row.day, row.kind) for row in together).values())
        if most > MAX_LINES:
            for row in together:
                row.refuse(
                    Problem(
                        "reference",
                        "voucher_too_long",
                        f"Chứng từ này có {most} dòng trong một ngày, tối đa {MAX_LINES}: kiểm tra cột số chứng từ.",
                        f"This voucher has {most} lines of one day, at most {MAX_LINES}: check the column of references.",
                    )
                )


def compare_with_posted(
    rows: Sequence[ReadRow], posted: Mapping[Voucher, Sequence[tuple[str, UUID]]]
) -> None:
    """Mark lines that are posted already as unchanged; refuse a voucher with one line more or less than posted.

    Args:
        rows: of the file.
        posted: fingerprint and decision of every line posted and not reversed, by voucher.
    """
    left: dict[Voucher, dict[str, list[UUID]]] = {voucher: defaultdict(list) for voucher in posted}
    for voucher, lines in posted.items():
        for fingerprint, decision_id in lines:
            left[voucher][fingerprint].append(decision_id)
    for row in rows:
        if row.outcome != "accepted" or row.voucher not in left:
            continue
        if found := left[row.voucher][row.fingerprint]:
            row.outcome, row.decision_id = "unchanged", found.pop()
        else:
            row.refuse(_changed(posted[row.voucher]))
    shrunk = {voucher for voucher, lines in left.items() if any(lines.values())}
    _refuse_shrunk(rows, {voucher: posted[voucher] for voucher in shrunk})


def _refuse_shrunk(rows: Sequence[ReadRow], shrunk: Mapping[Voucher, Sequence[tuple[str, UUID]]]) -> None:
    """Refuse vouchers that lack a posted line, but for those whose line may be a row that is refused anyway."""
    refused = {
        (row.agency_code, row.reference_form)
        for row in rows
        if row.heading is None and row.outcome == "refused"
    }
    changed = {
        (agency, reference)
        for agency, reference in shrunk
        if refused.isdisjoint(product((agency, None), (reference, None)))
    }
    for row in rows:
        if row.heading is None and row.voucher in changed:
            row.decision_id = None
            row.refuse(_changed(shrunk[row.voucher]))


def _changed(lines: Iterable[tuple[str, UUID]]) -> Problem:
    decisions = ", ".join(dict.fromkeys(str(decision_id) for _, decision_id in lines))
    return Problem(
        "reference",
        "voucher_changed",
        f"Chứng từ này đã nhập với các dòng khác (quyết định {decisions}): đảo các quyết định nêu đây rồi nhập lại.",
        f"This voucher was imported before with other lines (decision {decisions}): reverse what is named, then import again.",
    )


def refuse_incomplete_vouchers(vouchers: Iterable[Sequence[ReadRow]]) -> None:
    """Refuse every line of a voucher with a refused line: else the corrected line could look like a second one."""
    for together in vouchers:
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


def next_part(rows: Iterable[ReadRow]) -> list[ReadRow]:
    """The first unposted vouchers of a day that fit whole into one decision, in the file's order."""
    part: list[ReadRow] = []
    waiting = (row for row in rows if row.outcome == "accepted" and row.decision_id is None)
    for together in by_voucher(waiting).values():
        if part and len(part) + len(together) > MAX_LINES:
            break
        part += together
    return sorted(part, key=lambda row: row.number)


def refuse_short(
    part: Sequence[ReadRow], shortages: Iterable[Shortage], vouchers: Mapping[Voucher, Sequence[ReadRow]]
) -> list[ReadRow]:
    """Refuse the last vouchers that draw on an account with too little money, until the others fit.

    Args:
        part: rows that are posted together.
        shortages: of all of them.
        vouchers: all rows of each, also of other days.

    Returns:
        Every row of the vouchers refused; those that are posted already must be rolled back.
    """
    short = {_account(item): item for item in shortages}
    lacking = {account: item.asked - item.available for account, item in short.items()}
    refused: dict[Voucher, Sequence[ReadRow]] = {}
    for row in reversed(part):
        if row.line is None or row.voucher is None or row.voucher in refused:
            continue
        if lacking.get(account := _account(row.line), 0) <= 0:
            continue
        row.refuse(_insufficient(short[account]))
        refused[row.voucher] = together = vouchers[row.voucher]
        for other in together:  # its posted lines are rolled back, this day's are not posted
            if other.line is not None and (other.decision_id is not None or other.day == row.day):
                change = -other.line.amount if other.kind is row.kind else other.line.amount
                lacking[_account(other.line)] = lacking.get(_account(other.line), 0) + change
    refuse_incomplete_vouchers(refused.values())
    return [row for together in refused.values() for row in together]


def _account(item: Line | Shortage) -> tuple[int, str, str, str, str, str]:
    return item.year, item.level, item.agency_code, item.nature, item.field, item.source


def _insufficient(item: Shortage) -> Problem:
    if item.stage == Stage.DISBURSED:
        return Problem(
            "amount",
            "insufficient",
            f"Đã giải ngân chưa quyết toán {item.available} đồng, các dòng thu hồi trong ngày cần {item.asked}: kiểm tra số "
            "tiền, ngày và cơ quan.",
            f"Disbursed and not yet settled is {item.available} đồng, the day's recoveries ask {item.asked}: check amount, "
            "day and agency.",
        )
    return Problem(
        "amount",
        "insufficient",
        f"Đã phân bổ còn lại {item.available} đồng, các dòng trong ngày cần {item.asked}: nhập quyết định phân bổ trước.",
        f"Allocated and remaining is {item.available} đồng, the day's rows ask {item.asked}: post the allocation first.",
    )
