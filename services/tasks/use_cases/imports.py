"""Importing an annex: every row accepted, unchanged or refused with its reason; all of it, or as the office asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.commands import NewAssignment, NewCitation, NewTask, Role, check_assigned_on
from services.tasks.domain.imports import Problem, ReadRow
from services.tasks.tables import Task
from services.tasks.use_cases.tasks import IMPORTED, create_task, members_of
from shared.audit import Actor, add_audit
from shared.clock import local_date
from shared.errors import Refusal

Outcome = Literal["accepted", "refused", "unchanged"]


@dataclass(slots=True)
class RowReport:
    """What became of one row."""

    row: int
    ref: str | None
    title: str
    outcome: Outcome
    task_id: UUID | None = None
    members: int = 0
    kind: Literal["dated", "standing"] | None = None
    due_on: date | None = None
    flags: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Import:
    """Where the rows belong: a programme, and the document that gives them."""

    programme_code: str
    document_code: str
    assigned_on: date


async def import_rows(
    session: AsyncSession,
    target: Import,
    rows: Sequence[ReadRow],
    *,
    dry_run: bool,
    partial: bool,
    actor: Actor,
    at: datetime,
) -> tuple[list[RowReport], bool]:
    """Import rows; the report of each, and whether anything was written.

    A refused row keeps the whole file out unless `partial`. A dry run does all the work and takes it back, so that
    its report is the real one.
    """
    check_assigned_on(target.assigned_on, local_date(at), "document")
    savepoint = await session.begin_nested()
    reports = await _import_all(session, target, rows, actor=actor, at=at)
    counts = {
        word: sum(report.outcome == word for report in reports)
        for word in ("accepted", "refused", "unchanged")
    }
    written = not dry_run and counts["accepted"] > 0 and (partial or not counts["refused"])
    if not written:
        await savepoint.rollback()
        return reports, False
    await savepoint.commit()
    await add_audit(session, actor, "import", "document", target.document_code, at=at, **counts)
    return reports, True


async def _import_all(
    session: AsyncSession, target: Import, rows: Sequence[ReadRow], *, actor: Actor, at: datetime
) -> list[RowReport]:
    known = await _known(session, [row.key for row in rows])
    first_row: dict[str, int] = {}
    reports = []
    for row in rows:
        report = RowReport(
            row.number,
            row.ref,
            row.title,
            "refused",
            kind="standing" if row.standing else "dated",
            due_on=row.reading.due_on,
            flags=[flag.value for flag in row.reading.flags],
            problems=list(row.problems),
            warnings=list(row.warnings),
        )
        reports.append(report)
        if row.key in first_row:
            report.problems.append(_repeated(first_row[row.key]))
        first_row.setdefault(row.key, row.number)
        if row.key in known:
            report.task_id, digest = known[row.key]
            if digest == row.digest and not report.problems:
                report.outcome = "unchanged"
            elif digest != row.digest:
                report.problems.append(_changed(report.task_id))
        if report.outcome == "unchanged" or report.problems:
            continue
        await _accept(session, target, row, report, actor=actor, at=at)
    return reports


async def _known(session: AsyncSession, keys: Sequence[str]) -> dict[str, tuple[UUID, str | None]]:
    found = await session.execute(
        select(Task.import_key, Task.id, Task.import_digest).where(Task.import_key.in_(keys))
    )
    return {row.import_key: (row.id, row.import_digest) for row in found if row.import_key}


async def _accept(
    session: AsyncSession, target: Import, row: ReadRow, report: RowReport, *, actor: Actor, at: datetime
) -> None:
    members = await members_of(session, row.group_codes, target.assigned_on) if row.group_codes else ()
    everyone = tuple(dict.fromkeys((*row.listed_codes, *members)))
    new = NewTask(
        title=row.title,
        programme_code=target.programme_code,
        standing=row.standing,
        reading=row.reading,
        deliverable=row.deliverable,
        priority=row.priority,
        assignments=_assignments(row, everyone),
        citations=(NewCitation(target.document_code, row.ref),),
        assigned_on=target.assigned_on,
        members=everyone if len(everyone) > 1 else (),
        lead_text=row.lead_text,
        coordinate_text=row.coordinate_text,
        import_key=row.key,
        import_digest=row.digest,
    )
    try:
        await create_task(session, new, actor=actor, at=at)
    except Refusal as refusal:
        name = refusal.field or "row"
        report.problems.append(Problem(name, refusal.code, refusal.vi, refusal.en))
        return
    report.outcome = "accepted"
    report.task_id = uuid5(IMPORTED, row.key)
    report.members = len(new.members)


def _assignments(row: ReadRow, everyone: Sequence[str]) -> tuple[NewAssignment, ...]:
    """A group of one is simply its member."""
    if len(everyone) == 1:
        others = (item for item in row.assignments if item.agency_code != everyone[0])
        return (NewAssignment(everyone[0], Role.LEAD), *others)
    return row.assignments


def _repeated(first: int) -> Problem:
    return Problem(
        "ref",
        "row_repeated",
        f"Trùng với dòng {first}: mỗi nhiệm vụ một dòng, số thứ tự không lặp.",
        f"The same as row {first}: one row per task, references do not repeat.",
    )


def _changed(task_id: UUID | None) -> Problem:
    return Problem(
        "ref",
        "row_changed",
        f"Dòng này đã nhập với nội dung khác (nhiệm vụ {task_id}): sửa nhiệm vụ đó, hoặc gia hạn nếu đổi thời hạn.",
        f"This row was imported before with other words (task {task_id}): amend that task, or extend its deadline.",
    )
