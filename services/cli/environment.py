"""The command's environment: the data folder of the embedded default, or a deployment's variables."""

import base64
import fcntl
import inspect
import os
import secrets
import socket
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import asyncpg
from pydantic import ValidationError
from sqlalchemy import URL, make_url

from services.cli.console import Misuse, Stop
from services.register import SERVICES
from services.suite import SuiteSettings
from shared.runtime import logs
from shared.runtime.embedded_postgres import EmbeddedPostgres, PasswordLost, write_secret
from shared.runtime.listener import open_listener
from shared.runtime.settings import KEY_BYTES, Settings

DATA_FOLDER = Path(".dondoc")
YEARS = range(2000, 2100)  # of the suite's days, so that date arithmetic stays in range
FASTEST = 1_000_000  # as in Settings.clock_speed


class DataFolder:
    """`<data-dir>`: the database, the secret key, the admin key. One run at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.admin_key_file = self.path / "admin.key"
        self.server: EmbeddedPostgres | None = None  # while it runs
        self._secret_file = self.path / "secret.key"
        self._previous_secret_file = self.path / "secret.key.previous"  # while the secret key is rotated

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the folder for this run."""
        self._prepare()
        with _private(self.path / "lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Stop(
                    f"Thư mục {self.path} đang được một tiến trình khác sử dụng: dừng tiến trình đó, hoặc chọn --data-dir khác.",
                    f"{self.path} is in use by another run: stop that one, or choose another --data-dir.",
                ) from None
            yield

    def _prepare(self) -> None:
        try:
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            _private(self.path / "lock").close()
        except OSError:
            raise Stop(
                f"Không ghi được vào {self.path}: cấp quyền ghi, hoặc chọn --data-dir khác.",
                f"{self.path} cannot be written: give the right to write, or choose another --data-dir.",
            ) from None
        if self._secret_file.exists():
            return
        lost = (self.path / "postgres").exists() and not self._previous_secret_file.exists()
        if lost and "DONDOC_SECRET_KEY" not in os.environ:
            raise Stop(
                f"Thiếu {self._secret_file}: không có nó thì mọi khóa API và bí mật webhook đã cấp mất hiệu lực. "
                "Khôi phục tệp từ bản sao lưu, hoặc chọn --data-dir khác.",
                f"{self._secret_file} is missing: without it every API key and webhook secret is lost. "
                "Restore the file from a backup, or choose another --data-dir.",
            )
        write_secret(self._secret_file, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())

    @contextmanager
    def database(self, given: str | None) -> Iterator[str]:
        """URL template of the databases: the one given, or the embedded server while the block lasts."""
        if given is not None:
            yield given
            return
        self.server = EmbeddedPostgres(self.path)
        try:
            yield _template(self._started(self.server))
        finally:
            self.server.stop()
            self.server = None

    def _started(self, server: EmbeddedPostgres) -> URL:
        try:
            return server.start()
        except PasswordLost as lost:
            raise Stop(
                f"Thiếu {lost.file}: không có nó thì không mở được dữ liệu. Khôi phục tệp từ bản sao lưu, hoặc chọn "
                "--data-dir khác.",
                f"{lost.file} is missing: without it the data cannot be opened. Restore the file from a backup, or "
                "choose another --data-dir.",
            ) from None
        except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
            raise Stop(
                f"Không khởi động được PostgreSQL nhúng tại {self.path} ({error}): xem {self.path}/postgres/log, khôi "
                "phục thư mục từ bản sao lưu, hoặc chọn --data-dir khác.",
                f"The embedded PostgreSQL at {self.path} does not start ({error}): see {self.path}/postgres/log, "
                "restore the folder from a backup, or choose another --data-dir.",
            ) from None

    def settings(self, database_url: str, **given: Any) -> SuiteSettings:
        """Settings of a run on this folder. What is not given comes from the environment."""
        if "DONDOC_SECRET_KEY" not in os.environ and "DONDOC_SECRET_KEY_FILE" not in os.environ:
            given["secret_key_file"] = self._secret_file
            if self._previous_secret_file.exists():
                given["secret_key_previous_file"] = self._previous_secret_file
        known = {name: value for name, value in given.items() if value is not None}
        return read_settings(database_url=database_url, **known)


def _template(url: URL) -> str:
    text = url.set(drivername="postgresql", database="dondoc_SERVICE").render_as_string(hide_password=False)
    return text.replace("dondoc_SERVICE", "dondoc_{service}")


