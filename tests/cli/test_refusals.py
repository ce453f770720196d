"""What cannot be done is refused in one line of each language, with the remedy, and never with a password."""

import asyncio
import base64
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import URL

from services.cli import up as up_module
from services.cli.console import Misuse, Stop
from shared.runtime.embedded_postgres import ACCESS_RULES, EmbeddedPostgres, PasswordLost
from tests.cli.conftest import dondoc
from tests.support.ports import free_port
from tests.support.processes import DONDOC, run, until

PASSWORD = "kin-va-la-7Q"  # of no server
GOOD = "Nhiệm vụ,Cơ quan chủ trì,Thời hạn\nXây dựng đề án mẫu,Bộ Nội vụ,Tháng 6/2025\n"
Deploy = Callable[[str], None]


def refusal(*arguments: str) -> Stop:
    result = dondoc(*arguments)
    assert isinstance(result.exception, Stop), (arguments, result.exception, result.output)
    for text in (result.exception.vi, result.exception.en, result.output):
        assert PASSWORD not in text
    assert "\n" not in result.exception.vi + result.exception.en
    return result.exception


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Point the command's environment at a server, as a deployment does."""

    def at(url: str) -> None:
        monkeypatch.setenv("DONDOC_DATABASE_URL", url)
        monkeypatch.setenv("DONDOC_SECRET_KEY", base64.b64encode(b"k" * 32).decode())
        monkeypatch.setenv("DONDOC_PORT", str(free_port()))  # a suite may be running at the default one

    return at


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite that starts after all must fail the test rather than serve for ever."""

    async def refuse(*_: object, **__: object) -> None:
        pytest.fail("the suite was started")

    monkeypatch.setattr(up_module, "_run", refuse)


@pytest.fixture
def annex(tmp_path: Path) -> str:
    file = tmp_path / "a.csv"
    file.write_text(GOOD, encoding="utf-8")
    return str(file)


# --- what was typed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "clock", ["0001-01-01T00:00", "1999-12-31T23:59", "2100-01-01", "9999-12-31T23:59", "x"]
)
@pytest.mark.usefixtures("nothing_runs")
def test_a_clock_out_of_bounds_is_refused_before_anything_is_made(tmp_path: Path, clock: str) -> None:
    stop = refusal("up", "--data-dir", str(tmp_path / "d"), "--port", "0", "--clock", clock)
    assert isinstance(stop, Misuse)
    assert "2000" in stop.vi or "ISO 8601" in stop.vi
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("speed", ["0", "-1", "1e30", "nan", "inf", "-0.0"])
@pytest.mark.usefixtures("nothing_runs")
def test_a_speed_out_of_bounds_is_refused_before_anything_is_made(tmp_path: Path, speed: str) -> None:
    stop = refusal("up", "--data-dir", str(tmp_path / "d"), "--port", "0", "--speed", speed)
    assert isinstance(stop, Misuse)
    assert "DONDOC_CLOCK_SPEED" in stop.vi
    assert "1.000.000" in stop.vi
    assert "1,000,000" in stop.en
    assert not (tmp_path / "d").exists()


def test_what_was_typed_wrong_exits_with_2_and_vietnamese_comes_first(tmp_path: Path) -> None:
    refused = run("up", "--data-dir", str(tmp_path / "d"), "--port", "0", "--speed", "0", check=False)
    vi, en = refused.stderr.splitlines()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert (vi[:7], "must be above 0" in en) == ("--speed", True)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    refused = subprocess.run(
        [DONDOC.encode(), b"up", b"--data-dir", os.fsencode(tmp_path) + b"/\xff", b"--port", b"0"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 2
    assert b"UTF-8" in refused.stderr
    assert b"Traceback" not in refused.stderr


@pytest.mark.parametrize(("start", "end"), [("0001-01-01", "2025-01-01"), ("2025-01-01", "9999-12-31")])
def test_a_simulation_out_of_bounds_is_refused(annex: str, start: str, end: str) -> None:
    assert isinstance(refusal("simulate", annex, "--from", start, "--to", end), Misuse)


@pytest.mark.usefixtures("nothing_runs")
def test_a_host_that_no_dns_can_hold_is_refused(tmp_path: Path) -> None:
    stop = refusal("up", "--data-dir", str(tmp_path), "--port", "0", "--host", "a" * 300)
    assert "--host" in stop.vi


@pytest.mark.parametrize("url", ["rác", "http://[::", "ftp://a", "http://", "http://127.0.0.1:99999"])
def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DONDOC_KEY", "k")
    assert "--url" in refusal("groups", "list", "--url", url).vi
    assert "--forward" in refusal("listen", "--agency", "G09", "--forward", url).vi


def test_a_file_that_holds_no_key_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "x"
    for content in (b"\xff\x00", "khóa".encode(), b"two words", b""):
        file.write_bytes(content)
        assert "--key-file" in refusal("groups", "list", "--key-file", str(file)).vi
    monkeypatch.setenv("DONDOC_KEY", "khóa")
    assert "--key-file" in refusal("groups", "list").vi


def test_columns_in_a_folder_are_refused(annex: str, tmp_path: Path) -> None:
    given = ("--programme", "P", "--document", "D", "--columns", str(tmp_path))
    assert dondoc("import", "tasks", annex, *given).exit_code == 2


@pytest.mark.usefixtures("nothing_runs")
def test_a_log_level_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DONDOC_LOG_LEVEL", "ồn")
    assert "WARNING" in refusal("up", "--data-dir", str(tmp_path), "--port", "0").vi


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_another_server_at_the_address_is_not_taken_for_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DONDOC_KEY", "k")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert "--url" in refusal("groups", "list", "--url", f"http://127.0.0.1:{server.server_port}").vi
        server.shutdown()


def test_a_server_that_breaks_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DONDOC_KEY", "k")

    def break_off() -> None:
        server.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=break_off, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert url in refusal("groups", "list", "--url", url).vi


# --- the server of the databases -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deaf() -> Iterator[int]:
    """A port that nobody listens on while the tests run."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def commands(tmp_path: Path, url: str) -> list[tuple[str, ...]]:
    up = ("up", "--data-dir", str(tmp_path / "d"), "--port", "0", "--database-url", url)
    return [
        up,
        ("migrate",),
        ("keys", "list"),
        ("keys", "create", "--name", "x", "--role", "reader"),
        ("catalogue",),
    ]


