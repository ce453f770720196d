"""One untrusted file read by a process of its own: `python -m shared.spreadsheets`.

On its input a line of JSON, {"filename", "columns", "mapping", "sheet"}, and the file; on its output one JSON value,
a workbook or a refusal. A workbook of 1 KB can make the reading library ask for 549 GB and abort: the process that does so
must not be the service.
"""

import json
import resource
import sys
from typing import Any

from shared.errors import InvalidInput
from shared.spreadsheets.wire import TOO_COSTLY, columns_from_json, workbook_to_json
from shared.spreadsheets.workbook import read_workbook

_MAX_ANSWER = (
    256 * 1024 * 1024
)  # characters; 100,000 rows of five columns of 100 characters give about 60 million
_LIMITS = {
    resource.RLIMIT_AS: 2 * 1024**3,
    resource.RLIMIT_CPU: 60,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}


def _answer(asked: dict[str, Any], content: bytes) -> dict[str, Any]:
    columns = columns_from_json(asked["columns"])
    try:
        read = read_workbook(asked["filename"], content, columns, asked["mapping"], asked["sheet"])
        return {"workbook": workbook_to_json(read)}
    except InvalidInput as refusal:
        told = {"code": refusal.code, "vi": refusal.vi, "en": refusal.en, "field": refusal.field}
        return {"refusal": {"kind": type(refusal).__name__} | told}


def main() -> None:
    for limit, value in _LIMITS.items():
        _, highest = resource.getrlimit(limit)
        lowered = value if highest == resource.RLIM_INFINITY else min(value, highest)
        resource.setrlimit(limit, (lowered, lowered))
    try:
        asked = json.loads(sys.stdin.buffer.readline())
        answer = json.dumps(_answer(asked, sys.stdin.buffer.read()))
    except MemoryError:
        sys.exit(TOO_COSTLY)
    if len(answer) > _MAX_ANSWER:
        sys.exit(TOO_COSTLY)
    sys.stdout.write(answer)


if __name__ == "__main__":
    main()
