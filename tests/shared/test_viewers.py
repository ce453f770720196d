"""What a key may see, derived from its claims."""

import pytest

from shared.http.auth import KEYS, Caller
from shared.keys.viewers import EVERYTHING, Viewer
from shared.runtime.audit import SYSTEM

OWN, OTHER = "Bộ Tài chính (0123456789ab)", "văn phòng (ba9876543210)"


def test_a_viewer_is_what_its_key_says() -> None:
    bound = Caller("0123456789ab", "n", "G12", frozenset(), defence_security=True)
    assert bound.viewer == Viewer("G12", defence_security=True, prefix="0123456789ab")
    auditor = Caller("0123456789ab", "n", None, frozenset({KEYS}))
    assert auditor.viewer == Viewer(knows_keys=True, prefix="0123456789ab")


@pytest.mark.parametrize(
    ("viewer", "told"),
    [
        (EVERYTHING, [OWN, OTHER]),
        (Viewer(knows_keys=True, prefix="0123456789ab"), [OWN, OTHER]),
        (Viewer(prefix="0123456789ab"), [OWN, None]),
        (Viewer("G12", prefix="0123456789ab"), [OWN, None]),
        (Viewer("G12"), [None, None]),
    ],
)
def test_a_key_is_named_to_itself_and_to_whom_knows_keys(viewer: Viewer, told: list[str | None]) -> None:
    assert [viewer.actor(name) for name in (OWN, OTHER)] == told
    assert [viewer.redacted({"said_by": name, "x": 1}) for name in (OWN, OTHER)] == [
        {"said_by": name or "", "x": 1} for name in told
    ]
    assert viewer.actor(SYSTEM.name) == SYSTEM.name
    assert viewer.redacted({"x": 1}) == {"x": 1}
