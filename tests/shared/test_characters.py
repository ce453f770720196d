"""What no text may hold is one set, whether it comes in a request or in a cell; what looks alike is one table."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.datasets.domain.databases import is_code
from services.tasks.domain.deadlines.spelling import normalise
from shared.document_numbers import normal_form
from shared.http.requests import Line, Paragraph, Verbatim
from shared.imports.rows import text_problems
from shared.text.characters import (
    CONTROL,
    CONTROL_BUT_BREAKS,
    FOR_LATIN,
    FOR_VIETNAMESE,
    LOOK_ALIKE,
    is_invisible,
)
from shared.text.folding import _PLAIN, fold

BIDIRECTIONAL = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
EVERY = [chr(number) for number in range(sys.maxunicode + 1)]


def test_controls_are_those_of_unicode() -> None:
    for character in EVERY:
        is_control = unicodedata.category(character) == "Cc"
        is_control |= unicodedata.bidirectional(character) in BIDIRECTIONAL
        assert bool(CONTROL.search(character)) is is_control, hex(ord(character))
        is_break = character in "\t\n\r"
        assert bool(CONTROL_BUT_BREAKS.search(character)) is (is_control and not is_break), hex(
            ord(character)
        )


def _is_refused(kind: object, text: str) -> bool:
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    "character", ["\t", "\n", "\x0b", "\x7f", "\x85", "\u061c", "\u200d", "\u200f", "\u202e", "\u2069", "ế"]
)
def test_a_cell_may_hold_what_a_request_may(character: str) -> None:
    text = f"một{character}hai"
    found = text_problems({"name": text}, required=(), limits={}, plain=["name"])
    assert bool(found) is _is_refused(Paragraph, text) is _is_refused(Verbatim, text)
    assert _is_refused(Line, text) is bool(CONTROL.search(character))
    assert is_code(text) is not (is_invisible(character) or character.isspace())


@pytest.mark.parametrize(("letter", "like"), [*FOR_VIETNAMESE.items(), *FOR_LATIN.items()])
def test_a_look_alike_is_read_alike_in_numbers_and_deadlines(letter: str, like: str) -> None:
    assert letter.translate(LOOK_ALIKE) == like
    assert unicodedata.name(like).startswith("LATIN SMALL LETTER")
    assert normal_form(f"9/Q{letter}-BTC") == normal_form(f"9/Q{like}-BTC")
    assert normalise(f"x{letter}x") == normalise(f"x{like}x")


@pytest.mark.parametrize(
    ("letter", "like"), [("ð", "d"), ("Ð", "d"), ("ɖ", "d"), ("đ", "d"), ("ƣ", "u"), ("Ƣ", "u"), ("ư", "u")]
)
def test_folding_takes_them_for_the_bare_letter(letter: str, like: str) -> None:
    assert fold(letter) == like


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_folding_letter_by_letter_is_folding_the_text(text: str) -> None:
    letters = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_PLAIN)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    assert fold(text).split() == re.findall(r"[^\W_]+", bare)
