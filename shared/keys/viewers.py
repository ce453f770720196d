"""The view of a key: derived from its claims and its role, passed to every query that reads rows of agencies."""

from dataclasses import dataclass
from typing import Any

from shared.errors import Forbidden
from shared.runtime.audit import SYSTEM


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom rows are read.

    Attributes:
        agency: what concerns this agency and those below it is seen; None: the whole.
        defence_security: whether money of the field `defence_security` is seen.
        knows_keys: whether names and prefixes of all keys are seen.
        prefix: of its own key, which it always sees.
    """

    agency: str | None = None
    defence_security: bool = False
    knows_keys: bool = False
    prefix: str = ""

    @property
    def is_bound(self) -> bool:
        return self.agency is not None

    def actor(self, name: str) -> str | None:
        """The author of a change, which names a key; None where the viewer may not know it."""
        open_to_all = self.knows_keys or name == SYSTEM.name
        return name if open_to_all or name.endswith(f"({self.prefix})") else None

    def redacted(self, change: dict[str, Any]) -> dict[str, Any]:
        """The members of a change, without the name of a key that the viewer may not know."""
        said_by = change.get("said_by")
        return change if said_by is None else change | {"said_by": self.actor(said_by) or ""}

    def refusal(self) -> Forbidden:
        """For a single thing that concerns neither the viewer's agency nor one below it."""
        return Forbidden(
            "other_tenant",
            f"Nội dung này không thuộc {self.agency} hay đơn vị trực thuộc: khóa này chỉ đọc được phần có liên quan.",
            f"This concerns neither {self.agency} nor an agency below it: the key reads only what does.",
        )


EVERYTHING = Viewer(defence_security=True, knows_keys=True)  # for commands on the machine itself
