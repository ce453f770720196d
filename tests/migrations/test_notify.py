"""Timers and signals of the first revision become reminders: every row, with its id, its status and its alert."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.runtime.database import Database
from shared.runtime.migrations import migrate
from tests.support.writing import writing

TASK = UUID(int=1)
TIMERS = {  # milestone -> status
    -30: "moot", -7: "superseded", -1: "raised", 0: "raised", 1: "cancelled", 14: "pending",
}  # fmt: skip
SIGNALS = [  # kind, subject kind, subject, occasion, status, facts
    ("dataset.late", "database", "DB1", "7", "raised", '{"version": 7, "observed": "late"}'),
    ("dataset.contradiction.opened", "database", "DB1", "c1", "moot", '{"version": 9}'),
    ("budget.behind", "budget", "2026:central:G12", "2026-07", "pending", "{}"),
]
_ADD_TASK = """
INSERT INTO tasks VALUES (:id, 1, 'Đề án', 'dated', 'open', 2, 'Tháng 5/2025', '2025-05-31', NULL, 0, '{G12}')
"""
_ADD_TIMER = """
INSERT INTO timers (id, task_id, agency_code, revision, due_on, milestone, due_at, status, reason, changed_at)
VALUES (:id, :task, 'G12', 2, '2025-05-31', :milestone, '2025-05-30 01:00Z', :status, 'why', '2025-06-01 01:00Z')
"""
_ADD_SIGNAL = """
INSERT INTO signals VALUES (:id, :kind, :subject_kind, :subject, 'G12', :occasion, '2026-03-10 02:00Z',
    '2026-03-10 01:00Z', :status, 'told', '2026-03-10 03:00Z', CAST(:facts AS jsonb))
"""
_ADD_ALERT = """
INSERT INTO alerts (id, timer_id, task_id, agency_code, kind, revision, due_on, milestone, due_at, raised_at, body, signal_id)
SELECT :id, timers.id, task_id, 'G12', 'k', revision, due_on, milestone, now(), now(), '{}', signals.id
FROM (VALUES (1)) AS one LEFT JOIN timers ON timers.id = :origin LEFT JOIN signals ON signals.id = :origin
"""


async def fill(database: Database) -> Mapping[UUID, UUID]:
    """Rows of the first revision; reminders to be raised, by the ids of their alerts."""
    alerts = {}
    async with writing(database) as session:
        await session.execute(text(_ADD_TASK), {"id": TASK})
        for number, (milestone, status) in enumerate(TIMERS.items(), start=100):
            values = {"id": UUID(int=number), "task": TASK, "milestone": milestone, "status": status}
            await session.execute(text(_ADD_TIMER), values)
            if status == "raised":
                alerts[UUID(int=number + 1000)] = UUID(int=number)
        for number, signal in enumerate(SIGNALS, start=200):
            names = ("kind", "subject_kind", "subject", "occasion", "status", "facts")
            await session.execute(
                text(_ADD_SIGNAL), {"id": UUID(int=number), **dict(zip(names, signal, strict=True))}
            )
            if signal[4] == "raised":
                alerts[UUID(int=number + 1000)] = UUID(int=number)
        for alert, origin in alerts.items():
            await session.execute(text(_ADD_ALERT), {"id": alert, "origin": origin})
    return alerts


async def rows(database: Database, statement: str) -> list[Any]:
    async with database.reading() as connection:
        return list((await connection.execute(text(statement))).all())


async def test_timers_and_signals_become_reminders_with_their_ids_and_alerts(empty: Database) -> None:
    await migrate("notify", empty.url, "0001")
    alerts = await fill(empty)
    await migrate("notify", empty.url, "0003")
    found = {row.id: row for row in await rows(empty, "SELECT * FROM reminders")}
    assert len(found) == len(TIMERS) + len(SIGNALS)
    kinds = ["deadline.reminder"] * 3 + ["deadline.due"] + ["deadline.overdue"] * 2
    names = ["T-30", "T-7", "T-1", "T0", "T+1", "T+14"]
    for number, (milestone, status) in enumerate(TIMERS.items()):
        row = found[UUID(int=100 + number)]
        assert (row.subject_kind, row.subject, row.agency_code) == ("task", str(TASK), "G12")
        assert (row.kind, row.series, row.rank) == (kinds[number], "G12", milestone)
        assert row.dedup_key == f"G12/2/2025-05-31/{names[number]}"
        assert row.facts == {"revision": 2, "due_on": "2025-05-31", "milestone": names[number]}
        assert row.status == status.replace("moot", "obsolete")
        assert row.due_at == row.occurred_at
    of_signals = [found[UUID(int=200 + number)] for number in range(len(SIGNALS))]
    assert [(row.subject_kind, row.subject, row.kind, row.dedup_key) for row in of_signals] == [
        (subject_kind, subject, kind, key) for kind, subject_kind, subject, key, *_ in SIGNALS
    ]
    assert [(row.series, row.rank, row.status) for row in of_signals] == [
        ("state", 7, "raised"), ("c1", 9, "obsolete"), ("budget.behind", 0, "pending"),
    ]  # fmt: skip
    pointing = {row.id: row for row in await rows(empty, "SELECT * FROM alerts")}
    assert {id_: row.reminder_id for id_, row in pointing.items()} == alerts
    for row in pointing.values():
        reminder = found[row.reminder_id]
        assert (row.subject_kind, row.subject) == (reminder.subject_kind, reminder.subject)
    assert [tuple(row) for row in await rows(empty, "SELECT id FROM tasks")] == [(str(TASK),)]
    assert await rows(empty, "SELECT 1 FROM pg_tables WHERE tablename IN ('timers', 'signals')") == []
    await migrate("notify", empty.url, "0008")
    reasons = await rows(empty, "SELECT status, reason FROM reminders WHERE subject_kind <> 'task'")
    assert {tuple(row) for row in reasons} == {
        ("raised", "told"), ("obsolete", "told"), ("pending", "caused_by_event"),
    }  # fmt: skip
