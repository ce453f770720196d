"""The child process that reads or writes a file, under limits: a crafted one can make any library use all memory."""

import json
import resource
import sys
from collections.abc import Callable
from typing import Any

from shared.errors import InvalidInput

TOO_COSTLY = 3  # exit status: more memory, or a longer answer, than it may have
_MAX_ANSWER = (
    256 * 1024 * 1024
)  # characters; 100,000 rows of five columns of 100 characters give about 60 million
_LIMITS = {
    resource.RLIMIT_AS: 2 * 1024**3,
    resource.RLIMIT_CPU: 60,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}


def run(answer: Callable[[dict[str, Any], bytes], dict[str, Any]]) -> None:
    """Answer the question on the input: a line of JSON, then the file; a refusal is an answer too."""
    for limit, value in _LIMITS.items():
        _, highest = resource.getrlimit(limit)
        lowered = value if highest == resource.RLIM_INFINITY else min(value, highest)
        resource.setrlimit(limit, (lowered, lowered))
    try:
        asked = json.loads(sys.stdin.buffer.readline())
        told = json.dumps(_or_refusal(answer, asked, sys.stdin.buffer.read()))
    except MemoryError:
        sys.exit(TOO_COSTLY)
    if len(told) > _MAX_ANSWER:
        sys.exit(TOO_COSTLY)
    sys.stdout.write(told)


def _or_refusal(
    answer: Callable[[dict[str, Any], bytes], dict[str, Any]], asked: dict[str, Any], content: bytes
) -> dict[str, Any]:
    try:
        return answer(asked, content)
    except InvalidInput as refusal:
        told = {"code": refusal.code, "vi": refusal.vi, "en": refusal.en, "field": refusal.field}
        return {"refusal": {"kind": type(refusal).__name__} | told}
