"""Keys: who may do what, until when; whatever is wrong with a key, the answer is the same."""

from datetime import timedelta

import pytest

from shared.errors import Forbidden
from shared.http.auth import Caller
from shared.keys import revocations
from shared.keys.revocations import record_revocation
from tests.support.keys import authorization
from tests.support.toy import Toy
from tests.support.writing import writing

PATH = "/toy/v1/things/1"


async def code_of(toy: Toy, authorization: str | None) -> tuple[int, str | None]:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = await toy.http.get(PATH, headers=headers)
    if response.is_success:
        return response.status_code, None
    assert response.headers["www-authenticate"] == "Bearer"
    return response.status_code, response.json()["code"]


async def test_a_key_opens(toy: Toy) -> None:
    token = toy.headers["Authorization"]
    assert await code_of(toy, token) == (200, None)
    assert await code_of(toy, token.replace("Bearer", "bearer")) == (200, None)
    assert await code_of(toy, token.replace("Bearer ", "Bearer   ")) == (200, None)


async def test_anything_else_does_not(toy: Toy) -> None:
    token = toy.headers["Authorization"].removeprefix("Bearer ")
    scheme, prefix, secret = token.split("_", 2)
    wrong = [
        None, "", "Bearer", "Bearer ", f"Basic {token}", token, f"Bearer {token}x", f"Bearer {token[:-1]}",
        f"Bearer {scheme}_{prefix}_", f"Bearer {scheme}_{prefix}", f"Bearer ddx_{prefix}_{secret}",
        f"Bearer {scheme}_{'0' * 12}_{secret}", f"Bearer {scheme}_{prefix.upper()}_{secret}", f"Bearer {token} {token}",
        "Bearer ' OR 1=1 --", "Bearer " + "x" * 10_000, "Bearer ddk_0123456789ab_" + secret.partition("_")[2],
    ]  # fmt: skip
    for header in wrong:
        assert await code_of(toy, header) == (401, "key_required"), header
    headers = [(b"authorization", b"Bearer ddk_\xff\x00\xe1_x")]
    assert (await toy.http.get(PATH, headers=headers)).status_code == 401


async def test_a_key_of_another_suite_does_not(toy: Toy) -> None:
    key = authorization([b"q" * 32], "toy.read")
    assert await code_of(toy, key["Authorization"]) == (401, "key_required")


async def test_no_key_asks_the_database(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a good one, once the revoked keys are known, nor any other ever."""
    asked: list[str] = []
    whole = toy.database.reading

    def reading():  # type: ignore[no-untyped-def]  # noqa: ANN202 - as the database's own
        asked.append("reading")
        return whole()

    monkeypatch.setattr(revocations, "REFRESH_SECONDS", 3600.0)
    monkeypatch.setattr(toy.database, "reading", reading)
    assert await code_of(toy, "Bearer ddk_0123456789ab_x_" + "A" * 43) == (401, "key_required")
    assert asked == []
    for _ in range(3):
        assert await code_of(toy, toy.headers["Authorization"]) == (200, None)
    assert asked == ["reading"]


async def test_a_revoked_key_ends(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    key = toy.key("toy.read")
    prefix = key["Authorization"].split("_")[1]
    assert await code_of(toy, key["Authorization"]) == (200, None)
    monkeypatch.setattr(revocations, "REFRESH_SECONDS", 0.0)
    async with writing(toy.database) as session:
        await record_revocation(session, prefix, at=toy.clock.now(), expires_at=None)
    assert await code_of(toy, key["Authorization"]) == (401, "key_required")
    assert await code_of(toy, toy.headers["Authorization"]) == (200, None)


async def test_a_key_expires_on_its_instant(toy: Toy) -> None:
    key = toy.key("toy.read", expires_at=toy.clock.now() + timedelta(hours=1))
    toy.clock.advance(minutes=59, seconds=59)
    assert await code_of(toy, key["Authorization"]) == (200, None)
    toy.clock.advance(seconds=1)
    assert await code_of(toy, key["Authorization"]) == (401, "key_required")


async def test_a_key_without_the_scope_is_told_which(toy: Toy) -> None:
    response = await toy.http.post("/toy/v1/things", headers=toy.key("toy.read"), json={"name": "x"})
    assert response.status_code == 403
    assert (response.json()["code"], response.json()["scope"]) == ("scope_missing", "toy.write")


async def test_who_may_not_is_told_so_before_what_is_wrong_with_the_body(toy: Toy) -> None:
    response = await toy.http.post("/toy/v1/things", json={"colour": 1})
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("bound", "asked", "may"),
    [(None, "G12", True), ("G12", "G12", True), ("G12", "G01", False), ("G12", None, False)],
)
def test_a_bound_key_acts_for_its_own(bound: str | None, asked: str | None, *, may: bool) -> None:
    caller = Caller("p", "n", bound, frozenset())
    if may:
        caller.require_tenant(asked)
        return
    with pytest.raises(Forbidden):
        caller.require_tenant(asked)
