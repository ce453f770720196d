import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.bus.watchdog import Watchdog
from shared.runtime.settings import Settings


def test_brokers_without_protection_need_no_more_than_an_address() -> None:
    options = KafkaConnection("kafka:9092").options()
    assert options["bootstrap_servers"] == "kafka:9092"
    assert not {"ssl_context", "sasl_plain_password"} & options.keys()


def test_settings_name_protocol_user_and_password_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("sésame\n", encoding="utf-8")
    monkeypatch.setenv("DONDOC_DATABASE_URL", "postgresql://localhost/{service}")
    monkeypatch.setenv("DONDOC_KAFKA", "one:9093,two:9093")
    monkeypatch.setenv("DONDOC_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("DONDOC_KAFKA_USERNAME", "notify")
    monkeypatch.setenv("DONDOC_KAFKA_PASSWORD_FILE", str(tmp_path / "password"))
    options = KafkaConnection.from_settings(Settings()).options()
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("notify", "sésame")
    assert options["ssl_context"].verify_mode is ssl.CERT_REQUIRED


def test_a_login_without_its_password_is_refused_with_the_remedy() -> None:
    connection = replace(KafkaConnection("kafka:9092"), security_protocol="SASL_PLAINTEXT", username="notify")
    with pytest.raises(ValueError, match="DONDOC_KAFKA_PASSWORD_FILE"):
        connection.options()


@pytest.mark.parametrize(
    ("looks", "stuck"),
    [
        (
            [(0, 5, 0), (0, 5, 30), (0, 5, 59)],
            False,
        ),  # position, lag, second: behind, but not for long enough
        ([(0, 5, 0), (0, 5, 30), (0, 5, 60)], True),
        ([(0, 5, 0), (1, 4, 59), (1, 4, 60)], False),  # it moved
        ([(0, 5, 0), (1, 4, 59), (1, 4, 119)], True),  # and then stood still
        ([(9, 0, 0), (9, 0, 600), (9, 1, 601)], False),  # nothing to do until just now
        ([(9, 0, 0), (9, 0, 600), (9, 1, 661)], True),
    ],
)
def test_a_consumer_is_stuck_when_it_is_behind_and_stands_still(
    looks: list[tuple[int, int, float]], stuck: bool
) -> None:
    watchdog = Watchdog(60.0)
    results = [watchdog.is_stuck({"topic/0": position}, lag, now) for position, lag, now in looks]
    assert results[-1] is stuck
    assert not any(results[:-1])
