"""JSON that others send is read in one way only, at a cost that its size bounds."""

import tracemalloc

import pytest

from shared.errors import InvalidInput
from shared.text.strict_json import read_json


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"a": 1, "a": 1}', "a"),
        ('{"a": 1, "b": {"c": [0, {"d": 1, "e": 2, "d": 3}]}}', "d"),
        ('[[[{"x": {}, "x": []}]]]', "x"),
        ('{"a": 1, "\\u0061": 2}', "a"),
        ('{"": 1, "": 2}', ""),
        ('{"' + "m" * 70_000 + '": 1, "' + "m" * 70_000 + '": 2}', "m" * 64),
    ],
)
def test_a_member_given_twice_is_refused_at_every_depth(text: str, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_json(text)
    assert (refused.value.code, refused.value.field) == ("member_repeated", name)
    assert all(name in words for words in (refused.value.vi, refused.value.en))


def test_the_same_member_of_two_objects_is_given_once_in_each() -> None:
    assert read_json('{"a": {"a": [{"a": 1}, {"a": 2}]}}') == {"a": {"a": [{"a": 1}, {"a": 2}]}}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('"\\u0000"', None),
        ('{"a": ["x", {"b": "y\\u0000"}]}', "a.1.b"),
        ('{"a": {"k\\u0000": 1}}', "a"),
        ('{"a": "\\\\\\u0000"}', "a"),
    ],
)
def test_a_nul_is_refused_with_its_place(text: str, field: str | None) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_json(text)
    assert (refused.value.code, refused.value.field) == ("nul_character", field)


def test_six_characters_are_no_nul() -> None:
    assert read_json('{"a": "\\\\u0000"}') == {"a": "\\u0000"}


@pytest.mark.parametrize("nul", ["", '"\\u0000"'])
def test_a_long_name_above_many_items_is_not_copied_for_each(nul: str) -> None:
    text = '{"' + "k" * 20_000 + '": [' + "0, " * 20_000 + (nul or "0") + "]}"
    tracemalloc.start()
    try:
        read_json(text)
    except InvalidInput:
        assert nul
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(("item", "count"), [("[]", 20_000), ("{}", 20_000), ("1", 100_001)])
def test_very_many_values_are_not_made(monkeypatch: pytest.MonkeyPatch, item: str, count: int) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("json.loads", never)
    with pytest.raises(ValueError):  # noqa: PT011 - as json's own for a number that is too long
        read_json("[" + f"{item}," * count + "1]")
