"""The `changes` feed: a service's log for other systems that call HTTP APIs."""

from collections.abc import Awaitable, Callable, Collection
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.envelope import CloudEvent
from shared.http.app import ReadConnection, service_router, with_scope
from shared.http.auth import Caller
from shared.http.pagination import link_next
from shared.http.scalars import AS_INTEGER
from shared.log.cursors import Cursor
from shared.log.identity import refuse_unusable
from shared.log.reader import read_page

ChangesAfter = Annotated[
    str | None, Query(max_length=5000, description="next_cursor of the last page; none to start")
]
ChangesLimit = Annotated[int, Query(ge=1, le=500), AS_INTEGER]
DEFAULT_CHANGES = 100
DESCRIPTION = """Dòng thay đổi của dịch vụ. / The changes of this service.

Mỗi thay đổi là một CloudEvent, đúng thứ tự. Giữ `next_cursor` rồi hỏi tiếp thì không sót gì.

Every change as a CloudEvent, in order. Keep `next_cursor` and ask again: nothing is missed.
"""
# the agencies whose events a caller may see; None: every event
VisibleAgencies = Callable[[AsyncConnection, Caller], Awaitable[Collection[str] | None]]


class ChangePage(BaseModel):
    """`has_more` is false when the log was read to its end; the cursor stays good for what comes later."""

    items: list[CloudEvent]
    next_cursor: str = Field(description="pass as `after` next time, also when there was nothing new")
    has_more: bool


async def everything(_: AsyncConnection, _caller: Caller) -> None:
    return


def changes_router(
    service: str, *, visible: VisibleAgencies = everything, description: str = DESCRIPTION
) -> APIRouter:
    """`GET /<service>/v1/changes`, for keys with the scope `<service>.read`."""
    router = service_router(service)
    reader = with_scope(f"{service}.read")

    @router.get("/changes", tags=["changes"], description=description)
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
        page = await read_page(connection, cursor, limit, await visible(connection, caller))
        await refuse_unusable(connection, cursor)
        next_cursor = page.cursor.encode()
        link_next(request, response, next_cursor if page.more else None, "after")
        return ChangePage(items=list(page.events), next_cursor=next_cursor, has_more=page.more)

    return router
