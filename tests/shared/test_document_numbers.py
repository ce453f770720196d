"""Look-alike numbers are one, similar ones are told, different ones stay apart."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.document_numbers import normal_form, similar_form

ONE = "9/QĐ-BTC"


@pytest.mark.parametrize(
    "typed",
    [
        "9/QÐ-BTC",  # U+00D0
        "9/QƉ-BTC",  # U+0189
        "9/QD\u0335-BTC",
        "9/qđ-btc",
        "9/Qđ-Btc",
        "9/QĐ–BTC",
        "9/QĐ—BTC",
        "9/QĐ‑BTC",
        "9/QĐ−BTC",
        "9/QĐ\u00adBTC",
        "9/QĐ--BTC",
        "9／ＱĐ－ＢＴＣ",
        "9⁄QĐ-BTC",
        "9∕QĐ-BTC",
        " 9 / QĐ - BTC ",
        "9/QĐ\u00a0-\u2009BTC",
        "9/QĐ-\u200bBTC\ufeff",
        "09/QĐ-BTC",
        "009/QĐ-BTC",
        "Số 9/QĐ-BTC",
        "SỐ: 09/QĐ-BTC",
        unicodedata.normalize("NFD", "Số 9/QĐ-BTC"),
        "9/QĐ-BTC.",
        "9/QĐ-ВТС",  # Cyrillic
        "9/QĐ-ΒΤC",  # Greek
    ],
)
def test_look_alikes_are_one(typed: str) -> None:
    assert normal_form(typed) == normal_form(ONE) == "9/qđ-btc"


@pytest.mark.parametrize(
    "typed",
    [
        "9/QD-BTC",
        "9-QĐ/BTC",
        "9QĐ-BTC",
        "9/QĐ/BTC",
        "9/QĐ BTC",
        "9\\QĐ_BTC",
        "9/QĐBTC",
        "9.QĐ.BTC",
        "9/QĐ-BTÇ",
        "Quyết định số 9/QĐ-BTC",
        "QĐ số: 09/QĐ-BTC",
    ],
)
def test_similar_ones_are_told_from_look_alikes(typed: str) -> None:
    assert normal_form(typed) != normal_form(ONE)
    assert similar_form(typed) == similar_form(ONE)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1O/QĐ-BTC", "10/QĐ-BTC"), ("l2/QĐ-BTC", "12/QĐ-BTC"), ("I2/QĐ-BTC", "12/QĐ-BTC"), ("O9/QĐ", "9/QĐ")],
)
def test_letters_for_digits_are_similar(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)
    assert similar_form(one) == similar_form(other)


@pytest.mark.parametrize(
    "other",
    [
        "90/QĐ-BTC",
        "19/QĐ-BTC",
        "9/QĐ-BTTTT",
        "9/TT-BTC",
        "9/2025/QĐ-BTC",
        "9/QĐ-BTC-2",
        "9/QĐ-BTC2",
        "9/NQ-BTC",
        "9a/QĐ-BTC",
        "9-1/QĐ-BTC",
        "BTC",
    ],
)
def test_other_numbers_stay_apart(other: str) -> None:
    assert similar_form(other) != similar_form(ONE)


def test_what_stands_between_digits_keeps_them_apart() -> None:
    forms = {similar_form(number) for number in ("1-12/QĐ", "11-2/QĐ", "112/QĐ", "1/012/QĐ")}
    assert len(forms) == 4
    assert normal_form("1 12") != normal_form("11 2")


@pytest.mark.parametrize("nothing", ["", " ", "–", "/-.", "\u200b", "..."])
def test_marks_alone_are_no_number(nothing: str) -> None:
    assert normal_form(nothing) == similar_form(nothing) == ""


numbers = st.builds(
    lambda number, year, sign, issuer: f"{number}/{f'{year}/' if year else ''}{sign}-{issuer}",
    st.integers(1, 99_999),
    st.none() | st.integers(2000, 2030),
    st.sampled_from(["QĐ", "NQ", "TT", "NĐ", "CT", "TB", "KH", "NQ", "QC"]),
    st.sampled_from(["BTC", "TTg", "CP", "TW", "BKHCN", "UBND", "BCĐ", "VPCP", "BNV", "HĐND"]),
)
MUTATIONS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "swap": str.swapcase,
    "nfd": lambda text: unicodedata.normalize("NFD", text),
    "nfkd": lambda text: unicodedata.normalize("NFKD", text),
    "eth": lambda text: text.replace("Đ", "Ð").replace("đ", "ð"),
    "african d": lambda text: text.replace("Đ", "Ɖ"),
    "en dash": lambda text: text.replace("-", "–"),
    "minus": lambda text: text.replace("-", "−"),
    "no-break hyphen": lambda text: text.replace("-", "‑"),
    "wide": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "spaced": lambda text: text.replace("/", " / ").replace("-", " - "),
    "no-break space": lambda text: text.replace("-", "\u00a0-"),
    "zero width": "\u200b".join,
    "padded": lambda text: f"0{text}" if text[:1].isascii() and text[:1].isdigit() else text,
    "word": lambda text: f"Số {text}" if text[:1].isalnum() else text,
    "stop": lambda text: f"{text}. ",
}


@given(numbers, st.lists(st.sampled_from(sorted(MUTATIONS)), max_size=5, unique=True))
def test_no_way_of_typing_makes_a_second_number(number: str, ways: list[str]) -> None:
    typed = number
    for way in ways:
        typed = MUTATIONS[way](typed)
    assert normal_form(typed) == normal_form(number)
    assert similar_form(typed) == similar_form(number)


@given(numbers, numbers)
def test_different_numbers_stay_apart(one: str, other: str) -> None:
    assume(one != other)
    assert normal_form(one) != normal_form(other)
    assert similar_form(one) != similar_form(other)


@given(st.text(max_size=70) | st.text("0123456789OIlSốso QDĐđðÐ-–/\\. \u0301\u0336_:", max_size=20))
def test_a_form_is_its_own_form(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)
    assert similar_form(normal_form(text)) == similar_form(text)


@pytest.mark.parametrize("much", ["0" * 100_000, "số" * 50_000, " 1" * 50_000, "-" * 100_000, "o" * 100_000])
def test_a_form_takes_time_in_proportion_to_its_length(much: str) -> None:
    """In time that grows with its square the test would last for hours."""
    assert similar_form(normal_form(much)) == similar_form(much)
