"""What happens to every request before a route sees it, and to every answer after."""

import json
from collections.abc import AsyncIterator

import pytest

from shared.http.edge import MAX_BODY_BYTES
from tests.support.toy import MAX_UPLOAD, Toy

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


async def chunks(total: int) -> AsyncIterator[bytes]:
    """A body whose length is not declared."""
    for _ in range(total // 65536 + 1):
        yield b" " * 65536


def body_of(size: int) -> bytes:
    head, tail = b'{"name": "x", "note": "', b'"}'
    return head + b"y" * (size - len(head) - len(tail)) + tail


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/toy/v1/things/1", 200),
        ("GET", "/toy/v1/things/1?limit=0", 422),
        ("GET", "/toy/v1/refusals/Conflict", 409),
        ("GET", "/toy/v1/bugs/plain", 500),
        ("GET", "/toy/v1/bugs/sql", 500),
        ("GET", "/nowhere", 404),
        ("GET", "/toy/v1/things/%00", 422),
        ("DELETE", "/toy/v1/things/1", 405),
        ("GET", "/healthz", 200),
        ("GET", "/toy/docs", 200),
    ],
)
async def test_every_answer_has_its_id_and_the_security_headers(
    toy: Toy, method: str, path: str, status: int
) -> None:
    response = await toy.send(method, path, {"X-Request-Id": "op-1.2_3"})
    assert response.status_code == status
    assert response.headers["x-request-id"] == "op-1.2_3"
    assert {name: response.headers[name] for name in SECURITY} == SECURITY


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", "a\nb", 'a"b', "<script>"])
async def test_an_id_that_is_none_is_replaced(toy: Toy, given: str) -> None:
    headers = [(b"x-request-id", given.encode()), *((k.encode(), v.encode()) for k, v in toy.headers.items())]
    answers = [await toy.http.get("/toy/v1/things/1", headers=headers) for _ in range(2)]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert all(len(each) == 32 and each.isalnum() for each in ids)


async def test_a_body_up_to_the_limit_is_read_and_beyond_it_refused(toy: Toy) -> None:
    json_type = {"Content-Type": "application/json"}
    within = await toy.send("POST", "/toy/v1/things", json_type, content=body_of(MAX_BODY_BYTES))
    assert within.json()["errors"][0]["code"] == "string_too_long"
    beyond = await toy.send("POST", "/toy/v1/things", json_type, content=body_of(MAX_BODY_BYTES + 1))
    assert (beyond.status_code, beyond.json()["code"]) == (413, "body_too_large")


async def test_a_body_of_undeclared_length_is_refused_as_well(toy: Toy) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    response = await toy.send("POST", "/toy/v1/things", headers, content=chunks(MAX_BODY_BYTES))
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


async def test_a_declared_length_that_is_a_lie_does_not_help(toy: Toy) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": "10"}
    response = await toy.send("POST", "/toy/v1/things", headers, content=body_of(MAX_BODY_BYTES + 1))
    assert response.status_code == 413


async def test_an_upload_has_its_own_limit(toy: Toy) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    head, tail = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n', b"\r\n--b--\r\n"
    largest = head + b"x" * (MAX_UPLOAD - len(head + tail)) + tail
    assert (await toy.send("POST", "/toy/v1/uploads", form, content=largest)).status_code == 200
    assert (await toy.send("POST", "/toy/v1/uploads", form, content=largest + b"x")).status_code == 413
    assert (await toy.send("POST", "/toy/v1/uploads", form, content=chunks(MAX_UPLOAD))).status_code == 413


@pytest.mark.parametrize(
    "address", ["/toy/v1/things/a%00b", "/toy/v1/things/1?limit=%00", "/toy/v1/things/1?a%00=1"]
)
async def test_a_nul_in_the_address_is_refused(toy: Toy, address: str) -> None:
    response = await toy.send("GET", address)
    assert (response.status_code, response.json()["code"]) == (422, "nul_character")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a\0"}, "name"),
        ({"name": "a", "parts": [{"code": "x"}, {"code": "\0"}]}, "parts.1.code"),
        ({"name": "a", "k\0": 1}, None),
        ({"name": "a", "parts": [[[["\0"]]]]}, "parts.0.0.0.0"),
    ],
)
async def test_a_nul_anywhere_in_a_body_is_refused_with_its_place(
    toy: Toy, body: object, field: str | None
) -> None:
    response = await toy.send("POST", "/toy/v1/things", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "nul_character")
    assert response.json().get("field") == field


@pytest.mark.parametrize("depth", [*range(860, 990, 5), 5000, 100_000])
async def test_a_body_nested_too_deep_is_refused(toy: Toy, depth: int) -> None:
    content = b'{"name":' + b"[" * depth + b"]" * depth + b"}"
    response = await toy.send("POST", "/toy/v1/things", {"Content-Type": "application/json"}, content=content)
    assert response.status_code in {400, 422}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b'"x"', b'{"name": "\xff"}', b'{"name": "\\ud800"}', b'{"\\ud800": 1}',
        b'{"name": NaN}', b'{"name": "x", "parts": {}}', b'{"name": ' + b"1" * 5000 + b"}",
        b'{"name": "x", "parts": [{"code": "x", "number": ' + b"9" * 4000 + b"}]}",
        b'{"name": "x", "parts": [{"code": "x", "number": 1e999}]}',
    ],
)  # fmt: skip
async def test_a_body_that_is_no_request_is_refused(toy: Toy, content: bytes) -> None:
    response = await toy.send("POST", "/toy/v1/things", {"Content-Type": "application/json"}, content=content)
    assert response.status_code in {400, 422}
    problem = json.loads(response.content)
    assert problem["detail"] != problem["detail_en"]
    assert await toy.things() == 0


async def test_a_slash_too_many_is_another_address(toy: Toy) -> None:
    """A redirect would send the caller to whatever Host its request claimed."""
    response = await toy.send("GET", "/toy/v1/things/1/", {"Host": "elsewhere.example"})
    assert response.status_code == 404
