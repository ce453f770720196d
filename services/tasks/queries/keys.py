"""Reading recorded API keys with their revocations."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.tables import IssuedKey
from shared.keys.revocations import revoked_keys
from shared.runtime.database import AnyRow

_KEYS = (
    select(
        IssuedKey.prefix,
        IssuedKey.name,
        IssuedKey.role,
        IssuedKey.agency_code,
        IssuedKey.issued_at,
        IssuedKey.expires_at,
        IssuedKey.defence_security,
        revoked_keys.c.revoked_at,
    )
    .outerjoin(revoked_keys, revoked_keys.c.prefix == IssuedKey.prefix)
    .order_by(IssuedKey.issued_at, IssuedKey.prefix)
)


async def list_keys(connection: AsyncConnection) -> Sequence[AnyRow]:
    return (await connection.execute(_KEYS)).all()
