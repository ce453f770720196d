"""Rules without a database: printed precision, rates and ranks, cells of Treasury files."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.finance.domain.balances import figures
from services.finance.domain.decisions import Header, check_reversal
from services.finance.domain.disbursement import percent, rated
from services.finance.domain.imports.amounts import (
    AmountCell,
    DecimalSeparator,
    decide_separator,
    read_amount,
)
from services.finance.domain.imports.cells import Unit, find_units
from services.finance.domain.imports.rows import ReadRow
from services.finance.domain.ledger import Field, Kind, Level, Line, Nature, Stage
from services.finance.domain.statements import Verdict, check_statement
from services.reference import PROJECT
from services.reference.refusals import collect
from shared.errors import InvalidInput, Refusal


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
    rate = percent(numerator, denominator)
    assert rate is not None
    assert (
        abs(Fraction(str(rate)) - Fraction(100 * numerator, denominator)) <= Fraction(1, 20) or rate > 10**14
    )


def test_ranks_are_shared_by_equals_and_exact() -> None:
    big = 10**15
    ranked = rated(
        [("a", 1, 3), ("b", 2, 6), ("c", big + 1, 3 * big), ("d", 0, 0), ("e", 0, 5)],
        "rate",
    )
    assert [(item.key, item.rank, item.rate) for item in ranked] == [
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
    reported = figures(balances)
    assert reported.approved == reported.unallocated + reported.allocated
    assert (
        reported.allocated
        == reported.disbursed + reported.remaining + reported.carried_over + reported.cancelled
    )


COMMA, POINT = DecimalSeparator.COMMA, DecimalSeparator.POINT


@pytest.mark.parametrize(
    ("text", "by_comma", "by_point", "by_itself"),
    [
        ("1.234.567,89", "1234567.89", None, "1234567.89"),
        ("1,234,567.89", None, "1234567.89", "1234567.89"),
        ("1.234.567", "1234567", None, "1234567"),
        ("1.234", "1234", "1.234", "amount_ambiguous"),
        ("1,234", "1.234", "1234", "amount_ambiguous"),
        ("12,345.678", None, "12345.678", "12345.678"),
        ("1234", "1234", "1234", "1234"),
        ("0,5", "0.5", None, "0.5"),
        ("0,125", "0.125", None, "0.125"),
        ("0.125", None, "0.125", "0.125"),
        ("1.23", None, "1.23", "1.23"),
        ("1234,567", "1234.567", None, "1234.567"),
        ("1 234,5", "1234.5", None, "1234.5"),
        ("1\u00a0234\u202f567", "1234567", "1234567", "1234567"),
        ("12 34", None, None, "amount_invalid"),
        ("12.34.567", None, None, "amount_invalid"),
        ("1.234,567,890", None, None, "amount_invalid"),
        ("1,2,3", None, None, "amount_invalid"),
        ("một", None, None, "amount_invalid"),
        ("1.2E+5", None, None, "amount_invalid"),
        ("", None, None, "amount_invalid"),
    ],
)
def test_an_amount_is_read_by_its_separators(
    text: str, by_comma: str | None, by_point: str | None, by_itself: str
) -> None:
    for separator, expected in ((COMMA, by_comma), (POINT, by_point)):
        refused = "amount_separator" if by_itself[0].isdigit() else "amount_invalid"
        assert read_amount(text, Unit.MILLION, separator) == (Decimal(expected) if expected else refused)
    unaided = Decimal(by_itself) if by_itself[0].isdigit() else by_itself
    assert read_amount(text, Unit.MILLION) == unaided


@pytest.mark.parametrize("text", ["0", "0,0", "-1", "−1", "–1", "(1.234)"])
def test_an_amount_is_positive(text: str) -> None:
    assert read_amount(text, Unit.MILLION) == "amount_not_positive"


def test_in_dong_three_digits_after_a_sign_are_thousands() -> None:
    assert read_amount("1,234", Unit.DONG) == read_amount("1.234", Unit.DONG) == Decimal(1234)
    assert read_amount("1,234", Unit.DONG, COMMA) == Decimal("1.234")


def test_a_number_of_a_workbook_has_a_decimal_point() -> None:
    for separator in (None, COMMA, POINT):
        assert read_amount("1.234", Unit.MILLION, separator, is_number=True) == Decimal("1.234")


def cells(*texts: str) -> list[AmountCell]:
    return [AmountCell(number, text, is_number=False) for number, text in enumerate(texts, 2)]


@pytest.mark.parametrize(
    ("texts", "decided"),
    [
        (["1,234", "1.234,5"], COMMA),
        (["1,234", "1,234.5"], POINT),
        (["1.234", "1.234.567"], COMMA),
        (["1.234", "12,5"], COMMA),
        (["1.234", "0.5"], POINT),
        (["1234", "56"], None),
        (["1.234,5", "1,234.5"], None),
        (["1.234,5", "1,234.5", "1.234"], None),  # the last stands for itself, and is refused
        ([], None),
    ],
)
def test_the_cells_of_a_file_decide_together(texts: list[str], decided: DecimalSeparator | None) -> None:
    for order in (texts, texts[::-1]):
        assert decide_separator(cells(*order), Unit.MILLION, None) is decided


@pytest.mark.parametrize("text", ["1,234", "1.234", "12,345", "999.000"])
def test_a_file_that_can_be_read_two_ways_is_refused_with_both(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        decide_separator(cells("5", text, text), Unit.MILLION, None)
    assert refusal.value.code == "separators_ambiguous"
    whole = text.replace(".", "").replace(",", "")
    for amount in (f"{whole}000000", f"{whole}000"):
        assert amount in refusal.value.vi
        assert amount in refusal.value.en
    assert "decimal_separator" in refusal.value.vi
    assert text in refusal.value.vi
    assert decide_separator(cells(text), Unit.DONG, None) is None
    assert decide_separator(cells(text), Unit.MILLION, POINT) is POINT


@given(
    st.lists(st.decimals(min_value="0.01", max_value="999999999", places=2), min_size=1, max_size=20),
    st.sampled_from([COMMA, POINT]),
)
def test_every_printed_file_is_read_back_or_refused(
    amounts: list[Decimal], separator: DecimalSeparator
) -> None:
    """Whatever trailing zeros the office leaves out: never another number."""
    signs = str.maketrans(",.", ".,") if separator is COMMA else {}
    texts = [f"{amount:,.2f}".rstrip("0").rstrip(".").translate(signs) for amount in amounts]
    try:
        decided = decide_separator(cells(*texts), Unit.BILLION, None)
    except InvalidInput:
        return
    for amount, text in zip(amounts, texts, strict=True):
        assert read_amount(text, Unit.BILLION, decided) in {amount, "amount_ambiguous"}
        assert read_amount(text, Unit.BILLION, separator) == amount


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
    paid = ReadRow(1, day=date(2025, 5, 19), line=line)
    assert paid.fingerprint == "bf522f08b3921ae78b092619b5068d8d"
    assert replace(paid, kind=Kind.RECOVER).fingerprint == "2e25e58fc20737de80d4f41afbda8321"


def test_every_code_of_an_amount_can_be_read_from_the_source() -> None:
    entries, unread = collect(PROJECT)
    codes = {entry.code for entry in entries if not entry.status.isdecimal()}
    assert {"amount_ambiguous", "amount_fractional", "amount_invalid", "amount_not_positive"} < codes
    assert "amount_too_large" in codes
    assert not [place for place in unread if "finance/domain" in place]


# --- decisions --------------------------------------------------------------------------------------------------------

TODAY, POSTED_ON = date(2025, 5, 20), date(2025, 5, 10)
OTHER_ID = uuid4()


@pytest.mark.parametrize(
    ("reverses_id", "reversed_by_id", "effective_on", "code"),
    [
        (None, None, POSTED_ON, None),
        (None, None, TODAY, None),
        (None, None, POSTED_ON - timedelta(days=1), "reversal_day"),
        (None, None, TODAY + timedelta(days=1), "reversal_day"),
        (None, OTHER_ID, TODAY, "decision_reversed"),
        (OTHER_ID, None, TODAY, "reversal_of_reversal"),
        (OTHER_ID, OTHER_ID, TODAY, "reversal_of_reversal"),
        (None, OTHER_ID, TODAY + timedelta(days=1), "decision_reversed"),
    ],
)
def test_what_may_be_reversed_and_when(
    reverses_id: UUID | None, reversed_by_id: UUID | None, effective_on: date, code: str | None
) -> None:
    def check() -> None:
        check_reversal(
            Header(Kind.DISBURSE, "1/QĐ", POSTED_ON, POSTED_ON),
            reverses_id=reverses_id,
            reversed_by_id=reversed_by_id,
            effective_on=effective_on,
            today=TODAY,
        )

    if code is None:
        check()
    else:
        with pytest.raises(Refusal) as refused:
            check()
        assert refused.value.code == code
