"""Connecting to the databases: network and PostgreSQL errors become one line, without the password."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from services.cli.console import Stop
from shared.runtime.migrations import INVALID_CATALOG_NAME, UNDEFINED_TABLE, needs_migration, prepare
from shared.runtime.sessions import keeps_session

# https://www.postgresql.org/docs/18/errcodes-appendix.html
REMEDIES = {
    "28P01": (
        "kiểm tra tên và mật khẩu trong DONDOC_DATABASE_URL; với bản nhúng, khôi phục tệp postgres.password",
        "check the name and the password in DONDOC_DATABASE_URL; of the embedded server, restore postgres.password",
    ),
    "28000": (
        "kiểm tra tên đăng nhập, và pg_hba.conf của máy chủ có cho máy này vào không",
        "check the user name, and whether the server's pg_hba.conf admits this machine",
    ),
    "42501": (
        "cấp quyền CREATEDB cho người dùng này, hoặc tạo sẵn cơ sở dữ liệu thuộc về người dùng này",
        "give this user the right CREATEDB, or create the database beforehand with this user as its owner",
    ),
    "53300": (
        "máy chủ đã hết kết nối: tăng max_connections hoặc giảm DONDOC_DATABASE_POOL_SIZE",
        "the server has no connection left: raise max_connections or lower DONDOC_DATABASE_POOL_SIZE",
    ),
    "57P03": (
        "máy chủ đang khởi động hoặc dừng: thử lại sau ít giây",
        "the server starts or stops: try again",
    ),
    INVALID_CATALOG_NAME: ("tạo bằng `dondoc migrate` trước", "create it with `dondoc migrate` first"),
    UNDEFINED_TABLE: ("chạy `dondoc migrate` trước", "run `dondoc migrate` first"),
}
UNKNOWN_REMEDY = ("xem nhật ký của máy chủ PostgreSQL", "see the log of the PostgreSQL server")


@contextmanager
def connecting(service: str, url: URL) -> Iterator[None]:
    """Raises Stop for errors of the connection and of that service's database in the block."""
    where = address(url)
    try:
        yield
    except DBAPIError as error:
        vi, en = REMEDIES.get(getattr(error.orig, "sqlstate", None) or "", UNKNOWN_REMEDY)
        reason = _one_line(error.orig)
        raise Stop(
            f"PostgreSQL từ chối cơ sở dữ liệu của {service} tại {where} ({reason}): {vi}.",
            f"PostgreSQL refuses the database of {service} at {where} ({reason}): {en}.",
        ) from None
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no DNS can hold
        reason = _one_line(error)
        raise Stop(
            f"Không kết nối được cơ sở dữ liệu của {service} tại {where} ({reason}): kiểm tra máy chủ PostgreSQL có "
            "đang chạy không, và địa chỉ trong --database-url hoặc DONDOC_DATABASE_URL.",
            f"The database of {service} at {where} cannot be reached ({reason}): check that the PostgreSQL server "
            "runs, and the address in --database-url or DONDOC_DATABASE_URL.",
        ) from None


def address(url: URL) -> str:
    """A URL without its password; of its query only the socket's folder."""
    socket = {"host": url.query["host"]} if "host" in url.query else {}
    return url.set(drivername="postgresql", query=socket).render_as_string(hide_password=True)


def _one_line(error: BaseException | None) -> str:
    text = " ".join(str(error).partition("\n")[0].split())
    # asyncpg's own error follows its class: "<class 'asyncpg...'>: the sentence"
    return text.rpartition("'>: ")[2] or type(error).__name__


async def require_sessions(service: str, url: URL) -> None:
    """Raise Stop for a pooler that does not keep the session between transactions."""
    with connecting(service, url):
        try:
            kept = await keeps_session(url)
        except asyncpg.PostgresError:
            return  # the next connection fails alike and reports the remedy, or creates the database
    if not kept:
        where = address(url)
        raise Stop(
            f"Kết nối tới cơ sở dữ liệu của {service} tại {where} qua một bộ gộp kết nối (PgBouncer) không giữ phiên: đặt "
            "pool_mode = session cho cơ sở dữ liệu này, hoặc trỏ DONDOC_DATABASE_URL thẳng tới PostgreSQL.",
            f"The database of {service} at {where} is reached through a pooler (PgBouncer) that does not keep sessions: set "
            "pool_mode = session for this database, or point DONDOC_DATABASE_URL straight at PostgreSQL.",
        )


async def prepare_database(service: str, url: URL) -> bool:
    """Create and migrate a database where needed; true when it was created."""
    await require_sessions(service, url)
    with connecting(service, url):
        return await prepare(service, url)


async def require_migrated(service: str, url: URL) -> None:
    await require_sessions(service, url)
    with connecting(service, url):
        behind = await needs_migration(service, url)
    if behind:
        raise Stop(
            f"Cơ sở dữ liệu của {service} chưa có hoặc chưa ở bản mới: chạy `dondoc migrate {service}` trước "
            "(bản nhúng: `make up`).",
            f"The database of {service} is missing or behind: run `dondoc migrate {service}` first "
            "(the embedded default: `make up`).",
        )
