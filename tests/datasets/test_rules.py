"""The values that may be recorded of a database: the pure rules, case by case."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from services.datasets.domain.databases import is_code
from services.datasets.domain.days import check_day_not_future, check_not_future, check_plausible
from services.datasets.domain.declarations import check_declaration
from services.datasets.domain.heartbeats import NewHeartbeat, check_heartbeat
from services.datasets.domain.maintenance import check_maintenance, check_notice
from services.datasets.domain.quality import check_quality
from shared.errors import Refusal

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
SKEW, MINUTE, HOUR, DAY = timedelta(minutes=5), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def refusal(check: Callable[[], None]) -> tuple[str, str | None] | None:
    try:
        check()
    except Refusal as refused:
        return refused.code, refused.field
    return None


@pytest.mark.parametrize(
    ("observed_at", "last_sync_at", "refused"),
    [
        (NOW, None, None),
        (NOW + SKEW, NOW + SKEW, None),
        (NOW - DAY, NOW - 2 * DAY, None),
        (NOW + 6 * MINUTE, None, ("instant_in_future", "observed_at")),
        (NOW, NOW + 6 * MINUTE, ("instant_in_future", "last_sync_at")),
        (NOW - DAY, NOW - HOUR, ("sync_after_observed", "last_sync_at")),
        (datetime(1900, 1, 1, tzinfo=UTC), None, ("instant_out_of_range", "observed_at")),
        (NOW, datetime(1900, 1, 1, tzinfo=UTC), ("instant_out_of_range", "last_sync_at")),
    ],
)
def test_the_instants_of_a_heartbeat(
    observed_at: datetime, last_sync_at: datetime | None, refused: tuple[str, str] | None
) -> None:
    new = NewHeartbeat("run", observed_at, 1, last_sync_at)
    assert refusal(lambda: check_heartbeat(new, NOW, SKEW)) == refused


def test_instants_and_days_have_bounds() -> None:
    earliest = datetime(1945, 9, 1, 17, tzinfo=UTC)  # 2 September in Hà Nội
    assert refusal(lambda: check_plausible(earliest, "from")) is None
    assert refusal(lambda: check_plausible(earliest - MINUTE, "from")) == ("instant_out_of_range", "from")
    assert refusal(lambda: check_not_future(NOW, NOW, timedelta(0), "holds_from")) is None
    assert refusal(lambda: check_day_not_future(date(2026, 3, 10), NOW, "as_of")) is None
    assert refusal(lambda: check_day_not_future(date(2026, 3, 11), NOW, "as_of")) == (
        "day_in_future",
        "as_of",
    )
    evening = datetime(2026, 3, 10, 17, tzinfo=UTC)  # the next day has begun in Hà Nội
    assert refusal(lambda: check_day_not_future(date(2026, 3, 11), evening, "as_of")) is None


@pytest.mark.parametrize(
    ("length", "code"),
    [
        (HOUR, None),
        (2 * DAY, None),
        (timedelta(0), "maintenance_ends_before_it_begins"),
        (-HOUR, "maintenance_ends_before_it_begins"),
        (2 * DAY + MINUTE, "maintenance_too_long"),
    ],
)
def test_the_length_of_a_maintenance_window(length: timedelta, code: str | None) -> None:
    expected = None if code is None else (code, "until")
    assert refusal(lambda: check_maintenance(NOW, NOW + length, 2 * DAY)) == expected


@pytest.mark.parametrize(
    ("start", "refused"),
    [
        (NOW + DAY, None),
        (NOW - DAY, None),
        (NOW - DAY - MINUTE, ("maintenance_told_late", "from")),
    ],
)
def test_an_owner_records_a_maintenance_within_a_day(
    start: datetime, refused: tuple[str, str] | None
) -> None:
    assert refusal(lambda: check_notice(start, NOW)) == refused


@pytest.mark.parametrize(
    ("measured", "denominator", "refused"),
    [
        ("98.4", "100", None),
        ("100", "100", None),
        ("250", None, None),
        ("100.1", "100", ("measured_above_denominator", "measured")),
    ],
)
def test_a_measured_value_is_part_of_its_denominator(
    measured: str, denominator: str | None, refused: tuple[str, str] | None
) -> None:
    whole = None if denominator is None else Decimal(denominator)
    assert refusal(lambda: check_quality(Decimal(measured), whole)) == refused


@pytest.mark.parametrize(
    ("phase", "connection", "refused"),
    [
        ("operating", None, None),
        (None, "connected", None),
        ("operating", "connected", None),
        (None, None, ("declaration_empty", None)),
    ],
)
def test_a_declaration_has_a_phase_or_a_connection(
    phase: str | None, connection: str | None, refused: tuple[str, str | None] | None
) -> None:
    assert refusal(lambda: check_declaration(phase, connection)) == refused


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("CSDLQG-DC", True),
        ("CSDL.Đất-đai", True),
        ("a b", False),
        ("a/b", False),
        ("a?b", False),
        ("a#b", False),
        (".", False),
        ("..", False),
        ("a\u200bb", False),
        ("", False),
    ],
)
def test_a_code_is_one_segment_of_an_address(code: str, allowed: bool) -> None:
    assert is_code(code) is allowed
