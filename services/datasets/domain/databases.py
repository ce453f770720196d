"""Kinds of databases, and the codes that they may have."""

import re
from enum import StrEnum

from shared.text.characters import has_invisible


class Kind(StrEnum):
    NATIONAL = "national"
    SECTOR = "sector"
    PLATFORM = "platform"
    SYSTEM = "system"


_CODE = re.compile(r"[^\s/?#]+")

CODE_RULE_VI = (
    "Mã không có khoảng trắng, dấu /, ? hoặc #, không có ký tự ẩn, và không chỉ là dấu chấm: dùng mã khác."
)

CODE_RULE_EN = "A code has no spaces, /, ? or #, nothing invisible, and is no dots alone: use another."


def is_code(text: str) -> bool:
    """True for a code that is one path segment of a URL and has no invisible characters."""
    return _CODE.fullmatch(text) is not None and not has_invisible(text) and text not in {".", ".."}
