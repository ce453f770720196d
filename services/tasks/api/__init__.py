"""Routes of the tasks service: parse, call one use case or query, return."""

from services.tasks.api import (
    agencies,
    changes,
    deadlines,
    documents,
    groups,
    history,
    imports,
    statistics,
    submissions,
    tasks,
)
from shared.http.uploads import MAX_UPLOAD_BYTES

_NOUNS = (agencies, documents, groups, deadlines, tasks, history, submissions, statistics, imports, changes)
ROUTERS = tuple(noun.router for noun in _NOUNS)
BODY_LIMITS = {imports.PATH: MAX_UPLOAD_BYTES}
