"""Routes of the datasets service: parse, call one use case or query, return."""

from services.datasets.api import (
    changes,
    contradictions,
    databases,
    declarations,
    heartbeats,
    history,
    imports,
    intervals,
    maintenance,
    quality,
    statistics,
)
from shared.http.uploads import MAX_UPLOAD_BYTES

_NOUNS = (
    databases,
    history,
    intervals,
    declarations,
    quality,
    heartbeats,
    maintenance,
    statistics,
    contradictions,
    imports,
    changes,
)
ROUTERS = tuple(noun.router for noun in _NOUNS)
BODY_LIMITS = {imports.PATH: MAX_UPLOAD_BYTES}
