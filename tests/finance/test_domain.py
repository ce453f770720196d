"""Rules without a database: printed precision, rates and ranks, cells of Treasury files."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.finance.domain.disbursement import percent, rated
from services.finance.domain.ledger import Field, Level, Line, Nature, Stage, figures
from services.finance.domain.statements import Verdict, check_statement
from services.finance.domain.treasury import ReadRow
from services.finance.domain.treasury_cells import Unit, find_units, read_amount, read_day
from services.reference import PROJECT
from services.reference.refusals import collect
from shared.errors import InvalidInput


@pytest.mark.parametrize(
    ("total", "parts", "verdict", "difference", "tolerance"),
    [
        ("9469.7", ["1182.4", "8279"], Verdict.GAP, "8.3", "1.2"),
        ("28344.272", ["17624", "10719.7"], Verdict.ROUNDING, "0.572", "1.101"),
        ("16570.0", ["14811.2", "1758.8"], Verdict.EXACT, "0.0", "0.3"),
        ("16570.1", ["14811.2", "1758.9"], Verdict.EXACT, "0.0", "0.3"),
        ("15530.3", ["11273.6", "4256.7"], Verdict.EXACT, "0.0", "0.3"),
        ("10", ["9"], Verdict.ROUNDING, "1", "2"),
        ("12", ["9"], Verdict.GAP, "3", "2"),
        ("11", ["9"], Verdict.ROUNDING, "2", "2"),
        ("10.00", ["10.03"], Verdict.GAP, "-0.03", "0.02"),
        ("-5", ["-2", "-3"], Verdict.EXACT, "0", "3"),
    ],
)
def test_amounts_are_compared_by_printed_precision(
    total: str, parts: list[str], verdict: Verdict, difference: str, tolerance: str
) -> None:
    found = check_statement("amount", total, parts)
    assert (found.verdict, found.difference, found.tolerance) == (
        verdict,
        Decimal(difference),
        Decimal(tolerance),
    )


@pytest.mark.parametrize(
    ("total", "parts", "verdict"),
    [("1630", ["1256", "374"], Verdict.EXACT), ("1256", ["917", "214", "124"], Verdict.GAP)],
)
def test_counts_are_exact(total: str, parts: list[str], verdict: Verdict) -> None:
    assert check_statement("count", total, parts).verdict is verdict


@pytest.mark.parametrize(
    "text", ["9.469,7", "1,182.4", "1e5", "", " 5", "٣", "NaN", "5.", ".5", "+5", "1" * 19]
)
def test_a_figure_that_is_not_clear_is_refused(text: str) -> None:
    for measure in ("amount", "count"):
        with pytest.raises(InvalidInput) as refusal:
            check_statement(measure, "5", ["1", text])  # type: ignore[arg-type]  # words of the list above
        assert refusal.value.field == "parts.1"


def test_a_count_has_no_fraction() -> None:
    with pytest.raises(InvalidInput):
        check_statement("count", "5.0", ["5"])


@given(st.integers(0, 10**18), st.integers(1, 10**18))
def test_a_percentage_is_the_nearest_to_one_place(numerator: int, denominator: int) -> None:
    told = percent(numerator, denominator)
    assert told is not None
    assert (
        abs(Fraction(str(told)) - Fraction(100 * numerator, denominator)) <= Fraction(1, 20) or told > 10**14
    )


def test_ranks_are_shared_by_equals_and_exact() -> None:
    big = 10**15
    told = rated(
        [("a", 1, 3), ("b", 2, 6), ("c", big + 1, 3 * big), ("d", 0, 0), ("e", 0, 5)],
        "rate",
    )
    assert [(item.key, item.rank, item.rate) for item in told] == [
        ("c", 1, 33.3), ("a", 2, 33.3), ("b", 2, 33.3), ("e", 4, 0.0), ("d", None, None),
    ]  # fmt: skip
    by_amount = rated([("a", 5, 0), ("b", 5, 9), ("c", 7, 9)], "amount")
    assert [(item.key, item.rank) for item in by_amount] == [("c", 1), ("a", 2), ("b", 2)]


@given(st.dictionaries(st.sampled_from(Stage), st.integers(-(10**18), 10**18)))
def test_figures_add_up_by_construction(balances: dict[Stage, int]) -> None:
    """Postings sum to zero over all stages; whatever their balances, both sums hold."""
    balances[Stage.AUTHORITY] = -sum(
        amount for stage, amount in balances.items() if stage is not Stage.AUTHORITY
    )
    told = figures(balances)
    assert told.approved == told.unallocated + told.allocated
    assert told.allocated == told.disbursed + told.remaining + told.carried_over + told.cancelled


@pytest.mark.parametrize(
    ("text", "from_cells", "expected"),
    [
        ("1.234.567,89", False, Decimal("1234567.89")),
        ("1.234", False, Decimal(1234)),
        ("1234", False, Decimal(1234)),
        ("0,5", False, Decimal("0.5")),
        ("1 234,5", False, Decimal("1234.5")),
        ("1.23", False, "amount_invalid"),
        ("1.2345", False, "amount_invalid"),
        ("12.34.567", False, "amount_invalid"),
        ("một", False, "amount_invalid"),
        ("1.23", True, Decimal("1.23")),
        ("1234567", True, Decimal(1234567)),
        ("1.234.567", True, Decimal(1234567)),
        ("1.234", True, "amount_ambiguous"),
        ("1234.567", True, Decimal("1234.567")),
        ("1.2E+5", True, "amount_invalid"),
        ("0", False, "amount_not_positive"),
        ("-1", False, "amount_not_positive"),
    ],
)
def test_an_amount_is_read_as_vietnamese_offices_print_it(
    text: str, from_cells: bool, expected: Decimal | str
) -> None:
    assert read_amount(text, from_cells=from_cells) == expected


@given(st.decimals(min_value="0.01", max_value="999999999999", places=2))
def test_every_printed_amount_is_read_back(amount: Decimal) -> None:
    printed = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert read_amount(printed, from_cells=False) == amount


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31/01/2026", date(2026, 1, 31)),
        ("1/2/2026", date(2026, 2, 1)),
        ("31/02/2026", None),
        ("2026-01-31", None),
    ],
)
def test_days_are_read(text: str, day: date | None) -> None:
    assert read_day(text) == day


def test_units_are_found_in_headings() -> None:
    assert find_units("Số tiền (triệu đồng)", ()) == {Unit.MILLION}
    assert find_units("Số tiền", ["BÁO CÁO", "Đơn vị tính: TỶ ĐỒNG"]) == {Unit.BILLION}
    assert find_units("Số tiền", ["Đơn vị: đồng"]) == {Unit.DONG}
    assert find_units("Số tiền (triệu đồng)", ["Đồng Nai", "Đơn vị báo cáo: Đồng Nai"]) == {Unit.MILLION}
    assert find_units("Số tiền", ()) == set()


def test_a_line_s_fingerprint_is_the_same_for_ever() -> None:
    """It is kept with each line posted: another one would make every file that was imported a changed one."""
    line = Line(
        2025,
        Level.CENTRAL,
        "G12",
        Nature.CAPITAL,
        Field.DIGITAL_TRANSFORMATION,
        "vốn nước ngoài",
        1_234_567_890_000,
    )
    assert ReadRow(1, day=date(2025, 5, 19), line=line).fingerprint == "bf522f08b3921ae78b092619b5068d8d"


def test_every_code_of_an_amount_can_be_read_from_the_source() -> None:
    entries, unread = collect(PROJECT)
    codes = {entry.code for entry in entries if not entry.status.isdecimal()}
    assert {"amount_ambiguous", "amount_fractional", "amount_invalid", "amount_not_positive"} < codes
    assert "amount_too_large" in codes
    assert not [place for place in unread if "finance/domain" in place]
