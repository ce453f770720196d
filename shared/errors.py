"""Refusals that a caller can act on.

    Refusal
    ├── InvalidInput        the request itself is wrong (422)
    │   ├── TooLarge        larger than the stated limit (413)
    │   └── UnsupportedMedia a body of another kind than the route reads (415)
    ├── Unauthenticated     no valid key (401)
    ├── Forbidden           a valid key, but not for this (403)
    ├── NotFound            no such thing (404)
    ├── Conflict            right by itself, wrong beside what is recorded (409)
    ├── Gone                was here, is no more (410)
    ├── StaleVersion        changed since it was read (412)
    ├── VersionRequired     a change without If-Match (428)
    ├── TooManyRequests     more often than is admitted (429)
    └── Unavailable         not now; try again (503)

Rules raise them without knowing HTTP; `shared.http.problems` gives each its status.
"""

from dataclasses import dataclass
from typing import Any


class Refusal(Exception):
    """One sentence in Vietnamese, one in English, each naming the remedy.

    Args:
        code: stable, snake_case; other systems branch on it.
        vi: sentence in Vietnamese.
        en: sentence in English.
        field: dotted path of the value at fault, where there is one.
        extra: further members of the problem document, JSON values.
    """

    def __init__(self, code: str, vi: str, en: str, *, field: str | None = None, **extra: Any) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.vi = vi
        self.en = en
        self.field = field
        self.extra = extra


class InvalidInput(Refusal): ...


class TooLarge(InvalidInput): ...


class UnsupportedMedia(InvalidInput): ...


class Unauthenticated(Refusal):
    challenge = "Bearer"  # of WWW-Authenticate


class Forbidden(Refusal): ...


class NotFound(Refusal): ...


class Conflict(Refusal): ...


class Gone(Refusal): ...


class StaleVersion(Refusal): ...


class VersionRequired(Refusal): ...


class TooManyRequests(Refusal):
    """`retry_after`: seconds until the request would be taken."""

    def __init__(self, code: str, vi: str, en: str, *, retry_after: int = 60, **extra: Any) -> None:
        super().__init__(code, vi, en, **extra)
        self.retry_after = retry_after


class Unavailable(Refusal): ...


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions that a change may find; None admits every one."""

    named: frozenset[int] | None


def check_version(expected: Versions, current: int) -> None:
    if expected.named is not None and current not in expected.named:
        raise StaleVersion(
            "version_stale",
            f"Bản ghi đã thay đổi sau lần đọc gần nhất (hiện là phiên bản {current}): đọc lại rồi sửa.",
            f"The record has changed since it was read (now version {current}): read it again, then change it.",
            version=current,
        )
