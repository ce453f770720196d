"""The `changes` feed: a service's log for other systems that call HTTP APIs."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from shared.events.envelope import CloudEvent
from shared.http.auth import Caller
from shared.http.pagination import link_next
from shared.http.routes import ReadConnection, service_router, with_scope
from shared.http.scalars import AS_INTEGER
from shared.http.visibility import Visibility
from shared.keys.viewers import Viewer
from shared.log.cursors import Cursor
from shared.log.identity import refuse_unusable
from shared.log.reader import EventFilter, read_page

ChangesAfter = Annotated[
    str | None, Query(max_length=5000, description="next_cursor of the last page; none to start")
]
ChangesLimit = Annotated[int, Query(ge=1, le=500), AS_INTEGER]
DEFAULT_CHANGES = 100
DESCRIPTION = """Dòng thay đổi của dịch vụ. / The changes of this service.

Mỗi thay đổi là một CloudEvent, đúng thứ tự. Giữ `next_cursor` rồi hỏi tiếp thì không sót gì. Một trang có thể ít hơn `limit`,
cả khi rỗng, mà vẫn còn tiếp: xem `has_more`. {vi}

Every change as a CloudEvent, in order. Keep `next_cursor` and ask again: nothing is missed. A page may have fewer than `limit`, also
none, before the end: `has_more` says so. {en}
"""
VisibleEvents = Callable[[Viewer], EventFilter | None]  # which events a viewer may see; None: every one


class ChangePage(BaseModel):
    """`has_more` is false when the log was read to its end; the cursor stays good for what comes later."""

    items: list[CloudEvent]
    next_cursor: str = Field(description="pass as `after` next time, also when there was nothing new")
    has_more: bool


def changes_router(service: str, *, visible: VisibleEvents, vi: str, en: str) -> APIRouter:
    """`GET /<service>/v1/changes`, for keys with the scope `<service>.read`; `vi` and `en` say who sees which."""
    router = service_router(service)
    reader = with_scope(f"{service}.read", Visibility.CONCERNED)

    @router.get("/changes", tags=["changes"], description=DESCRIPTION.format(vi=vi, en=en))
    async def list_changes(
        request: Request,
        response: Response,
        connection: ReadConnection,
        caller: Annotated[Caller, reader],
        *,
        after: ChangesAfter = None,
        limit: ChangesLimit = DEFAULT_CHANGES,
    ) -> ChangePage:
        cursor = Cursor.decode(after) if after is not None else Cursor()
        viewer = caller.viewer
        page = await read_page(connection, cursor, limit, visible(viewer))
        await refuse_unusable(connection, cursor)
        next_cursor = page.cursor.encode()
        link_next(request, response, next_cursor if page.more else None, "after")
        items = [event.model_copy(update={"data": viewer.redacted(event.data)}) for event in page.events]
        return ChangePage(items=items, next_cursor=next_cursor, has_more=page.more)

    return router
