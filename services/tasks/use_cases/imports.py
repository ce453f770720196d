"""Importing an annex: every row accepted, unchanged or refused with its reason; all of it, or as the office asks."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.commands import (
    NewCitation,
    NewTask,
    check_assigned_on,
    check_assignments,
)
from services.tasks.domain.imports import ReadRow
from services.tasks.tables import Task
from services.tasks.use_cases.annexes import Annex, Source
from services.tasks.use_cases.catalogue import members_of
from services.tasks.use_cases.records import tell_created
from services.tasks.use_cases.tasks import new_tasks, of_member, task_id_of
from shared.audit import Actor, add_audit
from shared.clock import local_date
from shared.errors import Refusal, TooLarge
from shared.rows import Problem

Outcome = Literal["accepted", "refused", "unchanged"]
MAX_TASKS = 200_000  # of one file, those of groups' members included: about two minutes of writing
_TOGETHER = 500  # tasks written by one set of statements: the process answers others in between
_LOOKED_UP = 10_000  # keys looked up by one statement; the driver's protocol allows 32,767 values


@dataclass(slots=True)
class RowReport:
    """What became of one row."""

    sheet: str
    row: int
    ref: str | None
    title: str
    outcome: Outcome
    task_id: UUID | None = None
    members: int = 0
    kind: Literal["dated", "standing"] | None = None
    due_on: date | None = None
    flags: list[str] = field(default_factory=list)
    unread_words: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


async def import_annex(
    session: AsyncSession, annex: Annex, *, dry_run: bool, partial: bool, actor: Actor, at: datetime
) -> tuple[list[RowReport], bool]:
    """Import rows; the report of each, and whether anything was written.

    A refused row keeps the whole file out unless `partial`. All rows are judged before the first is written, and
    what is written cannot change the judgement, so that a dry run gives the real run's report.
    """
    check_assigned_on(annex.source.issued_on, local_date(at), "document")
    known = await _known(session, [row.key for row in annex.rows])
    groups = {codes for row in annex.rows for codes, _ in row.assigned.groups}
    members = {codes: await members_of(session, codes, annex.source.issued_on) for codes in groups}
    judged = _Judge(annex.source, known, members)
    reports = await asyncio.to_thread(judged.reports, annex.rows)
    counts = {
        word: sum(report.outcome == word for report in reports)
        for word in ("accepted", "refused", "unchanged")
    }
    if dry_run or not judged.accepted or (counts["refused"] and not partial):
        return reports, False
    await _write(session, judged.accepted, actor=actor, at=at)
    await add_audit(session, actor, "import", "document", annex.source.document_code, at=at, **counts)
    return reports, True


async def _write(session: AsyncSession, accepted: Iterable[NewTask], *, actor: Actor, at: datetime) -> None:
    """A refusal here undoes the whole import: the caller's transaction ends with it."""
    tasks = chain.from_iterable(new_tasks(new, at=at) for new in accepted)
    while together := list(islice(tasks, _TOGETHER)):
        await tell_created(session, together, actor=actor, at=at)


async def _known(session: AsyncSession, keys: Sequence[str]) -> dict[str, tuple[UUID, str | None]]:
    known: dict[str, tuple[UUID, str | None]] = {}
    for start in range(0, len(keys), _LOOKED_UP):
        some = keys[start : start + _LOOKED_UP]
        found = await session.execute(
            select(Task.import_key, Task.id, Task.import_digest).where(Task.import_key.in_(some))
        )
        known |= {row.import_key: (row.id, row.import_digest) for row in found if row.import_key}
    return known


@dataclass
class _Judge:
    """Decides row by row, in the file's order, and keeps the tasks of those accepted."""

    source: Source
    known: dict[str, tuple[UUID, str | None]]
    members: dict[tuple[str, ...], tuple[str, ...]]
    accepted: list[NewTask] = field(default_factory=list)
    first_row: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def reports(self, rows: Sequence[ReadRow]) -> list[RowReport]:
        return [self._report(row) for row in rows]

    def _report(self, row: ReadRow) -> RowReport:
        report = RowReport(
            row.sheet,
            row.number,
            row.ref,
            row.title,
            "refused",
            kind="standing" if row.standing else "dated",
            due_on=row.reading.late_after,
            flags=[flag.value for flag in row.reading.flags],
            unread_words=list(row.reading.unread_words),
            problems=list(row.problems),
            warnings=list(row.warnings),
        )
        if row.key in self.first_row:
            report.problems.append(_repeated(self.first_row[row.key]))
        self.first_row.setdefault(row.key, row.number)
        if row.key in self.known:
            report.task_id, digest = self.known[row.key]
            if digest != row.digest:
                report.problems.append(_changed(report.task_id))
            elif not report.problems:
                report.outcome = "unchanged"
        elif not report.problems:
            self._accept(row, report)
        return report

    def _accept(self, row: ReadRow, report: RowReport) -> None:
        try:
            new = self._task(row)
        except Refusal as refusal:  # nothing was written yet
            name = refusal.field or "row"
            report.problems.append(Problem(name, refusal.code, refusal.vi, refusal.en))
            return
        self.count += 1 + len(new.members)
        if self.count > MAX_TASKS:
            raise _too_many_tasks(row.number)
        self.accepted.append(new)
        report.outcome = "accepted"
        report.task_id = task_id_of(row.key)
        report.members = len(new.members)

    def _task(self, row: ReadRow) -> NewTask:
        titles = dict(row.assigned.listed)
        for codes, title in row.assigned.groups:
            titles = dict.fromkeys(self.members[codes], title) | titles
        members = tuple(titles) if len(titles) > 1 else ()
        assignments = row.assigned.assignments
        if len(titles) == 1:  # a group of one is simply its member
            [(member, title)] = titles.items()
            assignments = of_member(member, title, assignments)
        check_assignments(assignments, members)
        return NewTask(
            title=row.title,
            programme_code=self.source.programme_code,
            standing=row.standing,
            reading=row.reading,
            deliverable=row.deliverable,
            priority=row.priority,
            assignments=assignments,
            citations=(NewCitation(self.source.document_code, row.ref),),
            assigned_on=self.source.issued_on,
            members=members,
            titles=titles,
            lead_text=row.lead_text,
            coordinate_text=row.coordinate_text,
            import_key=row.key,
            import_digest=row.digest,
        )


def _too_many_tasks(row: int) -> TooLarge:
    return TooLarge(
        "too_many_tasks",
        f"Tới dòng {row} tệp sinh hơn {MAX_TASKS} nhiệm vụ, tính cả thành viên các nhóm. Chia thành nhiều tệp.",
        f"Down to row {row} the file makes over {MAX_TASKS} tasks, groups' members included. Split it.",
        field="file",
    )


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
