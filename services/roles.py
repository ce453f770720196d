"""What a key may do, by the role it is given to. Services check scopes; roles are for people."""

from collections.abc import Mapping

ROLES: Mapping[str, frozenset[str]] = {
    "reader": frozenset({"tasks.read"}),
    "agency": frozenset({"tasks.read", "tasks.report", "notify.read", "notify.subscribe"}),
    "office": frozenset(
        {"tasks.read", "tasks.report", "tasks.manage", "notify.read", "notify.subscribe", "notify.manage"}
    ),
    "monitor": frozenset({"metrics.read"}),
    "admin": frozenset(
        {
            "tasks.read",
            "tasks.report",
            "tasks.manage",
            "notify.read",
            "notify.subscribe",
            "notify.manage",
            "metrics.read",
        }
    ),
}
BOUND = frozenset({"agency"})  # roles whose keys must name the agency they act for
