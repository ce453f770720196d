"""What every process reads from the environment."""

import base64
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.runtime.clock import SimulatedClock, SystemClock
from shared.runtime.networks import AllowedNetwork
from shared.runtime.settings import Settings

SECRET = base64.b64encode(b"s" * 32).decode()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DONDOC_DATABASE_URL", "postgresql://dd:mật%20khẩu@db:5432")
    return monkeypatch


def test_names_carry_the_prefix(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DONDOC_PORT", "8123")
    environment.setenv("PORT", "9999")
    assert Settings().port == 8123


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("postgresql://u:p@h", "dondoc_tasks"),
        ("postgresql://u:p@h/", "dondoc_tasks"),
        ("postgresql://u:p@h/one", "one"),
        ("postgresql://u:p@h/x_{service}?sslmode=require", "x_tasks"),
    ],
)
def test_a_service_has_its_own_database(url: str, database: str) -> None:
    found = Settings(database_url=url).database_for("tasks")
    assert (found.drivername, found.database, found.password) == ("postgresql+asyncpg", database, "p")


def test_the_secret_comes_from_the_variable_or_its_file(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("DONDOC_SECRET_KEY", SECRET)
    assert Settings().secrets == (b"s" * 32,)
    environment.delenv("DONDOC_SECRET_KEY")
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    assert Settings(secret_key_file=file).secrets == (b"s" * 32,)


def test_while_it_is_rotated_the_previous_secret_follows_the_new(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("DONDOC_SECRET_KEY", SECRET)
    file = tmp_path / "previous"
    file.write_text("\n")
    environment.setenv("DONDOC_SECRET_KEY_PREVIOUS_FILE", str(file))
    assert Settings().secrets == (b"s" * 32,)
    file.write_text(base64.b64encode(b"o" * 32).decode() + "\n")
    assert Settings().secrets == (b"s" * 32, b"o" * 32)
    with pytest.raises(ValidationError, match="32 bytes in base64"):
        Settings(secret_key_previous="short")


@pytest.mark.parametrize("secret", ["", "short", base64.b64encode(b"s" * 31).decode(), SECRET[:-1] + "!"])
def test_a_secret_that_is_none_stops_the_process_at_start(secret: str) -> None:
    with pytest.raises(ValidationError, match="32 bytes in base64"):
        Settings(secret_key=secret)


def test_without_a_secret_it_says_what_to_set() -> None:
    with pytest.raises(ValueError, match="DONDOC_SECRET_KEY"):
        Settings().secrets  # noqa: B018 - reading it is what fails


def test_no_secret_is_shown() -> None:
    shown = repr(Settings(secret_key=SECRET))
    assert SECRET not in shown
    assert "kh%E1%BA%A9u" not in shown
    assert "khẩu" not in shown


def test_networks_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DONDOC_ALLOW_OUTGOING", "127.0.0.0/8, ::1/128,")
    assert [str(network) for network in Settings().allow_outgoing] == ["127.0.0.0/8", "::1/128"]


def test_a_network_may_have_a_port(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DONDOC_ALLOW_OUTGOING", "10.0.0.0/8:8443,[fd00::/8]:443")
    allowed = Settings().allow_outgoing
    assert [str(network) for network in allowed] == ["10.0.0.0/8:8443", "[fd00::/8]:443"]
    assert allowed == (
        AllowedNetwork(IPv4Network("10.0.0.0/8"), 8443),
        AllowedNetwork(IPv6Network("fd00::/8"), 443),
    )


@pytest.mark.parametrize(
    "network",
    ["127.0.0.1/8", "10.0.0.0/33", "10.0.0.0", "::1", "::1:443", "fd00::/8:443", "[fd00::/8]", "[10.0.0.0/8]:443:1",
     "10.0.0.0/8:", "10.0.0.0/8:0", "10.0.0.0/8:65536", "10.0.0.0/8:443-445", "10.0.0.0/8:https", "[10.0.0.0/8]:443",
     "intranet.vn", "10.0.0.0/8 11.0.0.0/8"],
)  # fmt: skip
def test_a_network_that_cannot_be_read_is_refused(environment: pytest.MonkeyPatch, network: str) -> None:
    environment.setenv("DONDOC_ALLOW_OUTGOING", f"127.0.0.0/8,{network}")
    with pytest.raises(ValidationError):
        Settings()


def test_the_clock_is_the_systems_unless_simulated(environment: pytest.MonkeyPatch) -> None:
    assert isinstance(Settings().make_clock(), SystemClock)
    environment.setenv("DONDOC_CLOCK", "2025-04-10T00:00:00")
    environment.setenv("DONDOC_CLOCK_SPEED", "3600")
    environment.setenv("DONDOC_CLOCK_ANCHOR", (datetime.now(UTC) - timedelta(seconds=2)).isoformat())
    clock = Settings().make_clock()
    assert isinstance(clock, SimulatedClock)
    assert clock.now() >= datetime(
        2025, 4, 9, 19, tzinfo=UTC
    )  # a naive start is local; two hours have passed


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "70000"), ("DATABASE_POOL_SIZE", "1"), ("CLOCK", "yesterday"), ("CLOCK_SPEED", "0"), ("CLOCK_SPEED", "nan"),
     ("KAFKA_REPLICATION", "0"), ("SECRET_KEY_FILE", "/nowhere/secret")],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(f"DONDOC_{name}", value)
    with pytest.raises((ValidationError, OSError)):
        Settings()
