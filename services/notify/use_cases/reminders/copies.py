"""Our copies of subjects: rows as other services last reported them."""

from collections.abc import Mapping
from enum import Enum, auto

from sqlalchemy import Integer, literal_column
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.tables import SubjectCopy


class CopyOutcome(Enum):
    NEW = auto()
    CHANGED = auto()
    OUTDATED = auto()


async def record_copy(
    session: AsyncSession, table: type[SubjectCopy], row: Mapping[str, object]
) -> CopyOutcome:
    """Insert or update a subject's copy and lock it; a version that is not newer changes nothing."""
    new, columns = insert(table), table.__table__.columns
    keys = [column.name for column in columns if column.primary_key]
    written = await session.execute(
        new.on_conflict_do_update(
            index_elements=keys,
            set_={name: new.excluded[name] for name in columns.keys() if name not in keys},  # noqa: SIM118
            where=table.version < new.excluded.version,
        ).returning(literal_column("old.version", Integer).label("version_before")),  # PostgreSQL 18
        row,
    )
    if (found := written.one_or_none()) is None:
        return CopyOutcome.OUTDATED
    return CopyOutcome.NEW if found.version_before is None else CopyOutcome.CHANGED
