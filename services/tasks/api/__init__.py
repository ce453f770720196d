"""Routes of the tasks service: parse, call one use case or query, return."""

from services.tasks.api import catalogue, feeds, imports, reporting, tasks

ROUTERS = (catalogue.router, tasks.router, reporting.router, feeds.router, imports.router)
BODY_LIMITS = {imports.PATH: imports.MAX_FILE_BYTES}
