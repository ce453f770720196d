"""Rate limits: what may be taken at once, what comes back with time, and what a bound key's changes are held to."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from shared.errors import TooManyRequests
from shared.runtime.rate_limits import RateLimit
from tests.support.toy import Toy

SECOND = 1_000_000_000


@dataclass
class Watch:
    at: int = 12_345_678_901

    def __call__(self) -> int:
        return self.at


def refusal(number: int, seconds: int) -> TooManyRequests:
    return TooManyRequests("too_many", f"{number}", f"{number}", retry_after=seconds)


def limit(number: int, watch: Watch) -> RateLimit:
    return RateLimit(number, timedelta(seconds=60), refusal, watch)


def taken(limit: RateLimit, name: str, tries: int) -> int:
    """The number of these tries that are admitted."""
    admitted = 0
    for _ in range(tries):
        try:
            limit.take(name)
            admitted += 1
        except TooManyRequests:
            pass
    return admitted


@pytest.mark.parametrize("number", [1, 7, 60, 999])
def test_a_number_is_taken_at_once_and_comes_back_evenly(number: int) -> None:
    watch = Watch()
    held = limit(number, watch)
    assert taken(held, "a", number + 5) == number
    assert taken(held, "b", 1) == 1, "each name has its own"
    watch.at += 30 * SECOND
    assert taken(held, "a", number + 5) == number // 2
    watch.at += 3600 * SECOND
    assert taken(held, "a", number + 5) == number, "no more than the number is saved up"


def test_a_refusal_says_when_it_would_be_taken() -> None:
    watch = Watch()
    held = limit(2, watch)
    held.take("a", 2)
    with pytest.raises(TooManyRequests) as refused:
        held.take("a")
    assert refused.value.retry_after == 30
    watch.at += 30 * SECOND
    held.take("a")


def test_what_counts_for_more_than_the_number_is_taken_from_all_of_it() -> None:
    watch = Watch()
    held = limit(2, watch)
    held.take("a", 64)
    assert taken(held, "a", 1) == 0
    watch.at += 60 * SECOND
    held.take("a", 64)


def test_zero_is_no_limit() -> None:
    assert taken(limit(0, Watch()), "a", 1000) == 1000


def test_names_that_have_all_of_theirs_again_are_forgotten() -> None:
    watch = Watch()
    held = limit(10, watch)
    held.take("busy", 10)
    for number in range(5_000):
        watch.at += SECOND // 100
        held.take(f"{number}")
    assert len(held._whole_at) < 2_000
    assert taken(held, "busy", 10) == 8, "50 of 60 seconds have gone by"


async def test_a_bound_key_makes_a_limited_number_of_changes(toy: Toy) -> None:
    toy.app.state.context = replace(toy.app.state.context, changes_per_day=2)
    bound = toy.key("toy.write", agency="G12")
    sent = [await toy.send("POST", "/toy/v1/things", bound, json={"name": "x"}) for _ in range(3)]
    assert [answer.status_code for answer in sent] == [201, 201, 429]
    problem = sent[-1].json()
    assert (problem["code"], problem["limit"]) == ("too_many_changes", 2)
    assert 43_000 < int(sent[-1].headers["Retry-After"]) <= 43_200
    assert await toy.things() == 2
    of_another = toy.key("toy.write", agency="G12")
    for key in (of_another, toy.headers, toy.headers, toy.headers):
        assert (await toy.send("POST", "/toy/v1/things", key, json={"name": "x"})).status_code == 201


async def test_changes_that_are_refused_or_replayed_count_and_reads_do_not(toy: Toy) -> None:
    toy.app.state.context = replace(toy.app.state.context, changes_per_day=3)
    bound = toy.key("toy.write", "toy.read", agency="G12")
    again = bound | {"Idempotency-Key": "k"}
    assert (await toy.send("POST", "/toy/v1/things", again, json={"name": "x"})).status_code == 201
    assert (await toy.send("POST", "/toy/v1/things", again, json={"name": "x"})).status_code == 201
    assert (await toy.send("POST", "/toy/v1/things", bound, json={})).status_code == 422
    assert (await toy.send("POST", "/toy/v1/things", again, json={"name": "x"})).status_code == 429
    assert (await toy.send("GET", "/toy/v1/things", bound)).status_code == 200
    assert (await toy.send("POST", "/toy/v1/readings", bound, json={"name": "x"})).status_code == 200


async def test_a_large_change_counts_as_many(toy: Toy) -> None:
    toy.app.state.context = replace(toy.app.state.context, changes_per_day=5)
    bound = toy.key("toy.write", agency="G12")
    bound["Content-Type"] = "application/json"
    large = b'{"name": "x"' + b" " * 40_000 + b"}"
    sent = [await toy.send("POST", "/toy/v1/notes", bound, content=large) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [200, 429]
