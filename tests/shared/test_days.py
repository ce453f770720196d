"""Days as files print them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.days import could_be_month_first, is_month_first, read_day

DAY = date(2026, 5, 19)


@pytest.mark.parametrize(
    "text",
    [
        "19/05/2026",
        "19/5/2026",
        "19-05-2026",
        "19.5.2026",
        " 19/05/2026 ",
        "2026-05-19",
        "2026/5/19",
        "2026-05-19 00:00:00",
        "2026-05-19T08:30:00",
        "19/05/2026 08:30",
    ],
)
def test_a_day_is_read_with_the_day_before_the_month_or_as_iso(text: str) -> None:
    assert read_day(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "05/19/2026",
        "19/5/26",
        "26-05-19",
        "5/2026",
        "31/02/2026",
        "2026-19-05",
        "19/05-2026",
        "45796",
        "0000-00-00",
        "mai",
        "",
        "١٩/٠٥/٢٠٢٦",
        "19/05/2026 và 20/05/2026",
    ],
)
def test_what_is_no_day_or_leaves_the_century_open_is_none(text: str) -> None:
    assert read_day(text) is None


def test_a_month_that_stands_first_is_seen() -> None:
    assert is_month_first("05/19/2026")
    assert not is_month_first("19/05/2026")
    assert not is_month_first("05/06/2026")
    assert could_be_month_first("05/06/2026")
    assert not could_be_month_first("05/05/2026")
    assert not could_be_month_first("19/05/2026")
    assert not could_be_month_first("2026-05-06")


@given(st.dates(date(1000, 1, 1)), st.sampled_from("/-."))
def test_every_printed_day_is_read_back(day: date, sign: str) -> None:
    for printed in (f"{day:%d}{sign}{day:%m}{sign}{day:%Y}", f"{day.day}{sign}{day.month}{sign}{day.year}"):
        assert read_day(printed) == day
        assert not is_month_first(printed)
    assert read_day(day.isoformat()) == day
