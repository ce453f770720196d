"""The child process that reads or writes a file, under limits: a crafted one can make any library use all memory."""

import json
import resource
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.errors import InvalidInput

TOO_COSTLY = 3  # exit status: more memory, or a longer answer, than it may have
_MAX_ANSWER = (
    256 * 1024 * 1024
)  # characters; 100,000 rows of five columns of 100 characters give about 60 million
MAX_MEMORY = (
    1024**3
)  # bytes of address space; 100,000 rows of five cells of 100 characters take less than 768 MB
_LIMITS = {
    resource.RLIMIT_AS: MAX_MEMORY,
    resource.RLIMIT_CPU: 30,  # the same rows take 8
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}


Answer = Callable[[dict[str, Any], bytes], Iterable[dict[str, Any]]]


def run(answer: Answer) -> None:
    """Answer the question on the input, a line of JSON and the file, in pieces of JSON, one a line; a refusal is one too."""
    _be_ended_first()
    for limit, value in _LIMITS.items():
        _, highest = resource.getrlimit(limit)
        lowered = value if highest == resource.RLIM_INFINITY else min(value, highest)
        resource.setrlimit(limit, (lowered, lowered))
    try:
        asked = json.loads(sys.stdin.buffer.readline())
        lines = [json.dumps(piece) for piece in _or_refusal(answer, asked, sys.stdin.buffer.read())]
    except MemoryError:
        sys.exit(TOO_COSTLY)
    if sum(map(len, lines)) > _MAX_ANSWER:
        sys.exit(TOO_COSTLY)
    sys.stdout.write("\n".join(lines))


def _or_refusal(answer: Answer, asked: dict[str, Any], content: bytes) -> Iterable[dict[str, Any]]:
    try:
        return list(answer(asked, content))
    except InvalidInput as refusal:
        problem = {"code": refusal.code, "vi": refusal.vi, "en": refusal.en, "field": refusal.field}
        return [{"refusal": {"kind": type(refusal).__name__} | problem}]


def _be_ended_first() -> None:
    """Have the kernel end this process rather than the service when the container runs out of memory."""
    with suppress(OSError):  # no Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
