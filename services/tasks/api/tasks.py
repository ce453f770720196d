"""Routes of tasks: assigning, reading, amending and cancelling."""

from uuid import UUID

from fastapi import Request, Response

from services.tasks.api.dependencies import (
    Asked,
    CurrentManagedChange,
    TaskReader,
    asks_today,
    changed_task,
    find_task,
    task_today,
)
from services.tasks.api.task_requests import Filters, amendment, cursor_keys, new_task, place_after, place_of
from services.tasks.queries import projection
from services.tasks.queries import tasks as read
from services.tasks.schemas.tasks import (
    CancellationIn,
    TaskChange,
    TaskIn,
    TaskOut,
    TaskPage,
    task_members,
)
from services.tasks.use_cases import amendments, endings, tasks
from shared.http.openapi import sent
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, json_page, page_answer
from shared.http.preconditions import ExpectedVersion, set_etag
from shared.http.problems import documented
from shared.http.routes import ReadConnection, service_router

router = service_router("tasks")


@router.post(
    "/tasks",
    status_code=201,
    tags=["tasks"],
    response_model=TaskOut,
    responses=sent(201, "ETag", "Location"),
)
async def create_task(body: TaskIn, change: CurrentManagedChange) -> Response:
    """Giao một nhiệm vụ. / Assign a task.

    Nhóm chủ trì thì mỗi thành viên có một nhiệm vụ riêng nằm dưới nhiệm vụ này.

    Where a group leads, each member gets a task of its own beneath this one.
    """
    new = await new_task(change, body)
    task = await tasks.create_task(change.session, new, actor=change.actor, at=change.at)
    change.set_location(f"tasks/{task.id}")
    return await changed_task(change, task.id, 201)


@router.get("/tasks", tags=["tasks"], response_model=TaskPage)
async def list_tasks(
    request: Request,
    connection: ReadConnection,
    caller: TaskReader,
    wanted: Filters,
    asked: Asked,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Danh sách nhiệm vụ theo thời hạn. / Tasks by due date.

    Nhiệm vụ không có ngày đứng cuối; các bộ lọc cùng có hiệu lực. Không có `agency` hoặc `parent` thì nhiệm vụ của thành viên nhóm nằm sau nhiệm vụ chung.

    Ordered by today's due date, tasks without one last. Filters are combined with AND. Without `agency` or `parent` the tasks of a group's members are left out; their parent is listed.
    A bound key gets in full what concerns its agency and those below it, the others in their public form.
    """
    after, viewer = place_after(cursor), caller.viewer
    if asks_today(request, asked):
        items = await projection.list_tasks(connection, wanted, asked, viewer, after=after, limit=limit)
        return json_page(request, [(cursor_keys(place), json) for place, json in items], limit)
    rows = await read.list_tasks(connection, wanted, asked, viewer, after=after, limit=limit)
    return page_answer(request, rows, limit, key=lambda row: cursor_keys(place_of(row)), view=task_members)


@router.get(
    "/tasks/{task_id}",
    tags=["tasks"],
    response_model=TaskOut,
    responses=documented(404) | sent(200, "ETag"),
)
async def get_task(
    task_id: UUID,
    request: Request,
    response: Response,
    connection: ReadConnection,
    caller: TaskReader,
    asked: Asked,
) -> Response | TaskOut:
    """Một nhiệm vụ tại một ngày, theo điều đã biết. / A task as of a day, by what was known.

    Nhiệm vụ không liên quan đến cơ quan của khóa hay đơn vị trực thuộc thì trả lời ở dạng công khai (`form`).

    One that concerns neither the key's agency nor those below it is answered in its public form (`form`).
    """
    if asks_today(request, asked):
        return await task_today(connection, task_id, asked, caller.viewer)
    row = await find_task(connection, task_id, asked, caller.viewer)
    set_etag(response, row.version if row.concerned else None)
    return TaskOut.of(row)


@router.patch(
    "/tasks/{task_id}",
    tags=["tasks"],
    response_model=TaskOut,
    responses=documented(404, 409, 412, 428) | sent(200, "ETag"),
)
async def amend_task(
    task_id: UUID,
    body: TaskChange,
    change: CurrentManagedChange,
    expected: ExpectedVersion,
) -> Response:
    """Sửa một nhiệm vụ. / Amend a task.

    Sửa lời văn hoặc phân công, dẫn thêm văn bản, hoặc ghi ngày cho thời hạn chưa có ngày.

    Correct words or assignments, cite further documents, or give a date to a deadline that has none yet.
    """
    wanted = await amendment(change, body)
    await amendments.amend_task(
        change.session, task_id, wanted, expected_version=expected, actor=change.actor, at=change.at
    )
    return await changed_task(change, task_id)


@router.post(
    "/tasks/{task_id}/cancellation",
    status_code=201,
    tags=["tasks"],
    response_model=TaskOut,
    responses=documented(404, 409) | sent(201, "ETag"),
)
async def cancel_task(task_id: UUID, body: CancellationIn, change: CurrentManagedChange) -> Response:
    """Hủy một nhiệm vụ, có nêu lý do. / Cancel a task, with the reason."""
    await endings.cancel_task(change.session, task_id, reason=body.reason, actor=change.actor, at=change.at)
    return await changed_task(change, task_id, 201)
