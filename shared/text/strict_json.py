"""JSON that others send, without what readers understand differently (a member given twice) or PostgreSQL refuses (NUL)."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any

from shared.errors import InvalidInput

MOST_CONTAINERS = 20_000  # objects and lists; the longest request of the suite has 10,000 lines
MOST_VALUES = 100_000
_MOST_SEARCHED = 10_000  # values among which the place of a NUL is looked for
_LONGEST_NAME = 64  # characters of a member's name in a refusal
_NUL = "\\u0000"  # JSON has no other way to write one

_Path = tuple[Any, ...]  # (path of what it is in, key), () for the whole


def read_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        InvalidInput: member_repeated, nul_character.
        json.JSONDecodeError: it is no JSON.
        RecursionError, ValueError: nested too deep, too many values, or a number of more digits than Python reads.
    """
    # signs within texts count as well: no honest text is full of them
    if text.count("[") + text.count("{") > MOST_CONTAINERS or text.count(",") > MOST_VALUES:
        raise ValueError
    value = json.loads(text, object_pairs_hook=_object)
    if _NUL in text and _NUL in text.replace("\\\\", ""):  # an escaped backslash before u0000 makes no NUL
        raise nul_character(_place_of_nul(value))
    return value


def nul_character(field: str | None) -> InvalidInput:
    return InvalidInput(
        "nul_character",
        "Văn bản chứa ký tự NUL: hãy bỏ ký tự đó.",
        "The text contains a NUL character: remove it.",
        field=field,
    )


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) == len(members):
        return found
    times = Counter(name for name, _ in members)
    twice = next(name for name in times if times[name] > 1)[:_LONGEST_NAME]
    raise InvalidInput(
        "member_repeated",
        f"Trường {twice} ghi hai lần trong một đối tượng JSON: giữ lại một giá trị.",
        f"The member {twice} is given twice in one JSON object: keep one value.",
        field=twice,
    )


def _place_of_nul(value: Any) -> str | None:
    """The dotted path of a text with a NUL, or of the object whose member is named so; None for the whole."""
    waiting: list[tuple[_Path, Any]] = [((), value)]
    for _ in range(_MOST_SEARCHED):
        if not waiting:
            break
        path, item = waiting.pop()
        if isinstance(item, str) and "\0" in item:
            return _dotted(path)
        inner: Iterable[tuple[Any, Any]] = ()
        if isinstance(item, dict):
            if any("\0" in name for name in islice(item, _MOST_SEARCHED)):
                return _dotted(path)
            inner = item.items()
        elif isinstance(item, list):
            inner = enumerate(item)
        waiting += [((path, key), each) for key, each in islice(inner, _MOST_SEARCHED)]
    return None


def _dotted(path: _Path) -> str | None:
    keys = []
    while path:
        path, key = path
        keys.append(str(key)[:_LONGEST_NAME])
    return ".".join(reversed(keys)) or None
