"""The rows of a Treasury file are judged, then posted: each accepted, unchanged, a total or refused; one decision for each day."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.domain.decisions import Header
from services.finance.domain.imports.rows import ReadRow, Voucher
from services.finance.domain.imports.vouchers import (
    by_voucher,
    compare_with_posted,
    next_part,
    refuse_incomplete_vouchers,
    refuse_short,
)
from services.finance.domain.ledger import MAX_LINES, Kind, Line
from services.finance.domain.shortages import Insufficient
from services.finance.tables import VoucherLine
from services.finance.use_cases.decisions import checked
from services.finance.use_cases.imports.files import TreasuryFile
from services.finance.use_cases.ledger import DocumentPosted, Entry, post, post_all
from shared.imports.overtaken import Overtaken
from shared.runtime.audit import Actor, add_audit
from shared.runtime.database import LateChange

# In the order of their keys, as the ledger's function locks them: two imports, whose days touch them in any order,
# wait for each other here and nowhere else. Lines posted earlier are read after that.
_LOCK = text(
    "SELECT lock_budgets(CAST(:years AS integer[]), CAST(:levels AS text[]), CAST(:agencies AS text[]))"
)
_POSTED = text(
    """
    SELECT agency_code, normal_form, fingerprint, decision_id
    FROM voucher_lines
    WHERE year = :year
      AND (agency_code, normal_form) IN (SELECT * FROM unnest(CAST(:agencies AS text[]), CAST(:references AS text[])))
      AND NOT EXISTS (SELECT FROM decisions WHERE reverses_id = voucher_lines.decision_id)
    ORDER BY decision_id, line
    """
)


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """A file whose rows have their outcomes, its document's number, and the decisions to be posted: none where nothing is written."""

    file: TreasuryFile
    number: str
    decisions: tuple[Entry, ...]


async def judge_file(
    change: LateChange,
    file: TreasuryFile,
    *,
    number: str | None,
    similar_is_meant: bool = False,
    dry_run: bool,
    partial: bool,
    actor: Actor,
) -> JudgedFile:
    """Judge a file's rows. A refused row prevents all postings unless `partial`.

    Only the ledger can judge whether the money is there: the decisions are posted in a savepoint and rolled back, so that a
    dry run's report is that of the real run. The budgets stay locked until the transaction ends. `number` is the
    document's; without it the import draws one. A day's first decision has that number, further ones have it with -2, -3 ...;
    recoveries are a decision of their own.

    Raises Conflict number_similar.
    """
    session = change.session
    await _lock_budgets(session, file)
    compare_with_posted(file.rows, await _posted(session, file))
    refuse_incomplete_vouchers(by_voucher(file.rows).values())
    document_number = number or f"KBNN-{uuid4().hex[:12]}"
    arguments = {"similar_is_meant": similar_is_meant, "actor": actor, "at": change.clock.now()}
    savepoint = await session.begin_nested()
    decisions = await _post(session, file.rows, document_number, arguments)
    await savepoint.rollback()
    refused = any(row.outcome == "refused" for row in file.rows)
    if dry_run or (refused and not partial):
        _clear_rolled_back(file.rows)
        return JudgedFile(file, document_number, ())
    return JudgedFile(file, document_number, tuple(decisions))


async def import_file(change: LateChange, judged: JudgedFile, *, actor: Actor) -> None:
    """Post the decisions of a file that was judged in the same transaction. Raises Overtaken where one is refused now."""
    session, file = change.session, judged.file
    await _record_voucher_lines(session, file.rows, judged.decisions)
    at = await change.announce()
    for batch in _batches(judged.decisions):
        await post_all(session, batch, at=at)
    counts: Counter[str] = Counter(row.outcome for row in file.rows)
    detail: dict[str, Any] = {
        **counts,
        "filename": file.filename[:200],
        "year": file.year,
        "decisions": len(judged.decisions),
    }
    await add_audit(session, actor, "import", "treasury_file", judged.number, at=at, **detail)


