"""The scopes of each role. A key carries its role, services check scopes: a change here holds for keys already issued."""

from collections.abc import Mapping

_READER = frozenset({"tasks.read", "datasets.read", "finance.read"})
_AUDITOR = _READER | {"notify.read", "keys.read"}
_AGENCY = _READER | {"tasks.report", "datasets.report", "finance.claim", "notify.read", "notify.subscribe"}
_OFFICE = _AGENCY | {"keys.read", "tasks.manage", "datasets.manage", "finance.manage", "notify.manage"}

ROLES: Mapping[str, frozenset[str]] = {
    "reader": _READER,
    "auditor": _AUDITOR,
    "agency": _AGENCY,
    "office": _OFFICE,
    "monitor": frozenset({"metrics.read"}),
    "admin": _OFFICE | {"metrics.read"},
}
BOUND = frozenset({"agency"})  # roles whose keys must name the agency they act for
