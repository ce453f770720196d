"""The alerts of databases: every due reminder holds, since events end those that do not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from services.notify.domain.subjects.databases.changes import DatabaseKind
from services.notify.domain.subjects.databases.messages import DatabaseChange, message_en, message_vi
from services.notify.tables.subjects.databases import Database
from services.notify.use_cases.reminders.subject import Due, Evaluation, EvaluationContext


def evaluate(_: Due[Database], __: EvaluationContext[None]) -> Evaluation:
    return Evaluation()


def render(
    due: Due[Database], facts: Mapping[str, Any], context: EvaluationContext[None]
) -> Mapping[str, object]:
    reminder, database = due.reminder, due.copy
    contradiction, last = facts.get("contradiction"), facts["last_heartbeat_at"]
    change = DatabaseChange(
        DatabaseKind(reminder.kind),
        due.agency,
        database.name,
        reminder.occurred_at,
        datetime.fromisoformat(last) if last else None,
        contradiction["words_vi"] if contradiction else "",
        contradiction["words_en"] if contradiction else "",
        datetime.fromisoformat(facts["trouble_since"]) if "trouble_since" in facts else None,
    )
    return {
        "database": {
            "code": database.code,
            "name": database.name,
            "kind": database.kind,
            "observed": facts["observed"],
            "since": facts["since"],
            "link": f"{context.public_url}/datasets/v1/databases/{quote(database.code, safe='')}",
        },
        "contradiction": contradiction,
        "occurred_at": reminder.occurred_at,
        "message_vi": message_vi(change),
        "message_en": message_en(change),
    }
