"""The start of a run: its PostgreSQL, stopped again at its end."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.common import Run
from tests.support.postgres import own_postgres


@contextmanager
def started(*, quick: bool, sizes: tuple[int, ...]) -> Iterator[Run]:
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # so that all that was started is stopped
    with own_postgres() as server:
        url = server.start()
        postmaster: Any = server._server  # noqa: SLF001 - its process, to read its processor time
        yield Run(url, postmaster.get_pid(), quick, sizes)