def test_a_server_that_is_not_there_is_told_by_every_command(
    tmp_path: Path, deploy: Deploy, deaf: int
) -> None:
    url = f"postgresql://u:{PASSWORD}@127.0.0.1:{deaf}/dondoc_{{service}}"
    deploy(url)
    for command in commands(tmp_path, url):
        stop = refusal(*command)
        assert f"127.0.0.1:{deaf}" in stop.vi
        assert "DONDOC_DATABASE_URL" in stop.vi
    assert f"127.0.0.1:{deaf}" in refusal("serve", "tasks").en


@pytest.mark.parametrize(
    "place",
    ["không-có.invalid", "a" * 300, "127.0.0.1:0", "/x?host=/không/có"],
)
def test_an_address_where_nobody_is_is_told(tmp_path: Path, place: str) -> None:
    url = f"postgresql://u:{PASSWORD}@{place}"
    assert "DONDOC_DATABASE_URL" in refusal(*commands(tmp_path, url)[0]).en


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{PASSWORD}@h/x",
        f"{PASSWORD}",
        "",
        f"postgresql://u:{PASSWORD}/x",  # the @ forgotten: the password stands where the port should
        f"postgresql://u:{PASSWORD}@127.0.0.1:99999/x",
        f"postgresql://u:{PASSWORD}@127.0.0.1/x?sslmode=require",
        f"postgresql://u:{PASSWORD}@127.0.0.1/x?x={PASSWORD}",
    ],
)
@pytest.mark.usefixtures("nothing_runs")
def test_what_is_no_postgres_url_is_told(tmp_path: Path, url: str) -> None:
    assert "DONDOC_DATABASE_URL" in refusal(*commands(tmp_path, url)[0]).vi
    assert not (tmp_path / "d" / "postgres").exists()


