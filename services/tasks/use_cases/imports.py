"""Importing an annex: every row accepted, unchanged or refused with a reason; all of it, or the accepted rows.

`judge_annex` judges the rows before the transaction begins, since that takes long; in it `import_annex` compares the
records by which it did so with those of then, and writes.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.annexes.recognition import KnownTask
from services.tasks.domain.tasks import NewTask, check_assigned_on
from services.tasks.use_cases.annexes import Annex
from services.tasks.use_cases.groups import members_of
from services.tasks.use_cases.new_tasks import make_new_tasks, project_new_tasks, stage_new_tasks
from services.tasks.use_cases.origins import (
    RowOrigin,
    known_tasks,
    lock_document,
    recognise,
    require_annex,
    stage_origins,
    write_origins,
)
from services.tasks.use_cases.row_reports import RowJudge, RowReport
from shared.imports.overtaken import overtaken
from shared.runtime.audit import Actor, add_audit
from shared.runtime.database import Database, LateChange


@dataclass(frozen=True, slots=True)
class Basis:
    """The records by which rows are judged: tasks of the document's earlier imports, and members of groups."""

    known: list[KnownTask]
    members: dict[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class JudgedAnnex:
    """The report of each row, the tasks missing from the annexes, and what is to be written."""

    annex: Annex
    basis: Basis
    reports: Sequence[RowReport]
    missing: Sequence[KnownTask]
    accepted: Sequence[NewTask]
    learned: Sequence[RowOrigin]

    def is_written(self, *, dry_run: bool, partial: bool) -> bool:
        """A refused row, or one that is a question, prevents all writes unless `partial`."""
        waiting = any(report.outcome in {"refused", "question"} for report in self.reports)
        return bool(self.accepted or self.learned) and not dry_run and (partial or not waiting)


async def judge_annex(database: Database, annex: Annex, *, today: date) -> JudgedAnnex:
    """Judge all rows, before the transaction begins; the import's own writes cannot change the judgement.

    Raises:
        InvalidInput: the document is of a later day; annex_was_unknown.
        TooLarge: too_many_tasks.
    """
    check_assigned_on(annex.source.issued_on, today, "document")
    async with database.reading() as connection, AsyncSession(connection) as session:
        basis = await _basis(session, annex)
    if annex.was is not None:
        require_annex(basis.known, annex.was)
    return await asyncio.to_thread(_judge, annex, basis)


async def _basis(session: AsyncSession, annex: Annex) -> Basis:
    source = annex.source
    groups = {codes for row in annex.rows for codes, _ in row.assigned.groups}
    return Basis(
        await known_tasks(session, source.programme_code, source.document_code),
        {codes: await members_of(session, codes, source.issued_on) for codes in sorted(groups)},
    )


def _judge(annex: Annex, basis: Basis) -> JudgedAnnex:
    answers = {n: row.answer for n, row in enumerate(annex.rows) if row.answer is not None}
    recognised, missing = recognise(annex.rows, basis.known, answers, annex.was)
    judge = RowJudge(annex.source, basis.members, {task.id for task in basis.known}, annex.rows)
    return JudgedAnnex(annex, basis, judge.reports(recognised), missing, judge.accepted, judge.learned)


async def import_annex(change: LateChange, judged: JudgedAnnex, *, actor: Actor) -> None:
    """Write the accepted tasks and the origins of known ones. A refusal rolls back the caller's transaction.

    Raises Overtaken where a concurrent change would change the judgement.
    """
    session = change.session
    document = judged.annex.source.document_code
    await lock_document(session, document)
    if await _basis(session, judged.annex) != judged.basis:
        raise overtaken()
    count = await stage_new_tasks(session, judged.accepted)
    await stage_origins(session, document, judged.learned)
    at = await change.announce()
    await make_new_tasks(session, count, actor=actor, at=at)
    await project_new_tasks(session, count)
    await write_origins(session, at=at)
    counts = Counter(report.outcome for report in judged.reports)
    detail = {word: counts[word] for word in ("accepted", "refused", "unchanged", "question")}
    await add_audit(session, actor, "import", "document", document, at=at, **detail)
