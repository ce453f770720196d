"""Rows of notify's own picture: tasks, databases and budgets as they were last told."""

from sqlalchemy import Integer, literal_column
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from services.notify.tables import Budget, Database, Task


def newer(table: type[Task | Database | Budget]) -> ReturningInsert[tuple[int | None]]:
    """Take a row into a picture, and lock it; nothing comes back when the picture is as new already."""
    told, columns = insert(table), table.__table__.columns
    return told.on_conflict_do_update(
        index_elements=[column.name for column in columns if column.primary_key],
        set_={column.name: told.excluded[column.name] for column in columns if not column.primary_key},
        where=table.version < told.excluded.version,
    ).returning(literal_column("old.version", Integer).label("version_before"))  # PostgreSQL 18
