"""budgets are known by the ids that finance gives them

Until now a budget was known as year:level:agency_code; its id is the version 5 UUID (RFC 9562) of that name, as the
contract reads events that were recorded before (shared/events/finance.py).
"""

from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("budgets", "id", "true"),
    ("reminders", "subject", "subject_kind = 'budget'"),
    ("alerts", "subject", "subject_kind = 'budget'"),
)


def upgrade() -> None:
    connection = op.get_bind()
    for table, column, condition in _COLUMNS:
        names = connection.scalars(
            sa.text(f"SELECT DISTINCT {column} FROM {table} WHERE {condition} AND {column} LIKE '%:%'")
        ).all()
        ids = [{"name": name, "id": str(uuid5(NAMESPACE_URL, f"urn:dondoc:finance:budget:{name}"))} for name in names]
        if ids:
            rename = f"UPDATE {table} SET {column} = :id WHERE {condition} AND {column} = :name"
            connection.execute(sa.text(rename), ids)
