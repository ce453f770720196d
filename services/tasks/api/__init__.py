"""Routes of the tasks service: parse, call one use case or query, return."""

from services.tasks.api import catalogue, feeds, groups, imports, reporting, tasks
from shared.http.uploads import MAX_UPLOAD_BYTES

ROUTERS = (catalogue.router, groups.router, tasks.router, reporting.router, feeds.router, imports.router)
BODY_LIMITS = {imports.PATH: MAX_UPLOAD_BYTES}
