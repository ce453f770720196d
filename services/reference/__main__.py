"""Write the documents, or list the stale ones."""

import sys

from services.reference import stale, write

if sys.argv[1:] == ["--check"]:
    found = list(stale())
    for line in found:
        print(line)  # noqa: T201 - a command prints
    if found:
        sys.exit("Chạy / run: python -m services.reference")
elif sys.argv[1:]:
    sys.exit("usage: python -m services.reference [--check]")
else:
    write()
