"""Assigning, reading, amending, extending and cancelling tasks."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.api.dependencies import (
    Asked,
    CurrentRules,
    Manager,
    Reader,
    asks_today,
    changed_task,
    find_task,
)
from services.tasks.api.task_requests import NO_DATE, Filters, amendment, new_task, place_after
from services.tasks.domain.deadlines import read_deadline
from services.tasks.queries import tasks as read
from services.tasks.schemas.deadlines import DeadlineRevision, ExtensionIn, ReadingIn, ReadingOut
from services.tasks.schemas.history import HistoryEntry, TaskHistory
from services.tasks.schemas.submissions import SubmissionOut
from services.tasks.schemas.tasks import (
    CancellationIn,
    TaskChange,
    TaskIn,
    TaskOut,
    TaskPage,
    task_members,
)
from services.tasks.use_cases import amendments, endings, extensions, tasks
from services.tasks.use_cases.documents import require_document
from shared.http.app import CurrentActor, CurrentChange, ReadConnection, service_router
from shared.http.openapi import sent
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer
from shared.http.preconditions import ExpectedVersion, set_etag
from shared.http.problems import documented

router = service_router("tasks")


@router.post("/deadline-readings", tags=["deadlines"])
async def read_deadline_text(body: ReadingIn, rules: CurrentRules, _: Reader) -> ReadingOut:
    """Đọc một thời hạn từ lời văn bản, không ghi gì. / Read a deadline from a document's words, without recording anything."""
    reading = read_deadline(body.text, body.issued_on, before_includes_day=rules.before_includes_day)
    return ReadingOut.model_validate(asdict(reading))


@router.post("/tasks", status_code=201, tags=["tasks"], responses=sent(201, "ETag", "Location"))
async def create_task(
    body: TaskIn,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    _: Manager,
) -> TaskOut:
    """Giao một nhiệm vụ. / Assign a task.

    Nhóm chủ trì thì mỗi thành viên có một nhiệm vụ riêng nằm dưới nhiệm vụ này.

    Where a group leads, each member gets a task of its own beneath this one.
    """
    new = await new_task(change, body, rules)
    task = await tasks.create_task(change.session, new, actor=actor, at=change.at)
    response.headers["Location"] = f"/tasks/v1/tasks/{task.id}"
    return await changed_task(change, task.id, rules, response)


@router.get("/tasks", tags=["tasks"], response_model=TaskPage)
async def list_tasks(
    request: Request,
    connection: ReadConnection,
    _: Reader,
    wanted: Filters,
    asked: Asked,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Danh sách nhiệm vụ theo thời hạn. / Tasks by due date.

    Nhiệm vụ không có ngày đứng cuối; các bộ lọc cùng có hiệu lực. Không có `agency` hoặc `parent` thì nhiệm vụ của thành viên nhóm nằm sau nhiệm vụ chung.

    Ordered by their due date of today, those without one last. Filters hold together. Without `agency` or `parent` a group's members stay behind their parent.
    """
    after, today = place_after(cursor), asks_today(request, asked)
    rows = await read.list_tasks(connection, wanted, asked, after=after, limit=limit, today=today)
    return page_answer(
        request, rows, limit, key=lambda row: (row.due_on_now or NO_DATE, row.id), view=task_members
    )


@router.get("/tasks/{task_id}", tags=["tasks"], responses=documented(404) | sent(200, "ETag"))
async def get_task(
    task_id: UUID, response: Response, connection: ReadConnection, _: Reader, asked: Asked
) -> TaskOut:
    """Một nhiệm vụ tại một ngày, theo điều đã biết. / A task as of a day, by what was known."""
    row = await find_task(connection, task_id, asked)
    set_etag(response, row.version)
    return TaskOut.of(row)


@router.patch(
    "/tasks/{task_id}", tags=["tasks"], responses=documented(404, 409, 412, 428) | sent(200, "ETag")
)
async def amend_task(
    task_id: UUID,
    body: TaskChange,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    _: Manager,
    expected: ExpectedVersion,
) -> TaskOut:
    """Sửa một nhiệm vụ. / Amend a task.

    Sửa lời văn hoặc phân công, dẫn thêm văn bản, hoặc ghi ngày cho thời hạn chưa có ngày.

    Correct words or assignments, cite further documents, or give a date to a deadline that has none yet.
    """
    wanted = await amendment(change, body, rules)
    await amendments.amend_task(
        change.session, task_id, wanted, expected_version=expected, actor=actor, at=change.at
    )
    return await changed_task(change, task_id, rules, response)


@router.get(
    "/tasks/{task_id}/history",
    tags=["tasks"],
    response_model=TaskHistory,
    responses=documented(404) | sent(200, "ETag"),
)
async def get_history(
    task_id: UUID,
    request: Request,
    connection: ReadConnection,
    _: Reader,
    asked: Asked,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Lịch sử của một nhiệm vụ. / The history of a task.

    Từng thay đổi, cũ nhất trước, cùng mọi lần sửa thời hạn và báo cáo hoàn thành.

    Each change, oldest first, with every revision of its deadline and every submission.
    """
    task = await find_task(connection, task_id, asked)
    after = decode_after(cursor, int) or 0
    rows = await read.task_history(connection, task_id, after=after, limit=limit)
    facts = await _facts(connection, task_id)
    answer = page_answer(
        request, rows, limit, key=lambda row: (row.id,), view=HistoryEntry.model_validate, **facts
    )
    set_etag(answer, task.version)
    return answer


async def _facts(connection: AsyncConnection, task_id: UUID) -> dict[str, Any]:
    deadlines = await read.task_deadlines(connection, task_id)
    submissions = await read.task_submissions(connection, task_id)
    return {
        "deadlines": [DeadlineRevision.model_validate(row) for row in deadlines],
        "submissions": [SubmissionOut.model_validate(row) for row in submissions],
    }


@router.post(
    "/tasks/{task_id}/extensions",
    status_code=201,
    tags=["tasks"],
    responses=documented(404, 409) | sent(201, "ETag"),
)
async def extend_deadline(
    task_id: UUID,
    body: ExtensionIn,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    _: Manager,
) -> TaskOut:
    """Gia hạn một nhiệm vụ theo văn bản cho phép. / Extend a deadline by the document that approves it."""
    document = await require_document(change.session, body.document_code)
    reading = read_deadline(
        body.deadline_text, document.issued_on, before_includes_day=rules.before_includes_day
    )
    detail = {"reason": body.reason, "document_code": body.document_code}
    await extensions.extend_deadline(change.session, task_id, reading, actor=actor, at=change.at, **detail)
    return await changed_task(change, task_id, rules, response)


@router.post(
    "/tasks/{task_id}/cancellation",
    status_code=201,
    tags=["tasks"],
    responses=documented(404, 409) | sent(201, "ETag"),
)
async def cancel_task(
    task_id: UUID,
    body: CancellationIn,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    _: Manager,
) -> TaskOut:
    """Hủy một nhiệm vụ, có nêu lý do. / Cancel a task, with the reason."""
    await endings.cancel_task(change.session, task_id, reason=body.reason, actor=actor, at=change.at)
    return await changed_task(change, task_id, rules, response)
