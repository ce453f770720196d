"""Assigning, reading, amending, extending and cancelling tasks."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from services.tasks.api.common import (
    DEFAULT_PAGE,
    CurrentRules,
    Limit,
    Manager,
    Moment,
    PageCursor,
    Reader,
    Rules,
    moment_of_change,
    resolve_assignments,
)
from services.tasks.domain.commands import NewCitation, NewTask
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.imports import STANDING_KINDS
from services.tasks.domain.naming_text import fold
from services.tasks.domain.status import Status
from services.tasks.queries import tasks as read
from services.tasks.schemas import (
    CancellationIn,
    DeadlineRevision,
    ExtensionIn,
    HistoryEntry,
    ReadingIn,
    ReadingOut,
    SubmissionOut,
    TaskChange,
    TaskHistory,
    TaskIn,
    TaskOut,
    TaskPage,
    task_members,
)
from services.tasks.use_cases import records
from services.tasks.use_cases import tasks as use_cases
from shared.app import (
    Context,
    CurrentActor,
    CurrentContext,
    ExpectedVersion,
    Reading,
    Session,
    service_router,
    set_etag,
)
from shared.clock import local_date
from shared.errors import NotFound
from shared.events.tasks import Role
from shared.pagination import cut_page, decode_cursor, encode_cursor, link_next
from shared.problems import documented

router = service_router("tasks")


@router.post("/deadline-readings", tags=["deadlines"])
async def read_deadline_text(body: ReadingIn, rules: CurrentRules, _: Reader) -> ReadingOut:
    """What a deadline says, without recording anything."""
    reading = read_deadline(body.text, body.issued_on, before_includes_day=rules.before_includes_day)
    return ReadingOut.model_validate(asdict(reading))


@router.post("/tasks", status_code=201, tags=["tasks"])
async def create_task(
    body: TaskIn,
    response: Response,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    rules: CurrentRules,
    _: Manager,
) -> TaskOut:
    new = await _new_task(session, body, context, rules)
    task = await use_cases.create_task(session, new, actor=actor, at=context.clock.now())
    response.headers["Location"] = f"/tasks/v1/tasks/{task.id}"
    return await _answer(session, task.id, context, rules, response)


async def _new_task(
    session: AsyncSession, body: TaskIn, context: CurrentContext, rules: CurrentRules
) -> NewTask:
    issued_on = None
    if body.citations:
        code = body.citations[0].document_code
        issued_on = (await records.require_document(session, code, "citations.0.document_code")).issued_on
    reading = read_deadline(body.deadline_text, issued_on, before_includes_day=rules.before_includes_day)
    assigned_on = body.assigned_on or issued_on or local_date(context.clock.now())
    assignments, members = await resolve_assignments(session, body.assignments, assigned_on)
    return NewTask(
        title=body.title,
        programme_code=body.programme,
        standing=body.kind == "standing" if body.kind else reading.kind in STANDING_KINDS,
        reading=reading,
        deliverable=body.deliverable,
        priority=body.priority,
        assignments=assignments,
        citations=tuple(NewCitation(item.document_code, item.clause) for item in body.citations),
        assigned_on=assigned_on,
        members=members,
    )


async def _answer(
    session: AsyncSession, task_id: UUID, context: Context, rules: Rules, response: Response
) -> TaskOut:
    """The task as the change left it, read in the change's own transaction."""
    await session.flush()
    return await _read(await session.connection(), task_id, moment_of_change(context, rules), response)


async def _read(
    connection: AsyncConnection, task_id: UUID, moment: Mapping[str, Any], response: Response
) -> TaskOut:
    row = await read.get_task(connection, task_id, moment)
    if row is None:
        raise NotFound(
            "task_unknown",
            f"Không có nhiệm vụ {task_id} tính đến {moment['as_of']:%d/%m/%Y}: kiểm tra mã, as_of và known_at.",
            f"There is no task {task_id} as of {moment['as_of']}: check the id, as_of and known_at.",
        )
    set_etag(response, row.version)
    return TaskOut.of(row)


