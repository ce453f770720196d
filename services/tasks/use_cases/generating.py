# ruff: noqa: S311 - reproducible load, not a secret
"""Synthetic tasks for load tests and demonstrations, written as an import writes its own; some are done, some late."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ARRAY, Uuid, any_, case, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from services.tasks.domain.assignments import NewAssignment, Role
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.tasks import NewCitation, NewTask
from services.tasks.tables import Agency, Document, Programme, Task
from services.tasks.use_cases.documents import find_numbered, record_document, record_programme
from services.tasks.use_cases.new_tasks import EVENT, make_new_tasks, project_new_tasks, stage_new_tasks
from shared.errors import Conflict
from shared.events.tasks import DocumentRecorded, ProgrammeRecorded, TaskCompleted, TaskSubmitted
from shared.runtime.audit import Actor
from shared.runtime.database import LateChange
from shared.runtime.staging import copy_rows

PREFIX = "TONGHOP-"  # of the programmes of generated tasks
EARLIEST = timedelta(days=400)  # before the middle, tasks are assigned
_NAMESPACE = UUID("0b0c6a9e-52b4-5a07-9d0e-3a3f8f0f4c57")
_SPAN = (-300, 300)  # days of deadlines around the middle
_DONE = 0.45  # of the tasks whose deadline has passed, and a tenth of that of the others
_LATE = 0.2  # of those done
VERBS = ("Xây dựng", "Hoàn thiện", "Rà soát", "Triển khai", "Kết nối", "Chuẩn hóa", "Công bố", "Đánh giá")
THINGS = (
    "cơ sở dữ liệu chuyên ngành", "quy trình dịch vụ công", "nền tảng số dùng chung", "kế hoạch chuyển đổi số",
    "danh mục dữ liệu mở", "hạ tầng tính toán", "chương trình đào tạo kỹ năng số", "quy chuẩn an toàn thông tin",
)  # fmt: skip
FIELDS = (
    "y tế", "giáo dục", "đất đai", "giao thông", "nông nghiệp", "tư pháp", "tài chính", "văn hóa", "lao động",
)  # fmt: skip
DELIVERABLES = (
    "Đề án", "Quyết định", "Báo cáo", "Văn bản hướng dẫn", "Nền tảng vận hành", "Biên bản kết nối",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Generated:
    """A synthetic task; `completed_on` of one that is done."""

    new: NewTask
    completed_on: date | None


def synthetic_tasks(
    number: int, seed: int, codes: Sequence[str], middle: date, today: date
) -> Iterator[Generated]:
    """`number` tasks of the agencies `codes`, the same for the same arguments; deadlines lie around `middle`."""
    draw = random.Random(seed)
    cited = (NewCitation(document_of(seed, middle)),)
    for n in range(1, number + 1):
        lead, *others = draw.sample(codes, min(len(codes), draw.choice((1, 1, 2, 3))))
        day = middle + timedelta(days=draw.randint(*_SPAN))
        reading = _read(_words(draw, day), middle - EARLIEST)
        new = NewTask(
            title=f"{draw.choice(VERBS)} {draw.choice(THINGS)} lĩnh vực {draw.choice(FIELDS)} (mẫu {n})",
            programme_code=f"{PREFIX}{seed}",
            standing=reading.standing,
            reading=reading,
            deliverable=draw.choice(DELIVERABLES),
            priority=draw.choice(("normal", "normal", "normal", "high", "urgent")),
            assignments=(
                NewAssignment(lead, Role.LEAD),
                *(NewAssignment(code, Role.COORDINATE) for code in others),
            ),
            citations=cited,
            assigned_on=middle - EARLIEST,
            id=uuid5(_NAMESPACE, f"{seed} {middle} {n}"),
        )
        yield Generated(new, _completed_on(draw, new, today))


def document_of(seed: int, middle: date) -> str:
    return f"{PREFIX}{seed}/{middle:%d%m%Y}"


def _completed_on(draw: random.Random, new: NewTask, today: date) -> date | None:
    """Two draws for every task, so that what follows is the same whatever today is."""
    done, late, days = draw.random(), draw.random() < _LATE, draw.randint(1, 60)
    due = new.reading.late_after
    if due is None or new.standing or done >= (_DONE if due < today else _DONE / 10):
        return None
    day = due + timedelta(days=days if late else -days)
    return day if new.assigned_on <= day <= today else None


def _words(draw: random.Random, day: date) -> str:
    """About a quarter are standing or recurring, as in the real programme (374 of 1,630)."""
    quarter = ("I", "II", "III", "IV")[(day.month - 1) // 3]
    forms = (
        f"trước ngày {day:%d/%m/%Y}", f"chậm nhất ngày {day:%d/%m/%Y}", f"hoàn thành trong tháng {day.month}/{day.year}",
        f"Tháng {day.month}/{day.year}", f"hoàn thành trong quý {quarter}/{day.year}", f"cuối năm {day.year}",
        f"từ ngày {day:%d/%m/%Y}", "khẩn trương", "thường xuyên", "báo cáo hằng tháng", "định kỳ hằng quý",
    )  # fmt: skip
    return draw.choice(forms)


@lru_cache(maxsize=4096)  # of 600 days in 11 forms most come back
def _read(words: str, assigned_on: date) -> Any:
    return read_deadline(words, assigned_on, before_includes_day=False)


async def agencies(connection: AsyncConnection, number: int | None) -> list[str]:
    """Codes of agencies in force: central, then provinces; with a number so many, communes too."""
    rank = case({"central": 1, "province": 2}, value=Agency.level, else_=3)
    found = select(Agency.code).order_by(rank, Agency.code)
    found = found.where(rank < literal(3)) if number is None else found.limit(number)
    return list((await connection.execute(found)).scalars())


async def require_no_others(connection: AsyncConnection) -> None:
    """Raises Conflict real_tasks where tasks of other programmes are recorded."""
    others = select(Task.id).where(~Task.programme_code.startswith(PREFIX)).limit(1)
    if (await connection.execute(others)).first():
        raise Conflict(
            "real_tasks",
            "Đã có nhiệm vụ không phải dữ liệu tổng hợp: dữ liệu sinh ra sẽ lẫn vào và không xóa được. Dùng cơ sở dữ liệu khác, "
            "hoặc thêm --beside-real-tasks.",
            "There are tasks that were not generated: generated ones would stand among them for ever. Use another database, or "
            "add --beside-real-tasks.",
        )


async def record_basis(session: AsyncSession, seed: int, middle: date, *, actor: Actor, at: datetime) -> None:
    """The programme and the document of generated tasks, unless they are recorded."""
    title = f"Dữ liệu tổng hợp {seed}"
    programme = ProgrammeRecorded(code=f"{PREFIX}{seed}", title=title)
    document = DocumentRecorded(
        code=document_of(seed, middle), type="Kế hoạch", issued_on=middle - EARLIEST, title=title
    )
    if await find_numbered(session, Programme, programme.code) is None:
        await record_programme(session, programme, actor, at, similar_is_meant=True)
    if await find_numbered(session, Document, document.code) is None:
        await record_document(session, document, actor, at, similar_is_meant=True)


async def write_generated(change: LateChange, wanted: Sequence[Generated], *, actor: Actor) -> int:
    """Write those that are not recorded yet; returns their number."""
    session = change.session
    ids = literal([each.new.id for each in wanted], ARRAY(Uuid))
    known = set(await session.scalars(select(Task.id).where(Task.id == any_(ids))))
    missing = [each for each in wanted if each.new.id not in known]
    count = await stage_new_tasks(session, [each.new for each in missing])
    await session.execute(_CREATE)
    done = (
        (
            each.new.id,
            uuid5(_NAMESPACE, str(each.new.id)),
            each.new.assignments[0].agency_code,
            each.completed_on,
        )
        for each in missing
        if each.completed_on
    )
    await copy_rows(session, "done", ("id", "submission_id", "agency_code", "completed_on"), done)
    at = await change.announce()
    await make_new_tasks(session, count, actor=actor, at=at)
    for statement in _COMPLETE:
        await session.execute(statement, {"at": at, "actor": actor.name})
    await project_new_tasks(session, count)
    return count


_CREATE = text(
    "CREATE TEMPORARY TABLE done (id uuid PRIMARY KEY, submission_id uuid, agency_code text, completed_on date) ON COMMIT DROP"
)


def _event(kind: str, version: int, changed: str, detail: str) -> str:
    """SQL that adds the event of a change to the log, with the state of the task after it, and its audit entry."""
    action = kind.split(".")[-2]
    return f"""
        WITH changes AS (
            SELECT n, id, {detail} AS detail, ({EVENT}) -> 'task' || jsonb_build_object('version', {version} {changed}) AS task
            FROM new_tasks JOIN done USING (id)
        ), audited AS (
            INSERT INTO audit (at, actor, action, entity, entity_id, detail)
            SELECT CAST(:at AS timestamptz), CAST(:actor AS text), '{action}', 'task', id::text, detail || '{{"version": {version}}}' FROM changes ORDER BY n
        )
        INSERT INTO outbox (event_id, type, subject, version, time, data)
        SELECT gen_random_uuid(), '{kind}', id::text, {version}, CAST(:at AS timestamptz), detail || jsonb_build_object('task', task)
        FROM changes ORDER BY n
    """  # noqa: S608 - SQL of this file


_DETAIL = "jsonb_build_object('submission_id', submission_id, 'completed_on', done.completed_on, {})"
_COMPLETE = [
    text(statement)
    for statement in (
        """
        INSERT INTO submissions (id, task_id, agency_code, completed_on, summary, submitted_at, decision, decided_at)
        SELECT submission_id, id, agency_code, completed_on, 'Đã hoàn thành', instant, 'accept', instant FROM done, CAST(:at AS timestamptz) instant
        """,
        """
        INSERT INTO evidence (submission_id, position, kind, reference, title)
        SELECT submission_id, 1, 'document', '1/BC', 'Báo cáo kết quả' FROM done
        """,
        """
        UPDATE tasks SET state = 'completed', completed_on = done.completed_on, version = 3
        FROM done WHERE tasks.id = done.id
        """,
        _event(TaskSubmitted.event_type, 2, "", _DETAIL.format("'agency_code', agency_code")),
        _event(
            TaskCompleted.event_type,
            3,
            ", 'state', 'completed', 'completed_on', done.completed_on",
            _DETAIL.format("'accepted_at', CAST(:at AS timestamptz)"),
        ),
    )
]
