"""Where the command finds things: the data folder of the embedded default, or a deployment's environment."""

import base64
import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from pydantic import ValidationError
from sqlalchemy import URL

from services.cli.console import Stop
from services.notify.settings import NotifySettings
from services.suite import SuiteSettings
from services.tasks.settings import TasksSettings
from shared.embedded_postgres import EmbeddedPostgres, write_secret
from shared.settings import KEY_BYTES

DATA_FOLDER = Path(".dondoc")


class DataFolder:
    """`<data-dir>`: the database, the secret key, the admin key. One run at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.admin_key_file = self.path / "admin.key"
        self._secret_file = self.path / "secret.key"

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the folder for this run."""
        self._prepare()
        with _private(self.path / "lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Stop(
                    f"Thư mục {self.path} một tiến trình khác đang sử dụng: dừng tiến trình đó, hoặc chọn --data-dir khác.",
                    f"{self.path} is in use by another run: stop that one, or choose another --data-dir.",
                ) from None
            yield

    def _prepare(self) -> None:
        try:
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError:
            self._refuse()
        if not os.access(self.path, os.W_OK):
            self._refuse()
        if self._secret_file.exists():
            return
        if (self.path / "postgres").exists() and "DONDOC_SECRET_KEY" not in os.environ:
            raise Stop(
                f"Thiếu {self._secret_file}: không có nó thì mọi khóa API và bí mật webhook đã cấp mất hiệu lực. "
                "Khôi phục tệp từ bản sao lưu, hoặc chọn --data-dir khác.",
                f"{self._secret_file} is missing: without it every API key and webhook secret is lost. "
                "Restore the file from a backup, or choose another --data-dir.",
            )
        write_secret(self._secret_file, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())

    def _refuse(self) -> None:
        raise Stop(
            f"Không ghi được vào {self.path}: cấp quyền ghi, hoặc chọn --data-dir khác.",
            f"{self.path} cannot be written: give the right to write, or choose another --data-dir.",
        )

    @contextmanager
    def database(self, given: str | None) -> Iterator[str]:
        """URL template of the databases: the one given, or the embedded server while the block lasts."""
        if given is not None:
            yield given
            return
        server = EmbeddedPostgres(self.path)
        try:
            yield _template(server.start())
        finally:
            server.stop()

    def settings(self, database_url: str, **given: Any) -> SuiteSettings:
        """Settings of a run on this folder. What is not given comes from the environment."""
        if "DONDOC_SECRET_KEY" not in os.environ and "DONDOC_SECRET_KEY_FILE" not in os.environ:
            given["secret_key_file"] = self._secret_file
        known = {name: value for name, value in given.items() if value is not None}
        return read_settings(database_url=database_url, **known)


def _template(url: URL) -> str:
    text = url.set(drivername="postgresql", database="dondoc_SERVICE").render_as_string(hide_password=False)
    return text.replace("dondoc_SERVICE", "dondoc_{service}")


def read_settings(**given: Any) -> SuiteSettings:
    """The settings of both services; what is wrong with them is told in one line."""
    try:
        return SuiteSettings(TasksSettings(**given), NotifySettings(**given))
    except ValidationError as error:
        raise settings_stop(error) from None


def settings_stop(error: ValidationError) -> Stop:
    first = error.errors()[0]
    name = "DONDOC_" + str(first["loc"][0]).upper() if first["loc"] else "DONDOC_…"
    return Stop(
        f"Thiết lập {name} chưa đúng: {first['msg']}. Xem `dondoc settings`.",
        f"Setting {name} is wrong: {first['msg']}. See `dondoc settings`.",
    )


def bind(host: str, port: int) -> socket.socket:
    """The socket to serve on, taken before anything else is started."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        raise Stop(
            f"Không mở được cổng {port} tại {host} ({error.strerror}): chọn cổng khác bằng --port.",
            f"Port {port} at {host} cannot be opened ({error.strerror}): choose another with --port.",
        ) from None
    return listener


def _private(path: Path) -> TextIO:
    """Open a file that no one else can open, so that no one else can hold its lock."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w")
