"""Routes of the tasks service: parse, call one use case or query, return."""

from services.tasks.api import catalogue, groups, imports, statistics, submissions, tasks
from shared.http.feeds import changes_router
from shared.http.uploads import MAX_UPLOAD_BYTES

ROUTERS = (
    catalogue.router,
    groups.router,
    tasks.router,
    submissions.router,
    statistics.router,
    imports.router,
    changes_router("tasks"),
)
BODY_LIMITS = {imports.PATH: MAX_UPLOAD_BYTES}
