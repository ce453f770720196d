"""The authority of keys over subscriptions of an agency."""

from shared.http.auth import Caller

SUBSCRIBE = "notify.subscribe"
MANAGE = "notify.manage"


def require_authority(caller: Caller, agency_code: str | None) -> None:
    """A key bound to an agency acts for that agency alone; one that is bound to none needs `notify.manage`.

    Raises Forbidden. `agency_code` None means every agency.
    """
    if caller.tenant is None:
        caller.require(MANAGE)
    else:
        caller.require_tenant(agency_code)
