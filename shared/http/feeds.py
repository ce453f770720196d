"""The `changes` feed: a service's log for other systems that call HTTP APIs."""

from collections.abc import Collection
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.envelope import CloudEvent
from shared.http.pagination import link_next
from shared.http.scalars import AS_INTEGER
from shared.log.reader import Cursor, read_page, refuse_expired

ChangesAfter = Annotated[
    str | None, Query(max_length=5000, description="next_cursor of the last page; none to start")
]
ChangesLimit = Annotated[int, Query(ge=1, le=500), AS_INTEGER]
DEFAULT_CHANGES = 100


class ChangePage(BaseModel):
    """`has_more` is false when the log was read to its end; the cursor stays good for what comes later."""

    items: list[CloudEvent]
    next_cursor: str = Field(description="pass as `after` next time, also when there was nothing new")
    has_more: bool


async def read_changes(
    request: Request,
    response: Response,
    connection: AsyncConnection,
    after: str | None,
    limit: int,
    *,
    agencies: Collection[str] | None = None,
) -> ChangePage:
    """A page of the log, or of the events about `agencies`."""
    cursor = Cursor.decode(after) if after is not None else Cursor()
    page = await read_page(connection, cursor, limit, agencies)
    await refuse_expired(connection, cursor)
    next_cursor = page.cursor.encode()
    link_next(request, response, next_cursor if page.more else None, "after")
    return ChangePage(items=list(page.events), next_cursor=next_cursor, has_more=page.more)
