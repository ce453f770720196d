"""indexes by the part of a task's status that does not change with the day"""

from alembic import op

from shared.platform.concurrent_index import create_index_concurrently

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LASTING = """
CASE WHEN children_count > 0 AND state IN ('open', 'completed') THEN 'group'
     WHEN state = 'completed' AND kind = 'dated' AND completed_on > due_on THEN 'completed_late'
     WHEN state = 'completed' THEN 'completed_on_time'
     WHEN state = 'open' AND kind = 'standing' THEN 'standing'
     ELSE state END
"""
_DUE = "coalesce(due_on, 'infinity'::date)"


def upgrade() -> None:
    create_index_concurrently("ix_tasks_lasting_status", f"tasks (({_LASTING}), {_DUE}, id)")
    members = f"tasks (parent_id, ({_LASTING}), {_DUE}) WHERE parent_id IS NOT NULL"
    create_index_concurrently("ix_tasks_members", members)
    op.drop_index("ix_tasks_parent_id", "tasks")