@router.get("/tasks", tags=["tasks"], response_model=TaskPage)
async def list_tasks(
    request: Request,
    connection: Reading,
    _: Reader,
    moment: Moment,
    status: Annotated[list[Status] | None, Query(max_length=8, description="any of these")] = None,
    agency: Annotated[str | None, Query(max_length=64)] = None,
    role: Role | None = None,
    document: Annotated[str | None, Query(max_length=64)] = None,
    programme: Annotated[str | None, Query(max_length=64)] = None,
    parent: Annotated[UUID | None, Query(description="only the members' tasks of this one")] = None,
    due_before: date | None = None,
    due_after: date | None = None,
    q: Annotated[
        str | None, Query(max_length=200, description="words of the title or deliverable, accents optional")
    ] = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> Response:
    """Tasks by their due date of today, those without one last. Filters hold together.

    Without `agency` or `parent` a group's members stay behind their parent.
    """
    wanted = {
        "status": [word.value for word in status or ()],
        "agency": agency,
        "role": role,
        "document": document,
        "programme": programme,
        "parent": parent,
        "due_before": due_before,
        "due_after": due_after,
        "words": fold(q).split()[:MOST_WORDS] if q else (),
    }
    after = _place(cursor)
    page, last = cut_page(await read.list_tasks(connection, wanted, moment, after=after, limit=limit), limit)
    next_cursor = encode_cursor(last.due_on_now or NO_DATE, last.id) if last else None
    body = to_json({"items": [task_members(row) for row in page], "next_cursor": next_cursor})
    response = Response(body, media_type="application/json")
    link_next(request, response, next_cursor)
    return response


NO_DATE = "-"
MOST_WORDS = 10  # of a search; more narrow nothing down


def _place(cursor: str | None) -> tuple[date | None, UUID] | None:
    if cursor is None:
        return None
    day, task_id = decode_cursor(cursor, str, UUID)
    return (None if day == NO_DATE else decode_cursor(encode_cursor(day), date)[0]), task_id


@router.get("/tasks/{task_id}", tags=["tasks"], responses=documented(404))
async def get_task(
    task_id: UUID, response: Response, connection: Reading, _: Reader, moment: Moment
) -> TaskOut:
    return await _read(connection, task_id, moment, response)


@router.patch("/tasks/{task_id}", tags=["tasks"], responses=documented(404, 409, 412, 428))
async def amend_task(
    task_id: UUID,
    body: TaskChange,
    response: Response,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    rules: CurrentRules,
    _: Manager,
    expected: ExpectedVersion,
) -> TaskOut:
    """Correct words or assignments, cite further documents, or give a date to a deadline that has none yet."""
    given = body.model_dump(exclude_unset=True)
    reading = None
    if body.deadline_text is not None:
        reading = read_deadline(body.deadline_text, before_includes_day=rules.before_includes_day)
    assignments = None
    if body.assignments is not None:
        assignments, _members = await resolve_assignments(
            session, body.assignments, local_date(context.clock.now())
        )
    await use_cases.amend_task(
        session,
        task_id,
        {name: given[name] for name in ("title", "deliverable", "priority") if name in given},
        reading=reading,
        assignments=assignments,
        citations=[NewCitation(item.document_code, item.clause) for item in body.citations],
        expected_version=expected,
        actor=actor,
        at=context.clock.now(),
    )
    return await _answer(session, task_id, context, rules, response)


@router.get("/tasks/{task_id}/history", tags=["tasks"], responses=documented(404))
async def get_history(
    task_id: UUID,
    request: Request,
    response: Response,
    connection: Reading,
    _: Reader,
    moment: Moment,
    limit: Limit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> TaskHistory:
    await _read(connection, task_id, moment, response)
    after = decode_cursor(cursor, int)[0] if cursor else 0
    page, last = cut_page(await read.task_history(connection, task_id, after=after, limit=limit), limit)
    next_cursor = encode_cursor(last.id) if last else None
    link_next(request, response, next_cursor)
    return TaskHistory(
        items=[HistoryEntry.model_validate(row) for row in page],
        next_cursor=next_cursor,
        deadlines=[
            DeadlineRevision.model_validate(row) for row in await read.task_deadlines(connection, task_id)
        ],
        submissions=[
            SubmissionOut.model_validate(row) for row in await read.task_submissions(connection, task_id)
        ],
    )


@router.post("/tasks/{task_id}/extensions", status_code=201, tags=["tasks"], responses=documented(404, 409))
async def extend_deadline(
    task_id: UUID,
    body: ExtensionIn,
    response: Response,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    rules: CurrentRules,
    _: Manager,
) -> TaskOut:
    document = await records.require_document(session, body.document_code)
    reading = read_deadline(
        body.deadline_text, document.issued_on, before_includes_day=rules.before_includes_day
    )
    detail = {"reason": body.reason, "document_code": body.document_code}
    await use_cases.extend_deadline(session, task_id, reading, actor=actor, at=context.clock.now(), **detail)
    return await _answer(session, task_id, context, rules, response)


@router.post("/tasks/{task_id}/cancellation", status_code=201, tags=["tasks"], responses=documented(404, 409))
async def cancel_task(
    task_id: UUID,
    body: CancellationIn,
    response: Response,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    rules: CurrentRules,
    _: Manager,
) -> TaskOut:
    await use_cases.cancel_task(session, task_id, reason=body.reason, actor=actor, at=context.clock.now())
    return await _answer(session, task_id, context, rules, response)
