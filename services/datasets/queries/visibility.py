"""The databases and events that concern the agency of a viewer, or one below it: those of databases that it owns."""

from sqlalchemy import ColumnElement, true

from services.datasets.tables import Agency, Database
from shared.agencies import WITHIN_VIEWER, is_within
from shared.keys.viewers import Viewer
from shared.log.reader import EventFilter


def concerns_viewer(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that a database's owner is the viewer's agency or one below it; true for a viewer without an agency."""
    return is_within(Database.owner_code, Agency, viewer.agency) if viewer.agency is not None else true()


# Who owned the database until this event learns that it is another's, and nothing of what becomes of it later.
_EVENTS = f"""
    data->'database'->>'owner_code' = ANY(ARRAY({WITHIN_VIEWER}))
    OR jsonb_exists(data->'changed', 'owner_code') AND (
        SELECT owner_code FROM amendments
        WHERE database_code = outbox.subject AND recorded_at < outbox.time AND owner_code IS NOT NULL
        ORDER BY recorded_at DESC, id DESC LIMIT 1
    ) = ANY(ARRAY({WITHIN_VIEWER}))
"""  # noqa: S608 - our own words


def visible_events(viewer: Viewer) -> EventFilter | None:
    return EventFilter(_EVENTS, {"viewer": viewer.agency}) if viewer.is_bound else None
