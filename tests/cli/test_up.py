"""`dondoc up`: what it suggests can be run as printed, and what it finds in an old data folder does not mislead it."""

import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.cli import up as up_module
from services.cli.banner import Run, next_commands
from services.cli.environment import DataFolder
from services.cli.up import _refuse_earlier_clock, make_admin_key
from services.register import SERVICES
from services.suite import Databases, SuiteSettings, _first_page
from services.tasks.queries.keys import list_keys
from shared.keys.revocations import record_revocation
from shared.keys.tokens import KeySigner
from shared.runtime.clock import ManualClock, SystemClock
from tests.cli.conftest import Running, dondoc
from tests.conftest import MakeDatabase
from tests.support.ports import free_port
from tests.support.processes import run
from tests.support.writing import writing

SECRETS = (b"p" * 32,)


class Started:
    """What `up` would have run."""

    run: Run
    settings: SuiteSettings

    def suggested(self) -> list[list[str]]:
        return [shlex.split(line) for line in next_commands(self.run, self.settings.notify)]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """Everything of `up` but the suite itself and its database."""
    found = Started()

    @contextmanager
    def database(_: DataFolder, given: str | None) -> Iterator[str]:
        yield given or "postgresql://u:p@127.0.0.1:1/dondoc_{service}"

    async def run(run: Run, settings: SuiteSettings, *_: Any, **__: Any) -> None:
        found.run, found.settings = run, settings

    monkeypatch.setattr(DataFolder, "database", database)
    monkeypatch.setattr(up_module, "_run", run)
    return found


def option(words: list[str], name: str) -> str | None:
    return words[words.index(name) + 1] if name in words else None


def test_the_suggested_run_is_this_one_and_reaches_a_receiver_here(started: Started, tmp_path: Path) -> None:
    given = [
        "--data-dir", str(tmp_path / "dữ liệu $1 'x'"), "--port", "0", "--host", "127.0.0.1", "--no-seed", "--kafka", "k:9092",
        "--clock", "2025-05-20T08:00", "--speed", "60.0", "--database-url", "postgresql://u$w@h/dondoc_{service}",
        "--allow-outgoing", "10.0.0.0/8",
    ]  # fmt: skip
    assert dondoc("up", *given).exit_code == 0
    port = started.run.address.rpartition(":")[2]
    [make, up, arguments] = started.suggested()[2]
    assert (make, up) == ("make", "up")
    again = shlex.split(arguments.removeprefix("ARGS=").replace("$$", "$"))  # as make and its shell do
    asked = {(name, option(given, name)) for name in given if name.startswith("--") and name != "--port"}
    asked = {(name, None if name == "--no-seed" else value) for name, value in asked}
    values = {(n, None if n == "--no-seed" else option(again, n)) for n in again if n.startswith("--")}
    assert values == asked | {("--port", port)}
    assert [again[at + 1] for at, word in enumerate(again) if word == "--allow-outgoing"] == [
        "10.0.0.0/8",
        "127.0.0.1/32",
    ]

    assert dondoc("up", *again).exit_code == 0
    [_, _, listen] = started.suggested()  # webhooks reach this machine now
    assert listen[1:4] == ["listen", "--agency", "G09"]
    assert option(listen, "--url") == f"http://127.0.0.1:{port}"
    assert option(listen, "--key-file") == str(tmp_path / "dữ liệu $1 'x'" / "admin.key")


