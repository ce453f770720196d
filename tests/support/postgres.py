"""A real PostgreSQL for the tests: the one at DONDOC_TEST_POSTGRES, or the embedded server in a folder of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url

from shared.embedded_postgres import EmbeddedPostgres


@contextmanager
def running_postgres() -> Iterator[URL]:
    """URL of a server on which databases can be created."""
    if address := os.environ.get("DONDOC_TEST_POSTGRES"):
        yield make_url(address).set(drivername="postgresql+asyncpg")
        return
    folder = Path(tempfile.mkdtemp(prefix="dondoc-pg-"))  # short: a socket's path has at most 107 bytes
    server = EmbeddedPostgres(folder)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
