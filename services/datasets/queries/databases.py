"""Reading registered databases: lists by the latest recorded state, one by records up to an instant."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.queries import amendments as agreed
from services.datasets.queries.parameters import KNOWN_AT
from services.datasets.queries.visibility import concerns_viewer
from services.datasets.tables import Contradiction, Database, Watch
from shared.keys.viewers import Viewer
from shared.runtime.database import AnyRow

_OPEN = (
    select(func.count())
    .where(Contradiction.database_code == Database.code, Contradiction.closed_at.is_(None))
    .scalar_subquery()
)

_ROWS = (
    select(
        Database.code,
        Database.name,
        Database.kind,
        Database.owner_code,
        Database.legal_basis,
        Watch.phase,
        Watch.ndc_connection,
        Watch.observed,
        Watch.observed_since,
        Watch.last_heartbeat_at,
        Watch.last_sync_at,
        Watch.record_count,
        Watch.version,
        _OPEN.label("contradictions"),
    )
    .join(Watch, Watch.database_code == Database.code)
    .order_by(Database.code)
)

_EQUAL = {
    "kind": Database.kind,
    "owner": Database.owner_code,
    "phase": Watch.phase,
    "ndc_connection": Watch.ndc_connection,
    "observed": Watch.observed,
}


async def list_databases(
    connection: AsyncConnection,
    wanted: Mapping[str, str | None],
    words: Sequence[str],
    viewer: Viewer,
    *,
    after: str | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Databases by code that match the filters and have all the words in code or name; at most `limit + 1`.

    `concerned`: whether the viewer sees more of it than its public form.
    """
    statement = _ROWS.add_columns(concerns_viewer(viewer).label("concerned")).limit(limit + 1)
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(_EQUAL[name] == value)
    for word in words:
        statement = statement.where(Database.search_text.contains(word, autoescape=True))
    if after is not None:
        statement = statement.where(Database.code > after)
    return (await connection.execute(statement)).all()


_CODE: BindParameter[str] = bindparam("code")

_REGISTERED = (
    select(
        Database.code,
        agreed.NAME.label("name"),
        Database.kind,
        agreed.OWNER_CODE.label("owner_code"),
        Database.legal_basis,
        agreed.PERIOD_SECONDS.label("period_seconds"),
        agreed.GRACE_SECONDS.label("grace_seconds"),
        Database.registered_by,
        Database.recorded_at,
        Watch.version,
        Watch.observed,
        Watch.observed_since,
        Watch.checked_at,
    )
    .join(Watch, Watch.database_code == Database.code)
    .where(Database.code == _CODE, Database.recorded_at <= KNOWN_AT)
)


async def get_registration(
    connection: AsyncConnection, code: str, viewer: Viewer, *, known_at: datetime, instant: datetime
) -> AnyRow | None:
    """A database as agreed at an instant; `concerned`: whether the viewer sees more of it than its public form."""
    values = {"code": code, "known_at": known_at, "instant": instant}
    statement = _REGISTERED.add_columns(concerns_viewer(viewer).label("concerned"))
    return (await connection.execute(statement, values)).one_or_none()
