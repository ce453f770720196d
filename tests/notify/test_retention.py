"""Attempts, and reminders that ended without an alert, are kept as long as the settings say."""

from sqlalchemy import text

from services.notify.worker.retention import retention
from shared.platform.maintenance import Maintenance
from tests.notify.world import World
from tests.support.writing import writing

_REMINDERS = """
INSERT INTO reminders (id, subject_kind, subject, agency_code, kind, dedup_key, series, rank, due_at, occurred_at, status,
                       reason, changed_at, facts)
SELECT gen_random_uuid(), 'database', 'x', 'G12', 'dataset.late', status, 'state', 0, :at, :at, status, 'came_due', :at, '{}'
FROM unnest(ARRAY['pending', 'raised', 'superseded', 'cancelled', 'obsolete']) AS status
"""


async def test_reminders_that_ended_without_an_alert_go_when_their_retention_is_over(world: World) -> None:
    async with writing(world.database) as session:
        await session.execute(text(_REMINDERS), {"at": world.clock.now()})
    upkeep = Maintenance.of(
        world.settings, world.database, world.clock, readers=(), retention=retention(world.settings)
    )
    for days, left in ((730, 5), (1, 2)):
        world.clock.advance(days=days)
        await upkeep.work()
        assert len(await world.rows("SELECT 1 FROM reminders")) == left
    counted = await world.rows(
        "SELECT kind, count FROM removed_rows WHERE table_name = 'reminders' ORDER BY kind"
    )
    assert [tuple(row) for row in counted] == [("cancelled", 1), ("obsolete", 1), ("superseded", 1)]
