"""Tokens of API keys: only what this suite signed is read, letter for letter."""

import base64
import re
import string
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.keys.tokens import (
    MAX_NAME_LENGTH,
    MAX_TOKEN_LENGTH,
    ApiKey,
    KeySigner,
    draw_key,
)

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
SIGNER = KeySigner([NEW])
UNTIL = datetime(2027, 12, 31, tzinfo=UTC)

names = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=MAX_NAME_LENGTH)
keys = st.builds(
    ApiKey,
    prefix=st.text("0123456789abcdef", min_size=12, max_size=12),
    name=names,
    role=st.sampled_from(["reader", "auditor", "agency", "office", "monitor", "admin"]),
    defence_security=st.booleans(),
    tenant=st.none() | st.text(string.ascii_letters + string.digits + ".-", min_size=1, max_size=30),
    expires_at=st.none()
    | st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - `timezones` adds it
        lambda instant: instant.replace(microsecond=0)
    ),
)


@given(keys)
def test_a_key_is_read_as_it_was_signed(key: ApiKey) -> None:
    token = SIGNER.sign(key)
    assert SIGNER.read(token) == key
    assert token == SIGNER.sign(key)
    assert len(token) <= MAX_TOKEN_LENGTH
    assert re.fullmatch(r"ddk_[0-9a-f]{12}_[A-Za-z0-9_-]+", token)


@given(keys, st.data())
def test_a_token_with_any_letter_changed_is_refused(key: ApiKey, data: st.DataObject) -> None:
    token = SIGNER.sign(key)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters().filter(lambda letter: letter != token[place]))
    assert SIGNER.read(token[:place] + letter + token[place + 1 :]) is None


@given(keys, st.data())
def test_a_token_with_letters_lost_or_added_is_refused(key: ApiKey, data: st.DataObject) -> None:
    token = SIGNER.sign(key)
    place, length = data.draw(st.integers(0, len(token) - 1)), data.draw(st.integers(1, 60))
    assert SIGNER.read(token[:place] + token[place + length :]) is None
    added = data.draw(st.text(min_size=1, max_size=60))
    assert SIGNER.read(token[:place] + added + token[place:]) is None
    assert SIGNER.read(token + added) is None


@given(st.text(max_size=2000))
def test_any_other_text_is_refused(text: str) -> None:
    assert SIGNER.read(text) is None
    assert SIGNER.read(f"ddk_0123456789ab_{text}") is None


@given(keys, keys)
def test_no_part_of_one_key_goes_with_another(one: ApiKey, other: ApiKey) -> None:
    """A MAC vouches for its own prefix and claims alone."""
    signed, mac = SIGNER.sign(one)[:-44], SIGNER.sign(other)[-43:]
    mixed = SIGNER.read(f"{signed}_{mac}")
    assert mixed is None or one == other
    swapped = SIGNER.read(SIGNER.sign(one).replace(one.prefix, other.prefix, 1))
    assert swapped is None or one.prefix == other.prefix


def test_claims_written_by_somebody_else_are_refused() -> None:
    _, prefix, rest = SIGNER.sign(draw_key("Bộ Nội vụ", "agency", tenant="G09")).split("_", 2)
    admin = base64.urlsafe_b64encode(b'{"name":"x","role":"admin"}').rstrip(b"=").decode()
    assert SIGNER.read(f"ddk_{prefix}_{admin}_{rest[-43:]}") is None
    forged = KeySigner([OTHER]).sign(ApiKey(prefix, "x", "admin"))
    assert SIGNER.read(forged) is None


def test_letters_that_look_alike_are_others() -> None:
    token = SIGNER.sign(ApiKey("abcdef012345", "a", "reader"))
    for letter, like in (("a", "а"), ("d", "ԁ"), ("e", "е"), ("0", "０"), ("_", "＿")):
        assert SIGNER.read(token.replace(letter, like)) is None
        assert SIGNER.read(token.replace(letter, like, 1)) is None


def test_a_mac_in_another_spelling_of_base64_is_refused() -> None:
    """The last of 43 letters holds two bits that decoders pass over."""
    token = SIGNER.sign(draw_key("x", "reader"))
    decoded = base64.urlsafe_b64decode(token[-43:] + "=")
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    twins = [
        token[:-1] + letter
        for letter in alphabet
        if letter != token[-1] and base64.urlsafe_b64decode(token[-43:-1] + letter + "=") == decoded
    ]
    assert len(twins) == 3
    assert not any(map(SIGNER.read, [*twins, token + "=", token + "\n", " " + token]))


def test_a_token_of_any_length_is_answered_at_once() -> None:
    assert SIGNER.read("ddk_0123456789ab_" + "A" * 10_000_000) is None
    assert SIGNER.read("ddk_" * 100_000) is None


def test_claims_of_a_later_version_are_refused() -> None:
    """What it adds may narrow the key."""
    signer = KeySigner([NEW])
    later = signer.sign(replace(draw_key("x", "reader"), name='x","only":"GET'))
    assert signer.read(later) is not None  # a name is no claim, whatever is in it
    text = base64.urlsafe_b64encode(b'{"name":"x","role":"reader","only":"GET"}').rstrip(b"=").decode()
    signed = f"ddk_0123456789ab_{text}"
    assert signer.read(f"{signed}_{signer.mac(signed)}") is None


def test_while_the_secret_is_rotated_keys_of_both_are_read_and_new_ones_are_of_the_new() -> None:
    key = draw_key("x", "reader", expires_at=UNTIL)
    before, during, after = KeySigner([OLD]), KeySigner([NEW, OLD]), KeySigner([NEW])
    assert during.read(before.sign(key)) == key
    assert after.read(during.sign(key)) == key
    assert after.read(before.sign(key)) is None
    assert before.read(during.sign(key)) is None


def test_a_key_of_another_suite_is_refused() -> None:
    assert KeySigner([OTHER]).read(SIGNER.sign(draw_key("x", "admin"))) is None


def test_what_would_not_fit_is_not_signed() -> None:
    with pytest.raises(ValueError, match="longer"):
        SIGNER.sign(draw_key("x" * 1000, "reader"))
    assert len(SIGNER.sign(draw_key("Ủ" * MAX_NAME_LENGTH, "agency", tenant="G" * 60))) < MAX_TOKEN_LENGTH


def test_it_expires_on_its_instant_and_time_may_run_backwards() -> None:
    key = draw_key("x", "reader", expires_at=UNTIL.replace(microsecond=5))
    assert key.expires_at == UNTIL
    assert key.has_expired(UNTIL)
    assert not key.has_expired(UNTIL.replace(year=2026))
    assert not draw_key("x", "reader").has_expired(datetime.max.replace(tzinfo=UTC))
