"""The feed of changes: a bound key sees the databases of its agency and of those below it."""

from services.datasets.queries.visibility import visible_events
from shared.http.feeds import changes_router

VI = "Khóa gắn với một cơ quan chỉ thấy cơ sở dữ liệu của cơ quan đó và cấp dưới."
EN = "A bound key sees the databases of its agency and of those below it."
router = changes_router("datasets", visible=visible_events, vi=VI, en=EN)
