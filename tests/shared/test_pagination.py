"""Cursors: what went in comes out, and what is none of ours is refused."""

import base64
import contextlib
import json
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.http.pagination import cut_page, decode_after, decode_cursor, encode_cursor, page_answer

KINDS: tuple[type, ...] = (str, int, date, datetime, UUID)


class Thing(NamedTuple):
    id: int
    name: str


text = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
instants = st.datetimes(timezones=st.just(UTC))


@given(st.tuples(text, st.integers(-(2**63) + 1, 2**63 - 1), st.dates(), instants, st.uuids()))
def test_a_cursor_reads_back(keys: tuple[Any, ...]) -> None:
    token = encode_cursor(*keys)
    assert token.isascii()
    assert not set(token) & set("=+/&? ")
    assert tuple(decode_cursor(token, *KINDS)) == keys


@given(
    st.one_of(st.text(), st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode())),
    st.sampled_from(KINDS),
)
def test_anything_else_is_refused_or_a_key_that_fits(token: str, kind: type) -> None:
    with contextlib.suppress(InvalidInput):
        [key] = decode_cursor(token, kind)
        assert isinstance(key, kind)


def token_of(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (["a\0"], str), (["\ud800"], str), ([5], str), ([None], str), ([["a"]], str), ({"a": 1}, str), ("a", str),
        ([], str), (["a", "b"], str), ([5], UUID), (["x"], UUID), (["9" * 30], int), (["9" * 5000], int), (["1.5"], int),
        ([str(-(2**63) - 1)], int), (["2025-02-30"], date), (["2025-05-20"], int), (["2025-05-20T00:00:00"], datetime),
        (["0001-01-01T00:00:00+14:00"], datetime), (["9999-12-31T23:59:59-14:00"], datetime), ([True], int),
    ],
)  # fmt: skip
def test_keys_that_no_query_could_take_are_refused(value: object, kind: type) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_cursor(token_of(value), kind)
    assert (refused.value.code, refused.value.field) == ("cursor_invalid", "cursor")


def test_a_page_of_its_limit_and_whether_another_follows() -> None:
    assert cut_page([1, 2, 3], 2) == ([1, 2], 2)
    assert cut_page([1, 2], 2) == ([1, 2], None)
    assert cut_page([], 2) == ([], None)


def test_ids_are_read_as_they_were_written() -> None:
    id_ = uuid4()
    assert decode_cursor(encode_cursor("-", id_), str, UUID) == ["-", id_]


def test_a_page_says_how_to_read_on() -> None:
    scope = {"type": "http", "path": "/toy/v1/things", "query_string": b"limit=2&q=a%20b", "headers": []}
    rows: list[Any] = [Thing(n, f"vật {n}") for n in range(3)]
    answer = page_answer(
        Request(scope), rows, 2, key=lambda row: (row.id,), view=lambda row: row.name, total=9
    )
    body = json.loads(answer.body)
    assert (body["items"], body["total"]) == (["vật 0", "vật 1"], 9)
    assert decode_after(body["next_cursor"], int) == 1
    cursor = body["next_cursor"]
    assert answer.headers["link"] == f'</toy/v1/things?limit=2&q=a+b&cursor={cursor}>; rel="next"'


def test_the_last_page_says_so() -> None:
    scope = {"type": "http", "path": "/toy/v1/things", "query_string": b"", "headers": []}
    answer = page_answer(Request(scope), [], 2, key=lambda row: (row.id,), view=lambda row: row.name)
    assert json.loads(answer.body) == {"items": [], "next_cursor": None}
    assert "link" not in answer.headers


def test_a_page_begins_after_a_key_or_at_the_start() -> None:
    id_ = uuid4()
    assert decode_after(None, str) is None
    assert decode_after(encode_cursor("G12"), str) == "G12"
    assert decode_after(encode_cursor("G12", id_), str, UUID) == ("G12", id_)
