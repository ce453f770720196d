"""What a caller prefers, as RFC 9110 reads `Accept`."""

import pytest

from shared.http.negotiation import HTML, JSON, MOST_RANGES, XLSX, preferred


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", JSON), ("*/*", JSON), ("application/*", JSON), ("application/json", JSON), (XLSX, XLSX),
        (f"{XLSX}, */*;q=0.1", XLSX),
        (f"{XLSX}, */*", XLSX),  # named, the other is not
        (f"{XLSX};q=0.5, */*", JSON),
        (f"application/json;q=0, {XLSX.upper()};q=0.001", XLSX),
        ("application/json;q=0, */*;q=0.1", XLSX),
        (f"{XLSX}, application/json", JSON),  # as generated clients list all that a route answers
        (f"{XLSX};q=0.5, application/json", JSON), (f"application/json;q=0.5,{XLSX.upper()}", XLSX),
        (f"{XLSX};charset=x;q=1.000", XLSX),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("image/png", JSON), (", ;;q=,", JSON),
        *((f"{XLSX};q={quality}", JSON) for quality in ("0", "0.000", "²", "x", "nan", "inf", "2", "1.1", "1_0", "0.9999", "-1", "")),
    ],
)  # fmt: skip
def test_a_workbook_is_for_who_prefers_it(accept: str, wanted: str) -> None:
    assert preferred([accept], JSON, XLSX) == wanted


@pytest.mark.parametrize("quality", ["5", "inf", "nan", "1_0", "²"])
def test_what_is_no_quality_is_none(quality: str) -> None:
    assert preferred([f"application/json;q={quality}, text/html;q=0.1"], HTML, JSON) == HTML
    assert preferred([f"text/html;q={quality}, application/json;q=0.1"], HTML, JSON) == JSON


def test_several_headers_are_one_list() -> None:
    assert preferred([], HTML, JSON) == HTML
    assert preferred(["text/html;q=0.1", "application/json"], HTML, JSON) == JSON


def test_a_list_is_read_up_to_a_bound() -> None:
    ranges = ["image/png"] * (MOST_RANGES - 1)
    assert preferred([",".join([*ranges, JSON])], HTML, JSON) == JSON
    assert preferred([",".join([*ranges, "image/gif", JSON])], HTML, JSON) == HTML
