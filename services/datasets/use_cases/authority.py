"""The keys that may act for a database."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ARRAY, Text, any_, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.tables import Agency, Database
from services.datasets.use_cases.changes import database_unknown
from shared.agencies import within
from shared.errors import Forbidden
from shared.http.auth import Caller


class Owner(NamedTuple):
    """The owner of a database; `is_within`: it is the tenant that was asked about, or stands below it."""

    code: str
    is_within: bool


async def owners_of(session: AsyncSession, tenant: str, codes: Sequence[str]) -> Mapping[str, Owner]:
    """The owners of the databases that are registered."""
    owned = select(Database.code, Database.owner_code, Database.owner_code.in_(within(Agency, tenant)))
    rows = await session.execute(owned.where(Database.code == any_(literal(codes, ARRAY(Text)))))
    return {code: Owner(owner_code, is_within) for code, owner_code, is_within in rows}


def other_owner(code: str, owner_code: str, tenant: str) -> Forbidden:
    return Forbidden(
        "other_owner",
        f"{code} thuộc cơ quan {owner_code}; khóa này chỉ dùng cho {tenant} và đơn vị trực thuộc.",
        f"{code} belongs to {owner_code}; this key acts for {tenant} and the agencies below it only.",
    )


async def require_owner(session: AsyncSession, caller: Caller, code: str) -> None:
    """A key bound to an agency acts for the databases of that agency and of those below it; others for all.

    Raises NotFound, Forbidden.
    """
    if caller.tenant is None:
        return
    owner = (await owners_of(session, caller.tenant, [code])).get(code)
    if owner is None:
        raise database_unknown(code)
    if not owner.is_within:
        raise other_owner(code, owner.code, caller.tenant)
