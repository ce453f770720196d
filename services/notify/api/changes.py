"""The feed of alerts: a key bound to an agency sees the events about its own and those below it."""

from shared.agencies import WITHIN_VIEWER
from shared.http.feeds import changes_router
from shared.keys.viewers import Viewer
from shared.log.reader import EventFilter

VI = "Mỗi sự kiện là một cảnh báo đã phát; khóa gắn với một cơ quan chỉ thấy cảnh báo của cơ quan đó và cấp dưới."
EN = "Each event is an alert that was raised; a bound key sees those of its agency and of those below it."
_EVENTS = f"agency_code = ANY(ARRAY({WITHIN_VIEWER}))"


def _visible(viewer: Viewer) -> EventFilter | None:
    return EventFilter(_EVENTS, {"viewer": viewer.agency}) if viewer.is_bound else None


router = changes_router("notify", visible=_visible, vi=VI, en=EN)
