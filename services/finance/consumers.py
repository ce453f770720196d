"""The handlers of the events that finance consumes: agencies, from the log of tasks."""

from collections.abc import Mapping

from services.finance.tables import Agency
from shared.agencies import agency_handlers
from shared.log.inbox import Handler
from shared.runtime.clock import Clock


def handlers(_settings: object, _clock: Clock) -> Mapping[str, Mapping[str, Handler]]:
    return {"tasks": agency_handlers(Agency)}