def template(postgres: URL, password: str | None = None) -> str:
    url = postgres.set(drivername="postgresql", database="không_có", password=password or postgres.password)
    return url.render_as_string(hide_password=False)


def test_a_wrong_password_is_told(tmp_path: Path, deploy: Deploy, postgres: URL) -> None:
    url = template(postgres, PASSWORD)
    deploy(url)
    for command in commands(tmp_path, url):
        assert "mật khẩu" in refusal(*command).vi


def test_a_missing_database_is_told_where_it_is_not_created(deploy: Deploy, postgres: URL) -> None:
    deploy(template(postgres))
    for command in (("keys", "list"), ("keys", "revoke", "0" * 12), ("catalogue",), ("serve", "tasks")):
        assert "dondoc migrate" in refusal(*command).vi


def test_files_of_secrets_that_are_not_there_are_told(
    monkeypatch: pytest.MonkeyPatch, deploy: Deploy, deaf: int
) -> None:
    deploy(f"postgresql://u@127.0.0.1:{deaf}/x")
    monkeypatch.setenv("DONDOC_DATABASE_PASSWORD_FILE", "/không/có")
    assert "/không/có" in refusal("serve", "tasks").vi
    monkeypatch.delenv("DONDOC_DATABASE_PASSWORD_FILE")
    monkeypatch.delenv("DONDOC_SECRET_KEY")
    assert "DONDOC_SECRET_KEY" in refusal("serve", "tasks").vi
    monkeypatch.setenv("DONDOC_SECRET_KEY_FILE", "/không/có")
    assert "/không/có" in refusal("serve", "tasks").vi


# --- the data folder -----------------------------------------------------------------------------------------------


def test_an_operators_command_makes_no_server_where_none_was(tmp_path: Path) -> None:
    file = tmp_path / "tệp"
    file.touch()
    (tmp_path / "trống").mkdir()
    for place in (file, tmp_path / "trống", tmp_path / "không có"):
        assert "make up" in refusal("keys", "list", "--data-dir", str(place)).vi
    assert not any((tmp_path / "trống").iterdir())


def test_a_lost_password_is_told_and_not_drawn_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "pg_hba.conf").write_text(ACCESS_RULES, encoding="utf-8")
    (tmp_path / "secret.key").write_text(base64.b64encode(b"k" * 32).decode())
    for command in (("up", "--port", "0"), ("keys", "list")):
        assert "postgres.password" in refusal(*command, "--data-dir", str(tmp_path)).vi
    assert not (tmp_path / "postgres.password").exists()


def test_a_set_up_cut_short_before_the_password_is_taken_up_again(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "pg_hba.conf").write_text("local all all trust\n", encoding="utf-8")
    try:
        EmbeddedPostgres(tmp_path)._require_password()
    except PasswordLost:
        pytest.fail("nothing was locked yet")


@pytest.mark.parametrize("version", ["17\n", "", "rác"])
@pytest.mark.usefixtures("nothing_runs")
def test_data_that_the_embedded_server_cannot_open_are_told(tmp_path: Path, version: str) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text(version, encoding="utf-8")
    (tmp_path / "secret.key").write_text(base64.b64encode(b"k" * 32).decode())
    assert "postgres/log" in refusal("up", "--port", "0", "--data-dir", str(tmp_path)).vi


def test_a_simulation_that_is_terminated_leaves_no_server(annex: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [DONDOC, "simulate", annex, "--from", "2025-01-01", "--to", "2099-12-31"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def look() -> bool:
        assert process.poll() is None
        return any(tmp_path.glob("dondoc-*/postgres/postmaster.pid"))

    try:
        asyncio.run(until(partial(asyncio.to_thread, look), 90))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
    assert not any(tmp_path.glob("dondoc-*"))
