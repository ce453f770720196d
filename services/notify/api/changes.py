"""The feed of alerts: a key bound to an agency sees the events about its own and those below it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.queries.agencies import visible_agencies
from shared.http.auth import Caller
from shared.http.feeds import changes_router

DESCRIPTION = """Dòng cảnh báo đã phát. / The alerts as events.

Đúng thứ tự ghi; khóa gắn với một cơ quan chỉ thấy cảnh báo của cơ quan đó và cấp dưới.

In the order of the log; a key bound to an agency sees its own and those below it.
"""


async def _visible(connection: AsyncConnection, caller: Caller) -> frozenset[str] | None:
    return None if caller.tenant is None else await visible_agencies(connection, caller.tenant)


router = changes_router("notify", visible=_visible, description=DESCRIPTION)
