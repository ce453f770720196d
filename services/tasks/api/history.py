"""Route of a task's history."""

from functools import partial
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.api.dependencies import (
    Asked,
    ConcernedReader,
    find_task,
)
from services.tasks.queries.deadlines import task_deadlines
from services.tasks.queries.history import task_history
from services.tasks.queries.submissions import task_submissions
from services.tasks.schemas.deadlines import DeadlineRevision
from services.tasks.schemas.history import HistoryEntry, TaskHistory
from services.tasks.schemas.submissions import SubmissionOut
from shared.http.openapi import sent
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer
from shared.http.preconditions import set_etag
from shared.http.problems import documented
from shared.http.routes import ReadConnection, service_router

router = service_router("tasks")


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
    caller: ConcernedReader,
    asked: Asked,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Lịch sử của một nhiệm vụ. / The history of a task.

    Từng thay đổi, cũ nhất trước, cùng mọi lần sửa thời hạn và báo cáo hoàn thành.

    Each change, oldest first, with every revision of its deadline and every submission; for those whom the task concerns.
    """
    viewer = caller.viewer
    task = await find_task(connection, task_id, asked, viewer)
    if not task.concerned:
        raise viewer.refusal()
    after = decode_after(cursor, int) or 0
    rows = await task_history(connection, task_id, after=after, limit=limit)
    facts = await _facts(connection, task_id)
    answer = page_answer(
        request, rows, limit, key=lambda row: (row.id,), view=partial(HistoryEntry.of, viewer), **facts
    )
    set_etag(answer, task.version)
    return answer


async def _facts(connection: AsyncConnection, task_id: UUID) -> dict[str, Any]:
    deadlines = await task_deadlines(connection, task_id)
    submissions = await task_submissions(connection, task_id)
    return {
        "deadlines": [DeadlineRevision.model_validate(row) for row in deadlines],
        "submissions": [SubmissionOut.model_validate(row) for row in submissions],
    }
