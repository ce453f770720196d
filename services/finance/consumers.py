"""Event type -> use case: of the log of tasks, finance takes the agencies."""

from collections.abc import Mapping

from services.finance.tables import Agency
from shared.agencies import agency_handlers
from shared.log.inbox import Handler
from shared.runtime.clock import Clock


def handlers(_settings: object, _clock: Clock) -> Mapping[str, Mapping[str, Handler]]:
    return {"tasks": agency_handlers(Agency)}
