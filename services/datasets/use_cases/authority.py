"""The keys that may act for a database."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.tables import Agency, Database
from services.datasets.use_cases.changes import database_unknown
from shared.agencies import within
from shared.errors import Forbidden
from shared.http.auth import Caller


async def require_owner(session: AsyncSession, caller: Caller, code: str) -> None:
    """A key bound to an agency acts for the databases of that agency and of those below it; others for all.

    Raises NotFound, Forbidden.
    """
    if caller.tenant is None:
        return
    owned = select(Database.owner_code, Database.owner_code.in_(within(Agency, caller.tenant)))
    row = (await session.execute(owned.where(Database.code == code))).one_or_none()
    if row is None:
        raise database_unknown(code)
    owner_code, is_ours = row
    if not is_ours:
        raise Forbidden(
            "other_owner",
            f"{code} thuộc cơ quan {owner_code}; khóa này chỉ dùng cho {caller.tenant} và đơn vị trực thuộc.",
            f"{code} belongs to {owner_code}; this key acts for {caller.tenant} and the agencies below it only.",
        )
