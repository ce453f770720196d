"""Loading the sample tasks, dated around the day of the first start; see samples/README.md."""

import csv
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.assignments import NewAssignment, Role
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.submissions import NewEvidence, NewSubmission
from services.tasks.domain.tasks import NewCitation, NewTask
from services.tasks.tables import Group, Task
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.endings import cancel_task
from services.tasks.use_cases.extensions import extend_deadline
from services.tasks.use_cases.groups import members_of
from services.tasks.use_cases.submissions import decide_submission, submit_completion
from services.tasks.use_cases.tasks import create_task
from shared.events import tasks as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date

SAMPLES = Path(__file__).parent.parent / "samples"
EXTENDING_DOCUMENT = "MAU-02/QD"
MONTHS = 12
_TEMPLATE = re.compile(r"\{(day|month|quarter|year)([+-]\d+)\}")
_QUARTERS = ("I", "II", "III", "IV")
_PAST = re.compile(r"(accepted|extended|submitted|returned|cancelled)([+-]\d+)?")


@dataclass(frozen=True, slots=True)
class _Run:
    session: AsyncSession
    actor: Actor
    at: datetime

    @property
    def today(self) -> date:
        return local_date(self.at)


async def load_samples(
    session: AsyncSession, *, actor: Actor, at: datetime, before_includes_day: bool
) -> None:
    """Record the sample programmes, documents and tasks, with their extensions, submissions and cancellations."""
    run = _Run(session, actor, at)
    for row in _rows("programmes.csv", run.today):
        await record_programme(session, events.ProgrammeRecorded.model_validate(row), actor, at)
    issued: dict[str, date] = {}
    for row in _rows("documents.csv", run.today):
        issued[row["code"]] = datetime.strptime(row["issued_on"], "%d/%m/%Y").date()  # noqa: DTZ007 - a day only
        state = events.DocumentRecorded.model_validate({**row, "issued_on": issued[row["code"]]})
        await record_document(session, state, actor, at)
    groups = set(await session.scalars(select(Group.code)))
    for row in _rows("tasks.csv", run.today):
        task = await _create(
            run, row, issued[row["document"]], groups, before_includes_day=before_includes_day
        )
        await _apply_past(run, task, row["past"])


async def _create(
    run: _Run, row: dict[str, str], issued_on: date, groups: set[str], *, before_includes_day: bool
) -> Task:
    reading = read_deadline(row["deadline_text"], issued_on, before_includes_day=before_includes_day)
    to_group = row["lead"] in groups
    members = await members_of(run.session, [row["lead"]], run.today) if to_group else ()
    helpers = [code for code in row["coordinate"].split(";") if code]
    assignments = [NewAssignment(code, Role.COORDINATE) for code in helpers]
    if not to_group:
        assignments.insert(0, NewAssignment(row["lead"], Role.LEAD))
    new = NewTask(
        title=row["title"],
        programme_code=row["programme"],
        standing=reading.standing,
        reading=reading,
        deliverable=row["deliverable"],
        priority=row["priority"],
        assignments=tuple(assignments),
        citations=(NewCitation(row["document"], row["clause"]),),
        assigned_on=issued_on,
        members=members,
    )
    return await create_task(run.session, new, actor=run.actor, at=run.at)


async def _apply_past(run: _Run, task: Task, past: str) -> None:
    if not (match := _PAST.fullmatch(past)):
        return
    what, days = match[1], timedelta(days=int(match[2] or 0))
    due_on = task.due_on or run.today
    if what == "extended":
        day = due_on + days
        reading = read_deadline(f"chậm nhất ngày {day:%d/%m/%Y}")
        reason = "Chờ tiêu chuẩn dữ liệu được ban hành"
        await extend_deadline(
            run.session,
            task.id,
            reading,
            reason=reason,
            document_code=EXTENDING_DOCUMENT,
            actor=run.actor,
            at=run.at,
        )
    elif what == "cancelled":
        reason = "Đã gộp vào nhiệm vụ khác của Văn phòng Chính phủ"
        await cancel_task(run.session, task.id, reason=reason, actor=run.actor, at=run.at)
    else:
        await _report(run, task, min(due_on + days, run.today), what)


async def _report(run: _Run, task: Task, completed_on: date, outcome: str) -> None:
    new = NewSubmission(
        agency_code=task.assignments[0].agency_code,
        completed_on=completed_on,
        summary=f"Đã hoàn thành: {task.deliverable}",
        evidence=(NewEvidence("document", "MAU/BC", "Báo cáo kết quả (mẫu)"),),
    )
    submission = await submit_completion(run.session, task.id, new, actor=run.actor, at=run.at)
    if outcome == "submitted":
        return
    accept = outcome == "accepted"
    reason = None if accept else "Minh chứng chưa có văn bản ban hành kiến trúc"
    await decide_submission(
        run.session, submission.id, accept=accept, reason=reason, actor=run.actor, at=run.at
    )


def _rows(name: str, today: date) -> list[dict[str, str]]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        return [{key: fill(value, today) for key, value in row.items()} for row in csv.DictReader(file)]


def fill(text: str, today: date) -> str:
    """Fill the days of a template, relative to `today`."""
    return _TEMPLATE.sub(lambda match: _written(match[1], int(match[2]), today), text)


def _written(unit: str, offset: int, today: date) -> str:
    if unit == "day":
        return f"{today + timedelta(days=offset):%d/%m/%Y}"
    if unit == "year":
        return str(today.year + offset)
    months = offset * (3 if unit == "quarter" else 1)
    year, month = divmod(today.year * MONTHS + today.month - 1 + months, MONTHS)
    return f"{month + 1}/{year}" if unit == "month" else f"quý {_QUARTERS[month // 3]}/{year}"
