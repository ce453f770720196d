"""A real PgBouncer before the tests' PostgreSQL."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from tests.support.ports import free_port

START_SECONDS = 30.0
PROGRAMS = os.defpath + ":/usr/sbin"


class PgBouncerAbsent(Exception): ...


@contextmanager
def running_pgbouncer(postgres: URL, folder: Path, pool_mode: str) -> Iterator[URL]:
    """URL of the same database through a pooler in that mode."""
    program = shutil.which("pgbouncer", path=PROGRAMS)
    if program is None:
        raise PgBouncerAbsent("pgbouncer is not on this machine")
    port = free_port()
    (folder / "pgbouncer.ini").write_text(_configuration(postgres, port, pool_mode), encoding="utf-8")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, folder / "pgbouncer.ini"], stdout=log, stderr=log)
        try:
            _await_port(port, process, folder / "log")
            yield postgres.set(host="127.0.0.1", port=port, query={})
        finally:
            process.kill()
            process.wait(10)


def _configuration(postgres: URL, port: int, pool_mode: str) -> str:
    socket_folder = postgres.query.get("host")
    host = socket_folder if isinstance(socket_folder, str) else postgres.host
    server = f"host={host} port={postgres.port or 5432} user={postgres.username} password={postgres.password}"
    lines = [
        "[databases]",
        f"* = {server}",
        "[pgbouncer]",
        "listen_addr = 127.0.0.1",
        f"listen_port = {port}",
        "unix_socket_dir =",
        "auth_type = any",
        f"pool_mode = {pool_mode}",
        "ignore_startup_parameters = extra_float_digits",
    ]
    if os.getuid() == 0 and isinstance(socket_folder, str):  # it refuses to be root
        lines.append(f"user = {pwd.getpwuid(Path(socket_folder).stat().st_uid).pw_name}")
    return "\n".join(lines) + "\n"


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(log.read_text(encoding="utf-8")) from None
            time.sleep(0.02)  # the program tells no one that it listens
