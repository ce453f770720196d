"""The text of requests: one Unicode form, bounded, and nothing in it that a reader cannot see."""

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.http.requests import Code, Line, Paragraph, Verbatim
from shared.text.characters import without_ignorable
from tests.support.toy import Toy

ONE_LINE = (Code, Line)
OF_LINES = (Paragraph, Verbatim)
BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def read(kind: Any, text: str) -> str:
    return str(TypeAdapter(kind).validate_python(text))


@pytest.mark.parametrize("kind", [*ONE_LINE, *OF_LINES])
@pytest.mark.parametrize(
    "hidden", ["\x1b", "\x07", "\x0b", "\x0c", "\x7f", "\x85", "\x9b", "\u202e", "\u2066"]
)
def test_what_no_reader_sees_is_refused(kind: Any, hidden: str) -> None:
    with pytest.raises(ValidationError):
        read(kind, f"71/{hidden}NQ")


@pytest.mark.parametrize("whitespace", ["\n", "\t", "\r\n"])
def test_lines_and_tabs_are_for_texts_of_several_lines(whitespace: str) -> None:
    for kind in OF_LINES:
        assert read(kind, f"một{whitespace}hai") == f"một{whitespace}hai"
    for kind in ONE_LINE:
        with pytest.raises(ValidationError):
            read(kind, f"một{whitespace}hai")


def is_hidden(character: str) -> bool:
    return unicodedata.category(character) == "Cc" or character in BIDIRECTIONAL


# zero width, soft hyphen, a filler of Hangul, of half width, Braille's blank, a tag, an annotation
IGNORABLE = "\u200b\u2060\ufeff\u00ad\u3164\u115f\uffa0\u2800\u034f\u180e\U000e0041\ufff9"
NEEDED = "\u200d\u200c\u200f\ufe0f"


@pytest.mark.parametrize("kind", [*ONE_LINE, Paragraph])
@pytest.mark.parametrize("hidden", [*IGNORABLE, *NEEDED, IGNORABLE, " \u200b ", "\u200d \u3164"])
def test_a_text_in_which_there_is_nothing_to_see_is_refused(kind: Any, hidden: str) -> None:
    with pytest.raises(ValidationError):
        read(kind, hidden)
    if " " not in hidden:
        assert read(Verbatim, hidden) == ""


@pytest.mark.parametrize("hidden", IGNORABLE)
def test_what_is_drawn_as_nothing_is_left_out(hidden: str) -> None:
    for kind in (*ONE_LINE, *OF_LINES):
        assert read(kind, f"{hidden}Hà{hidden}Nội{hidden}") == "HàNội"


def test_joiners_and_variants_stay_within_a_text() -> None:
    for text in ("👩\u200d🔬", "❤\ufe0f", "\u200fعربي"):
        assert read(Line, text) == text


@given(st.text(st.characters(codec="utf-8"), max_size=80))
@example("Thành phố Hồ Chí Minh")
@example("👩\u200d🔬 \u200fعربي")
@example("0\x1f")
def test_a_line_that_is_taken_shows_all_that_is_in_it(text: str) -> None:
    try:
        taken = read(Line, text)
    except ValidationError:
        assert any(map(is_hidden, text)) or not without_ignorable(text).strip()
    else:
        assert not any(map(is_hidden, taken))
        assert taken == unicodedata.normalize("NFC", without_ignorable(text).strip())


async def test_a_control_character_is_named_with_its_remedy_in_both_languages(toy: Toy) -> None:
    response = await toy.send("POST", "/toy/v1/things", json={"name": "Đề \x1b[31mán"})
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == ("name", "control_character")
    assert error["detail"] == "Văn bản chứa ký tự điều khiển U+001B: hãy bỏ ký tự đó."
    assert error["detail_en"] == "The text contains the control character U+001B: remove it."
    assert await toy.things() == 0
