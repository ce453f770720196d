"""What is agreed of a database at a moment: its name, its owner, how often it is to send."""

from typing import Any

from sqlalchemy import DateTime, ScalarSelect, bindparam, select

from services.datasets.queries.moment import KNOWN_AT
from services.datasets.tables import Amendment, Database

INSTANT = bindparam("instant", type_=DateTime(timezone=True))


def _agreed(what: Any, said: Any) -> ScalarSelect[Any]:
    return (
        select(what)
        .where(
            Amendment.database_code == Database.code,
            said,
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
PERIOD_SECONDS = _agreed(Amendment.period_seconds, Amendment.speaks_of_heartbeat)
GRACE_SECONDS = _agreed(Amendment.grace_seconds, Amendment.speaks_of_heartbeat)
