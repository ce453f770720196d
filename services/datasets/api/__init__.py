"""Routes of the datasets service: parse, call one use case or query, return."""

from services.datasets.api import databases, feeds, imports, reporting
from shared.http.feeds import changes_router
from shared.http.uploads import MAX_UPLOAD_BYTES

ROUTERS = (databases.router, reporting.router, feeds.router, imports.router, changes_router("datasets"))
BODY_LIMITS = {imports.PATH: MAX_UPLOAD_BYTES}
