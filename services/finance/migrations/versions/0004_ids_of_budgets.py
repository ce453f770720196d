"""ids of budgets that do not contain their agency

Until now a budget was known as year:level:agency_code. Its id is the version 5 UUID (RFC 9562) of that name, as readers
work it out for events that were recorded before (shared/events/finance.py).
"""

from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAMES = sa.text("SELECT concat_ws(':', year, level, agency_code) FROM budgets")
_SET_ID = sa.text("UPDATE budgets SET id = :id WHERE concat_ws(':', year, level, agency_code) = :name")


def upgrade() -> None:
    op.add_column('budgets', sa.Column('id', sa.Uuid(), nullable=True, server_default=sa.text('gen_random_uuid()')))
    connection = op.get_bind()
    names = connection.scalars(_NAMES).all()
    ids = [{"name": name, "id": uuid5(NAMESPACE_URL, f"urn:dondoc:finance:budget:{name}")} for name in names]
    if ids:
        connection.execute(_SET_ID, ids)
    op.alter_column('budgets', 'id', nullable=False)
    op.drop_constraint('pk_budgets', 'budgets')
    op.create_primary_key('pk_budgets', 'budgets', ['id'])
    op.create_unique_constraint('uq_budgets_key', 'budgets', ['year', 'level', 'agency_code'])
