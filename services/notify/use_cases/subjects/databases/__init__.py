"""Databases: their owner is alerted of changes of their observed state, and of contradictions."""

from typing import Annotated

from pydantic import StringConstraints

from services.notify.domain.subjects.databases.changes import KIND
from services.notify.tables.subjects.databases import Database
from services.notify.use_cases.reminders.subject import Subject
from services.notify.use_cases.subjects.databases.alerts import evaluate, render
from services.notify.use_cases.subjects.databases.events import apply
from shared.events import datasets
from shared.events.notify import DatabaseAlerted

SUBJECT: Subject[Database, None] = Subject(
    kind=KIND,
    table=Database,
    key=Annotated[str, StringConstraints(min_length=1, max_length=64)],
    key_description="code of a database",
    source="datasets",
    events=datasets.EVENTS,
    alert=DatabaseAlerted,
    webhook="database-alert",
    webhook_description="Cảnh báo về một cơ sở dữ liệu: điều quan sát được và mâu thuẫn."
    " / An alert about a database: its observed state, and contradictions.",
    apply=apply,
    evaluate=evaluate,
    render=render,
)