@pytest.mark.parametrize("url", ["postgresql://u:kín@h/x", "postgresql://u@h/x?password=kín"])
def test_the_suggested_run_asks_for_a_url_with_a_password(started: Started, tmp_path: Path, url: str) -> None:
    assert dondoc("up", "--data-dir", str(tmp_path), "--port", "0", "--database-url", url).exit_code == 0
    lines = next_commands(started.run, started.settings.notify)
    assert not any("kín" in line for line in lines)
    done = subprocess.run(
        ["/bin/bash", "-c", f'{lines[2]} && printf %s "$DONDOC_DATABASE_URL"'],
        input=url + "\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == url
    assert lines[3].startswith("make up")
    assert "--database-url" not in lines[3]


def test_the_default_run_suggests_short_commands(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run("http://127.0.0.1:8000", DataFolder(Path(".dondoc")).admin_key_file, tmp_path, ())
    dondoc("up", "--port", "0")  # for its settings
    assert next_commands(run, started.settings.notify)[2:] == [
        "make up ARGS='--allow-outgoing 127.0.0.1/32'",
        ".venv/bin/dondoc listen --agency G09",
    ]


def test_what_is_not_given_comes_from_the_environment(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    for name, value in {
        "CLOCK": "2025-05-20T08:00",
        "CLOCK_SPEED": "60",
        "HOST": "127.0.0.2",
        "PORT": str(port),
    }.items():
        monkeypatch.setenv(f"DONDOC_{name}", value)
    assert dondoc("up", "--data-dir", str(tmp_path)).exit_code == 0
    assert started.settings.tasks.clock_speed == 60
    assert started.settings.tasks.clock is not None
    assert (started.run.address, started.settings.tasks.host) == (f"http://127.0.0.2:{port}", "127.0.0.2")
    other = free_port()
    given = ("--speed", "5", "--host", "127.0.0.1", "--port", str(other))
    assert dondoc("up", "--data-dir", str(tmp_path), *given).exit_code == 0
    assert started.settings.tasks.clock_speed == 5
    assert started.run.address == f"http://127.0.0.1:{other}"


def test_without_either_the_clock_is_the_systems(started: Started, tmp_path: Path) -> None:
    assert dondoc("up", "--data-dir", str(tmp_path), "--port", "0").exit_code == 0
    assert isinstance(started.settings.tasks.make_clock(), SystemClock)


async def test_an_admin_key_that_is_not_accepted_is_drawn_anew(
    make_database: MakeDatabase, clock: ManualClock, tmp_path: Path
) -> None:
    file = tmp_path / "admin.key"
    databases = Databases({name: await make_database(name) for name in SERVICES})

    async def key(secrets: tuple[bytes, ...] = SECRETS) -> str:
        await make_admin_key(file, databases, secrets, clock)
        return file.read_text()

    file.write_text("ddk_0123456789ab_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI")  # of the form before
    first = await key()
    assert await key() == first
    assert file.stat().st_mode & 0o777 == 0o600
    async with writing(databases.notify) as session:
        await record_revocation(session, first.split("_")[1], at=clock.now(), expires_at=None)
    second = await key()
    assert second != first
    assert await key() == second
    assert await key((b"q" * 32,)) != second
    file.write_bytes(b"\xff no key")
    assert (await key()).startswith("ddk_")


async def test_an_admin_key_stays_through_a_rotation_and_other_databases(
    make_database: MakeDatabase, clock: ManualClock, tmp_path: Path
) -> None:
    file = tmp_path / "admin.key"
    databases = Databases({name: await make_database(name) for name in SERVICES})
    await make_admin_key(file, databases, SECRETS, clock)
    first = file.read_text()
    async with writing(databases.tasks) as session:
        await session.execute(
            text("DELETE FROM issued_keys")
        )  # as a crash before the record, or another server
    await make_admin_key(file, databases, SECRETS, clock)
    assert file.read_text() == first
    async with databases.tasks.reading() as connection:
        [on_record] = await list_keys(connection)
    assert (on_record.prefix, on_record.role) == (first.split("_")[1], "admin")
    rotated = (b"n" * 32, *SECRETS)
    await make_admin_key(file, databases, rotated, clock)
    assert file.read_text() != first
    assert KeySigner(rotated[:1]).read(file.read_text()) == KeySigner(SECRETS).read(first)


@pytest.mark.parametrize("later", SERVICES)
async def test_a_clock_before_what_any_service_recorded_is_refused(
    make_database: MakeDatabase, clock: ManualClock, later: str
) -> None:
    databases = Databases({name: await make_database(name) for name in SERVICES})
    await _refuse_earlier_clock(databases, clock)
    async with writing(databases[later]) as session:
        await session.execute(
            text(
                "INSERT INTO outbox (event_id, time, type, subject, version, data)"
                " VALUES (gen_random_uuid(), '2025-06-01T00:00Z', 'x', 'x', 1, '{}'),"
                # of the command `keys`, beside a suite on a simulated clock
                " (gen_random_uuid(), '2025-07-01T00:00Z', 'vn.dondoc.tasks.key.issued.v1', 'x', 1, '{}')"
            )
        )
    with pytest.raises(Exception, match="2025-06-01"):
        await _refuse_earlier_clock(databases, clock)


def test_the_asterisk_is_an_address_too(running: Running) -> None:
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"OPTIONS * HTTP/1.1\r\nHost: suite\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"There is no such address" in answer


def test_a_lost_secret_key_is_not_drawn_anew_beside_old_data(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    refused = run("up", "--data-dir", str(tmp_path), "--port", "0", check=False)
    assert refused.returncode == 1
    assert "secret.key" in refused.stderr
    assert not (tmp_path / "secret.key").exists()


def test_a_secret_key_that_was_set_aside_is_the_previous_one(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.taken():
        before = folder.settings("postgresql://h/x").tasks.secrets
    (tmp_path / "postgres").mkdir()
    (tmp_path / "secret.key").rename(tmp_path / "secret.key.previous")
    with folder.taken():
        rotated = folder.settings("postgresql://h/x").tasks.secrets
    assert rotated[1:] == before
    assert rotated[0] != before[0]
    (tmp_path / "secret.key.previous").unlink()
    assert folder.settings("postgresql://h/x").tasks.secrets == rotated[:1]


def test_the_first_page_shows_this_run_and_its_folder_to_this_machine_alone(running: Running) -> None:
    def first_page(**headers: str) -> str:
        with httpx2.Client(base_url=running.url, headers=headers, trust_env=False) as client:
            return client.get("/").text

    shown = first_page()
    assert f"{running.url}</code>" in shown
    assert str(running.folder) in shown
    assert f"$(cat {running.key_file})" in shown
    assert running.key_file.read_text() not in shown
    for elsewhere in (
        {"host": "dondoc.example"},
        {"x-forwarded-for": "203.0.113.9"},
        {"x-real-ip": "203.0.113.9"},
        {"via": "1.1 proxy"},
    ):
        seen = first_page(**elsewhere)
        assert str(running.folder) not in seen, elsewhere
        assert running.url in seen
    proxied = "GET / HTTP/1.0\r\nHost: {}:{}\r\nConnection: close\r\n\r\n"  # as nginx asks by itself
    place = urlsplit(running.url)
    assert place.hostname
    assert place.port
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(proxied.format(place.hostname, place.port).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert running.url in answer
    assert str(running.folder) not in answer


@pytest.mark.parametrize(
    ("address", "is_shown"),
    [
        ("http://127.0.0.1:8000", True), ("http://localhost:8000", True), ("http://[::1]:8000", True),
        ("https://dondoc.example", False), ("http://10.1.2.3:8000", False),
    ],
)  # fmt: skip
async def test_a_run_that_serves_others_shows_its_folder_to_nobody(
    tmp_path: Path, address: str, *, is_shown: bool
) -> None:
    app = FastAPI()
    app.add_api_route("/", _first_page(address, tmp_path))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        text = (await client.get("/")).text
    assert (str(tmp_path) in text) is is_shown
    assert address in text
