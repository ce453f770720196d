"""Models and migrations describe the same database, to the last index and constraint."""

from sqlalchemy import text

from services.notify.tables import Base
from shared.database import Database, spine
from tests.conftest import MakeDatabase

_CATALOGUE = """
SELECT 'column', table_name || '.' || column_name,
       concat_ws(' ', udt_name, is_nullable, column_default, is_identity)
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
ORDER BY 1, 2, 3
"""


async def catalogue(database: Database) -> list[tuple[str, str, str]]:
    async with database.reading() as connection:
        rows = (await connection.execute(text(_CATALOGUE))).all()
    return [(kind, name, definition) for kind, name, definition in rows if "alembic" not in name]


async def test_models_and_migrations_agree(make_database: MakeDatabase) -> None:
    migrated = await make_database("notify")
    made = await make_database("spine")
    async with made.engine.begin() as connection:
        await connection.run_sync(spine.create_all)
        await connection.run_sync(Base.metadata.create_all)
    found = await catalogue(migrated)
    assert len(found) > 100
    assert found == await catalogue(made)