def _batches(decisions: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Batches of decisions that one statement posts, of about `MAX_LINES` lines, so that it stays within the timeout."""
    batch: list[Entry] = []
    for decision in decisions:
        batch.append(decision)
        if sum(len(each.lines) for each in batch) >= MAX_LINES:
            yield batch
            batch = []
    if batch:
        yield batch


def _lines(rows: Iterable[ReadRow]) -> list[Line]:
    return [row.line for row in rows if row.line is not None]


async def _lock_budgets(session: AsyncSession, file: TreasuryFile) -> None:
    lines = _lines(file.rows)
    keys = {
        "years": [line.year for line in lines],
        "levels": [line.level.value for line in lines],
        "agencies": [line.agency_code for line in lines],
    }
    await session.execute(_LOCK, keys)


async def _posted(session: AsyncSession, file: TreasuryFile) -> Mapping[Voucher, Sequence[tuple[str, UUID]]]:
    vouchers = sorted({row.voucher for row in file.rows if row.voucher is not None})
    values = {
        "year": file.year,
        "agencies": [agency for agency, _ in vouchers],
        "references": [reference for _, reference in vouchers],
    }
    posted: dict[Voucher, list[tuple[str, UUID]]] = defaultdict(list)
    for row in await session.execute(_POSTED, values):
        posted[row.agency_code, row.normal_form].append((row.fingerprint, row.decision_id))
    return posted


class _PostedInPart(Exception):
    """A voucher refused for lack of money has lines that are posted already."""


async def _post(
    session: AsyncSession, rows: Sequence[ReadRow], number: str, arguments: Mapping[str, Any]
) -> list[Entry]:
    """Post all accepted rows: at once, or day by day where the ledger refuses something, to learn what.

    Payments of a day come before recoveries. `arguments` go to each decision.
    """
    try:
        async with session.begin_nested():
            decisions = _decisions(rows, number, arguments)
            for batch in _batches(decisions):
                await post_all(session, batch, at=arguments["at"])
            return decisions
    except Overtaken:
        _clear_rolled_back(rows)
        return await _post_by_day(session, rows, number, arguments)


def _decisions(rows: Sequence[ReadRow], number: str, arguments: Mapping[str, Any]) -> list[Entry]:
    """The decisions of all accepted rows, where none is refused and no number is taken."""
    decisions: list[Entry] = []
    for header, day_rows in _days(rows, number):
        suffix = 1
        while together := next_part(day_rows):
            decisions.append(_decision(together, header, suffix, arguments))
            _assign(together, decisions[-1])
            suffix += 1
    return decisions


def _decision(rows: Iterable[ReadRow], header: Header, suffix: int, arguments: Mapping[str, Any]) -> Entry:
    numbered = replace(header, number=f"{header.number}-{suffix}") if suffix > 1 else header
    return checked(numbered, _lines(rows), **arguments)


def _assign(rows: Iterable[ReadRow], decision: Entry) -> None:
    for row in rows:
        row.decision_id = decision.id


async def _post_by_day(
    session: AsyncSession, rows: Sequence[ReadRow], number: str, arguments: Mapping[str, Any]
) -> list[Entry]:
    """Post day by day; starts again without a voucher whose later day is short of money."""
    vouchers = by_voucher(rows)
    while True:
        try:
            async with session.begin_nested():
                decisions: list[Entry] = []
                for header, together in _days(rows, number):
                    decisions += await _post_day(session, together, vouchers, header, arguments)
                return decisions
        except _PostedInPart:
            _clear_rolled_back(rows)


def _days(rows: Iterable[ReadRow], number: str) -> list[tuple[Header, list[ReadRow]]]:
    """Rows by day and kind, in the order of posting: payments first."""
    by_day = sorted(_by_day(rows).items())
    return [(Header(kind, number, day, day), together) for (day, _, kind), together in by_day]


def _by_day(rows: Iterable[ReadRow]) -> Mapping[tuple[date, bool, Kind], list[ReadRow]]:
    """Rows by day and kind, payments first."""
    days: dict[tuple[date, bool, Kind], list[ReadRow]] = defaultdict(list)
    for row in rows:
        if row.outcome == "accepted" and row.day is not None:
            days[row.day, row.kind is Kind.RECOVER, row.kind].append(row)
    return days


async def _post_day(
    session: AsyncSession,
    rows: Sequence[ReadRow],
    vouchers: Mapping[Voucher, Sequence[ReadRow]],
    header: Header,
    arguments: Mapping[str, Any],
) -> list[Entry]:
    """Post a day's rows of one kind, except vouchers short of money, under the next free number."""
    decisions: list[Entry] = []
    suffix = 1
    while together := next_part(rows):
        decision = _decision(together, header, suffix, arguments)
        try:
            await post(session, decision, at=arguments["at"])
        except DocumentPosted:
            suffix += 1
            continue
        except Insufficient as refusal:
            refused = refuse_short(together, refusal.shortages, vouchers)
            if any(row.decision_id is not None for row in refused):
                raise _PostedInPart from refusal
            continue
        _assign(together, decision)
        decisions.append(decision)
        suffix += 1
    return decisions


def _clear_rolled_back(rows: Iterable[ReadRow]) -> None:
    """Clear the decision ids of postings that were rolled back."""
    for row in rows:
        row.decision_id = row.decision_id if row.outcome == "unchanged" else None


async def _record_voucher_lines(
    session: AsyncSession, rows: Iterable[ReadRow], decisions: Sequence[Entry]
) -> None:
    """Insert the decision and the line of each posted row; `rows` are in the order of the decisions' lines."""
    numbers = {decision.id: count(1) for decision in decisions}
    lines = []
    for row in rows:
        if row.decision_id not in numbers:
            continue
        assert row.voucher is not None and row.line is not None  # noqa: PT018, S101 - an accepted row has both
        agency_code, form = row.voucher
        lines.append(
            {
                "decision_id": row.decision_id,
                "line": next(numbers[row.decision_id]),
                "year": row.line.year,
                "agency_code": agency_code,
                "reference": row.reference,
                "normal_form": form,
                "fingerprint": row.fingerprint,
            }
        )
    await session.execute(insert(VoucherLine), lines)
