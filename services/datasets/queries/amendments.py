"""The agreed name, owner, period and grace of a database at an instant."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, DateTime, ScalarSelect, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.queries.parameters import KNOWN_AT
from services.datasets.tables import Amendment, Database
from shared.runtime.database import AnyRow

INSTANT = bindparam("instant", type_=DateTime(timezone=True))


def _agreed(column: Any, is_set: Any) -> ScalarSelect[Any]:
    return (
        select(column)
        .where(
            Amendment.database_code == Database.code,
            is_set,
            Amendment.holds_from <= INSTANT,
            Amendment.recorded_at <= KNOWN_AT,
        )
        .order_by(Amendment.holds_from.desc(), Amendment.id.desc())
        .limit(1)
        .correlate(Database)
        .scalar_subquery()
    )


NAME = _agreed(Amendment.name, Amendment.name.is_not(None))
OWNER_CODE = _agreed(Amendment.owner_code, Amendment.owner_code.is_not(None))
PERIOD_SECONDS = _agreed(Amendment.period_seconds, Amendment.sets_heartbeat)
GRACE_SECONDS = _agreed(Amendment.grace_seconds, Amendment.sets_heartbeat)

_CODE: BindParameter[str] = bindparam("code")
_AGREED = select(
    NAME.label("name"),
    OWNER_CODE.label("owner_code"),
    PERIOD_SECONDS.label("period_seconds"),
    GRACE_SECONDS.label("grace_seconds"),
).where(Database.code == _CODE)


async def agreed_at(
    connection: AsyncConnection, code: str, instant: datetime, *, known_at: datetime
) -> AnyRow:
    """Name, owner, period and grace of a registered database, the latter two in seconds or both None."""
    asked = {"code": code, "instant": instant, "known_at": known_at}
    return (await connection.execute(_AGREED, asked)).one()