def read_settings(databases: Collection[str] = SERVICES, **given: Any) -> SuiteSettings:
    """The settings of every service. Raises Stop where they are invalid.

    `databases` are the services whose database the command opens: a process of a deployment has no other's password.
    """
    try:
        settings = SuiteSettings.read(**given)
        for service in databases:
            own = settings[service]
            _require_postgres(own.database_url.get_secret_value(), own.database_for(service))
    except ValidationError as error:
        raise settings_stop(error) from None
    except OSError as error:
        raise Stop(
            f"Không đọc được tệp {error.filename} ({error.strerror}): khôi phục tệp, hoặc sửa biến DONDOC_…_FILE chỉ "
            "tới nó. Xem `dondoc settings`.",
            f"The file {error.filename} cannot be read ({error.strerror}): restore it, or correct the variable "
            "DONDOC_…_FILE that names it. See `dondoc settings`.",
        ) from None
    require_clock(settings.tasks.clock, settings.tasks.clock_speed)
    return settings


def _require_postgres(given: str, url: URL) -> None:
    """Refuse a URL that the driver cannot use; the URL is not shown, it may hold a password."""
    unknown = set(url.query) - set(inspect.signature(asyncpg.connect).parameters)
    if unknown:
        raise Stop(
            f"DONDOC_DATABASE_URL (--database-url) có tùy chọn không dùng được: {', '.join(sorted(unknown))}; "
            "yêu cầu TLS bằng ?ssl=require.",
            f"DONDOC_DATABASE_URL (--database-url) has options that cannot be used: {', '.join(sorted(unknown))}; "
            "ask for TLS by ?ssl=require.",
        )
    name = make_url(given).drivername.partition("+")[0]
    if name not in {"postgresql", "postgres"} or not 0 <= (url.port or 0) <= 65535:  # noqa: PLR2004 - TCP's ports
        raise _no_postgres_url()


def _no_postgres_url() -> Stop:
    return Stop(
        "DONDOC_DATABASE_URL (--database-url) không phải địa chỉ PostgreSQL: ghi "
        "postgresql://người-dùng:mật-khẩu@máy-chủ:5432/dondoc_{service}.",
        "DONDOC_DATABASE_URL (--database-url) is no PostgreSQL URL: write "
        "postgresql://user:password@host:5432/dondoc_{service}.",
    )


def require_secrets(settings: Settings) -> tuple[bytes, ...]:
    try:
        return settings.secrets
    except ValueError as error:
        raise Stop(f"Thiếu khóa bí mật: {error}.", f"There is no secret key: {error}.") from None


def require_clock(start: date | None, speed: float) -> None:
    if start is not None:
        require_year("--clock (DONDOC_CLOCK)", start)
    if not 0 < speed <= FASTEST:
        raise Misuse(
            f"--speed (DONDOC_CLOCK_SPEED) phải lớn hơn 0 và không quá {f'{FASTEST:,}'.replace(',', '.')}.",
            f"--speed (DONDOC_CLOCK_SPEED) must be above 0 and at most {FASTEST:,}.",
        )


def require_year(name: str, day: date) -> None:
    """Refuse a day outside YEARS."""
    if day.year not in YEARS:
        raise Misuse(
            f"{name} phải trong khoảng từ năm {YEARS[0]} đến hết năm {YEARS[-1]}.",
            f"{name} must lie in the years {YEARS[0]} to {YEARS[-1]}.",
        )


def configure_logs(level: str, service: str) -> None:
    try:
        logs.configure(level, service)
    except ValueError:
        raise Stop(
            f"DONDOC_LOG_LEVEL “{level}”: ghi DEBUG, INFO, WARNING hoặc ERROR.",
            f"DONDOC_LOG_LEVEL “{level}”: write DEBUG, INFO, WARNING or ERROR.",
        ) from None


def settings_stop(error: ValidationError) -> Stop:
    first = error.errors()[0]
    if first["loc"] == ("database_url",) and first["type"] != "missing":
        return _no_postgres_url()  # the reason given may quote a piece of the URL
    name = "DONDOC_" + str(first["loc"][0]).upper() if first["loc"] else "DONDOC_…"
    if first["type"] == "missing":
        return Stop(
            f"Chưa đặt {name}: đặt biến môi trường này. Xem `dondoc settings`.",
            f"{name} is not set: set this environment variable. See `dondoc settings`.",
        )
    return Stop(
        f"Thiết lập {name} chưa đúng: {first['msg']}. Xem `dondoc settings`.",
        f"Setting {name} is wrong: {first['msg']}. See `dondoc settings`.",
    )


def bind(host: str, port: int) -> socket.socket:
    """The listening socket, bound before anything else is started."""
    try:
        return open_listener(host, port)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no DNS can hold
        reason = error.strerror if isinstance(error, OSError) else "host"
        raise Stop(
            f"Không mở được cổng {port} tại {host} ({reason}): chọn cổng khác bằng --port hoặc địa chỉ khác bằng --host (make: ARGS='--port …').",
            f"Port {port} at {host} cannot be opened ({reason}): choose another port with --port, or another address with --host (make: ARGS='--port …').",
        ) from None


def _private(path: Path) -> TextIO:
    """Open a file that no one else can open, so that no one else can hold its lock."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w")
