"""what was called a beat of a part is the liveness of a component"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RENAMED_CONSTRAINTS = (
    ("liveness", "pk_own_beats", "pk_liveness"),
    ("liveness", "ck_own_beats_part", "ck_liveness_component"),
    ("liveness", "own_beats_part_not_null", "liveness_component_not_null"),
    ("liveness", "own_beats_at_not_null", "liveness_at_not_null"),
    ("liveness", "own_beats_real_at_not_null", "liveness_real_at_not_null"),
    ("downtimes", "ck_downtimes_part", "ck_downtimes_component"),
    ("downtimes", "downtimes_part_not_null", "downtimes_component_not_null"),
)


def upgrade() -> None:
    op.execute("ALTER TABLE own_beats RENAME TO liveness")
    op.execute("ALTER TABLE liveness RENAME COLUMN part TO component")
    op.execute("ALTER TABLE downtimes RENAME COLUMN part TO component")
    for table, old, new in RENAMED_CONSTRAINTS:
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
