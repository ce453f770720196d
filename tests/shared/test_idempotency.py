"""A change sent again with its Idempotency-Key is done once and answered alike."""

import asyncio

import pytest
from sqlalchemy import update

from shared.http.idempotency import idempotency_keys
from tests.support.toy import Toy
from tests.support.writing import writing

KEY = {"Idempotency-Key": "k-1"}
BODY = {"name": "một"}


async def test_the_first_answer_comes_again(toy: Toy) -> None:
    first = await toy.send("POST", "/toy/v1/things", KEY, json=BODY)
    again = await toy.send("POST", "/toy/v1/things", KEY, json=BODY)
    assert (again.status_code, again.content) == (201, first.content)
    kept = ("content-type", "etag", "location")
    assert [again.headers[name] for name in kept] == [first.headers[name] for name in kept]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await toy.things() == 1


async def test_without_a_key_each_request_is_its_own(toy: Toy) -> None:
    for _ in range(2):
        assert (await toy.send("POST", "/toy/v1/things", json=BODY)).status_code == 201
    assert await toy.things() == 2


async def test_twins_at_once_are_done_once(toy: Toy) -> None:
    answers = await asyncio.gather(*(toy.send("POST", "/toy/v1/things", KEY, json=BODY) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await toy.things() == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [("/toy/v1/things", {"name": "hai"}), ("/toy/v1/notes", BODY)],
)
async def test_a_key_belongs_to_one_request(toy: Toy, path: str, body: dict[str, str]) -> None:
    await toy.send("POST", "/toy/v1/things", KEY, json=BODY)
    response = await toy.send("POST", path, KEY, json=body)
    assert response.status_code == 422
    assert response.json()["code"] == "idempotency_key_reused"
    assert response.json()["field"] == "Idempotency-Key"
    assert await toy.things() == 1


async def test_the_same_key_of_another_caller_is_another_key(toy: Toy) -> None:
    first = await toy.send("POST", "/toy/v1/things", KEY, json=BODY)
    other = toy.key("toy.write")
    second = await toy.send("POST", "/toy/v1/things", {**KEY, **other}, json=BODY)
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("refused", [{"name": "một", "note": "refuse"}, {"name": ""}, {"name": "a\0b"}])
async def test_a_refused_request_leaves_its_key_free(toy: Toy, refused: dict[str, str]) -> None:
    response = await toy.send("POST", "/toy/v1/things", KEY, json=refused)
    assert response.status_code in {409, 422}
    assert await toy.things() == 0
    assert (await toy.send("POST", "/toy/v1/things", KEY, json=BODY)).status_code == 201


async def test_a_caller_who_may_not_leaves_the_key_free(toy: Toy) -> None:
    reader = toy.key("toy.read")
    assert (await toy.send("POST", "/toy/v1/things", {**KEY, **reader}, json=BODY)).status_code == 403
    assert (await toy.send("POST", "/toy/v1/things", KEY, json=BODY)).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there", "kh\xf3a"])
async def test_a_key_that_cannot_be_is_refused(toy: Toy, key: str) -> None:
    headers = [
        (b"idempotency-key", key.encode("latin-1")),
        *((k.encode(), v.encode()) for k, v in toy.headers.items()),
    ]
    response = await toy.http.post("/toy/v1/things", headers=headers, json=BODY)
    assert response.json()["code"] == "idempotency_key_invalid"
    assert await toy.things() == 0


async def test_the_longest_key_is_taken(toy: Toy) -> None:
    response = await toy.send("POST", "/toy/v1/things", {"Idempotency-Key": "x" * 200}, json=BODY)
    assert response.status_code == 201


async def test_a_multipart_body_is_the_same_although_its_boundary_is_not(toy: Toy) -> None:
    for boundary, replayed in (("aaaa", False), ("bbbb", True)):
        content = f'--{boundary}\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n--{boundary}--\r\n'
        headers = {**KEY, "Content-Type": f'multipart/form-data; boundary="{boundary}"'}
        response = await toy.send("POST", "/toy/v1/uploads", headers, content=content)
        assert response.status_code == 200
        assert ("idempotency-replayed" in response.headers) is replayed


async def test_a_post_that_changes_nothing_answers_anew(toy: Toy) -> None:
    for body in (BODY, {"name": "hai"}):
        response = await toy.send("POST", "/toy/v1/readings", KEY, json=body)
        assert (response.status_code, response.json()["name"]) == (200, body["name"])
        assert "idempotency-replayed" not in response.headers
    assert "parameters" not in toy.app.openapi()["paths"]["/toy/v1/readings"]["post"]


async def test_an_answer_that_can_no_longer_be_read_is_no_failure(toy: Toy) -> None:
    """As the upgrade leaves the answers that had been encrypted."""
    await toy.send("POST", "/toy/v1/things", KEY, json=BODY)
    async with writing(toy.database) as session:
        await session.execute(update(idempotency_keys).values(body=None))
    again = await toy.send("POST", "/toy/v1/things", KEY, json=BODY)
    assert (again.status_code, again.json()["code"]) == (422, "idempotency_answer_unreadable")
    assert await toy.things() == 1
