"""Keys: who may do what, until when; whatever is wrong with a key, the answer is the same."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.errors import Forbidden
from shared.http.auth import Caller, draw_key, revoke_key
from tests.support.toy import PEPPER, Toy
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
        "Bearer ' OR 1=1 --", "Bearer " + "x" * 10_000, f"Bearer {draw_key(PEPPER).token}",
    ]  # fmt: skip
    for authorization in wrong:
        assert await code_of(toy, authorization) == (401, "key_required"), authorization
    headers = [(b"authorization", b"Bearer ddk_\xff\x00\xe1_x")]
    assert (await toy.http.get(PATH, headers=headers)).status_code == 401


async def test_a_key_of_another_pepper_does_not(toy: Toy) -> None:
    token = toy.headers["Authorization"]
    async with writing(toy.database) as session:
        await session.execute(
            text("UPDATE api_keys SET digest = :digest"), {"digest": draw_key(b"q" * 32).digest}
        )
    assert await code_of(toy, token) == (401, "key_required")


async def test_a_revoked_key_ends_at_once_and_is_revoked_once(toy: Toy) -> None:
    key = await toy.key("toy.read")
    prefix = key["Authorization"].split("_")[1]
    assert await code_of(toy, key["Authorization"]) == (200, None)
    async with writing(toy.database) as session:
        assert await revoke_key(session, prefix, at=toy.clock.now())
        assert not await revoke_key(session, prefix, at=toy.clock.now())
        assert not await revoke_key(session, "0" * 12, at=toy.clock.now())
    assert await code_of(toy, key["Authorization"]) == (401, "key_required")


async def test_a_key_expires_on_its_instant(toy: Toy) -> None:
    key = await toy.key("toy.read", expires_at=toy.clock.now() + timedelta(hours=1))
    toy.clock.advance(minutes=59, seconds=59)
    assert await code_of(toy, key["Authorization"]) == (200, None)
    toy.clock.advance(seconds=1)
    assert await code_of(toy, key["Authorization"]) == (401, "key_required")


async def test_a_key_without_the_scope_is_told_which(toy: Toy) -> None:
    response = await toy.http.post("/toy/v1/things", headers=await toy.key("toy.read"), json={"name": "x"})
    assert response.status_code == 403
    assert (response.json()["code"], response.json()["scope"]) == ("scope_missing", "toy.write")


async def test_who_may_not_is_told_so_before_what_is_wrong_with_the_body(toy: Toy) -> None:
    response = await toy.http.post("/toy/v1/things", json={"colour": 1})
    assert response.status_code == 401


async def test_the_secret_is_not_stored(toy: Toy) -> None:
    secret = toy.headers["Authorization"].split("_", 2)[2]
    async with toy.database.reading() as connection:
        rows = (await connection.execute(text("SELECT api_keys::text AS row FROM api_keys"))).all()
    assert all(secret not in row.row for row in rows)


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
