"""What a caller sends is understood or refused: parameters, members, media types, JSON."""

import gzip
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.toy import ThingIn, Toy

JSON = {"Content-Type": "application/json"}
THING = "/toy/v1/things/1"


# --- the address


@pytest.mark.parametrize(
    ("query", "names", "nearest"),
    [
        ("limt=1", ["limt"], "limit"),
        ("LIMIT=1", ["LIMIT"], "limit"),
        ("limit=1&color=red&lim", ["color", "lim"], "colour"),
        ("=1", [""], None),
        ("limit%20=1", ["limit "], "limit"),
    ],
)
async def test_a_parameter_that_is_not_known_is_refused_with_the_nearest(
    toy: Toy, query: str, names: list[str], nearest: str | None
) -> None:
    response = await toy.send("GET", f"{THING}?{query}")
    problem = response.json()
    assert (response.status_code, problem["code"], problem["field"]) == (422, "parameter_unknown", names[0])
    assert [item["field"] for item in problem["errors"]] == names
    assert all("colour, limit" in problem[words] for words in ("detail", "detail_en"))
    assert nearest is None or problem["errors"][0]["nearest"] == nearest
    assert nearest is None or nearest in problem["errors"][0]["detail"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/toy/v1/things"), ("POST", "/toy/v1/things")])
async def test_a_route_without_parameters_refuses_every_one(toy: Toy, method: str, path: str) -> None:
    problem = (
        await toy.send(method, f"{path}?dry_run=true", json={"name": "x"} if method == "POST" else None)
    ).json()
    assert (problem["status"], problem["code"]) == (422, "parameter_unknown")
    assert problem["errors"][0]["nearest"] is None
    assert await toy.things() == 0


@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=1&limit=1"])
async def test_a_parameter_given_twice_is_refused(toy: Toy, query: str) -> None:
    problem = (await toy.send("GET", f"{THING}?{query}")).json()
    assert (problem["status"], problem["code"], problem["field"]) == (422, "parameter_repeated", "limit")


async def test_a_list_is_a_parameter_given_several_times(toy: Toy) -> None:
    assert (await toy.send("GET", f"{THING}?colour=a&colour=b")).status_code == 200


async def test_who_calls_is_asked_before_what(toy: Toy) -> None:
    assert (await toy.http.get(f"{THING}?x=1")).status_code == 401


@pytest.mark.parametrize(
    "path", ["/healthz?x=1", "/readyz?x=1", "/metrics?x=1", "/toy/docs?x=1", "/toy/openapi.json?x=1"]
)
async def test_what_probes_and_browsers_ask_takes_what_they_add(toy: Toy, path: str) -> None:
    assert (await toy.send("GET", path)).status_code == 200


@pytest.mark.parametrize("value", ["1.0", " 1", "+1", "1_0", "01", "0x1", "٣", "1e0", "true", ""])
async def test_a_number_in_an_address_is_written_in_digits(toy: Toy, value: str) -> None:
    response = await toy.http.get(THING, params={"limit": value}, headers=toy.headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "int_parsing"


async def test_very_many_parameters_are_refused_at_once(toy: Toy) -> None:
    query = "&".join(f"a{n}" for n in range(10_000))
    problem = (await toy.send("GET", f"{THING}?{query}")).json()
    assert len(problem["errors"]) == 20


@pytest.mark.parametrize(
    "address", [f"{THING}?colour=%FF", "/toy/v1/things/%C3%28", "/toy/v1/things/%ED%A0%80"]
)
async def test_an_address_that_is_no_utf8_is_refused(toy: Toy, address: str) -> None:
    response = await toy.send("GET", address)
    assert (response.status_code, response.json()["code"]) == (422, "address_encoding_invalid")


# --- the body


async def test_members_that_are_not_known_are_refused_with_the_nearest(toy: Toy) -> None:
    body = {"name": "x", "nam": "y", "notes": 1, "parts": []}
    problem = (await toy.send("POST", "/toy/v1/things", json=body)).json()
    assert (problem["status"], problem["code"]) == (422, "request_invalid")
    assert [(item["field"], item["code"], item["nearest"]) for item in problem["errors"]] == [
        ("nam", "extra_forbidden", "name"),
        ("notes", "extra_forbidden", "note"),
    ]
    inner = {"name": "x", "parts": [{"code": "a"}, {"code": "b", "nummer": 1}]}
    [error] = (await toy.send("POST", "/toy/v1/things", json=inner)).json()["errors"]
    assert (error["field"], error["nearest"]) == ("parts.1.nummer", "number")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"} | {f"m{n}": 1 for n in range(70_000)},
        {"name": "x", "parts": [{f"m{m}": 1 for m in range(700)} for _ in range(100)]},
        {"name": "x", "parts": [{"number": -1}] * 100},
        {"name": "x", "parts": [[]] * 15_000},
        {"name": "x", "m" * 700_000: 1},
    ],
)
async def test_a_body_full_of_what_is_not_known_has_few_errors(toy: Toy, body: Any) -> None:
    """An error for each of 100,000 would hold every other request for a second."""
    with pytest.raises(ValidationError) as refused:
        ThingIn.model_validate(body)
    assert refused.value.error_count() <= 25
    response = await toy.send("POST", "/toy/v1/things", json=body)
    assert (response.status_code, len(response.json()["errors"]) <= 20) == (422, True)
    assert len(response.content) < 20_000


async def test_a_member_given_twice_is_refused_by_its_name(toy: Toy) -> None:
    content = b'{"name": "x", "parts": [{"code": "a", "number": 1, "code": "b"}]}'
    problem = (await toy.send("POST", "/toy/v1/things", JSON, content=content)).json()
    assert (problem["status"], problem["code"], problem["field"]) == (422, "member_repeated", "code")
    assert await toy.things() == 0


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (None, 415),
        ("", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=b", 415),
        ("application/jsonx", 415),
        ("application/json; charset=iso-8859-1", 415),
        ("application/json", 201),
        ("Application/JSON; charset=UTF-8", 201),
        ("application/vnd.dondoc+json", 201),
    ],
)
async def test_a_body_says_that_it_is_json(toy: Toy, content_type: str | None, status: int) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = await toy.send("POST", "/toy/v1/things", headers, content=b'{"name": "x"}')
    assert response.status_code == status
    if status == 415:
        problem = response.json()
        assert (problem["code"], problem["field"]) == ("content_type_unsupported", "Content-Type")
        assert all("Content-Type: application/json" in problem[words] for words in ("detail", "detail_en"))


async def test_a_form_says_that_it_is_one(toy: Toy) -> None:
    for request in ({"json": {"f": "x"}}, {"data": {"f": "x"}}, {"content": b"f"}):
        problem = (await toy.send("POST", "/toy/v1/uploads", **request)).json()
        assert (problem["status"], problem["code"]) == (415, "content_type_unsupported")
        assert "Content-Type: multipart/form-data" in problem["detail"]


async def test_a_body_is_not_compressed(toy: Toy) -> None:
    headers = JSON | {"Content-Encoding": "gzip"}
    response = await toy.send("POST", "/toy/v1/things", headers, content=gzip.compress(b'{"name": "x"}'))
    assert (response.status_code, response.json()["code"]) == (415, "content_encoding_unsupported")


@pytest.mark.parametrize(
    ("content", "code", "position"),
    [
        (b"", "body_missing", None),
        (b" \n ", "body_missing", None),
        (b'{\n  "name": "x"\n  "note": ""}', "json_invalid", (3, 3, 18)),
        (b'{"name": x}', "json_invalid", (1, 10, 9)),
        ('{"name": "Đề án"'.encode(), "json_invalid", (1, 17, 16)),
        (b'{"name": "\xff"}', "body_not_utf8", 11),
        (b'{"name": ' + b"1" * 5000 + b"}", "json_too_complex", None),
        (b'{"name":' + b"[" * 100_000, "json_too_complex", None),
    ],
)
async def test_a_body_that_is_no_json_is_told_where(
    toy: Toy, content: bytes, code: str, position: Any
) -> None:
    response = await toy.send("POST", "/toy/v1/things", JSON, content=content)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, code)
    assert "errors" not in problem
    told = problem.get("position") or {}
    if isinstance(position, tuple):
        assert (told["line"], told["column"], told["offset"]) == position
        assert f"dòng {position[0]}, cột {position[1]}" in problem["detail"]
        assert f"line {position[0]}, column {position[1]}" in problem["detail_en"]
    else:
        assert told.get("byte") == position


@pytest.mark.parametrize(("method", "path"), [("GET", THING), ("PATCH", THING), ("GET", "/toy/v1/things")])
async def test_a_body_that_no_one_reads_is_refused(toy: Toy, method: str, path: str) -> None:
    for content, refused in (
        (b'{"force": true}', True),
        (b"x", True),
        (b"", False),
        (b"{}", False),
        (b" null ", False),
    ):
        answer = await toy.send(
            method, path, JSON | ({"If-Match": "*"} if method == "PATCH" else {}), content=content
        )
        assert (answer.status_code == 422) == refused
        assert not refused or answer.json()["code"] == "body_unexpected"


# --- metrics


async def test_metrics_say_what_key_they_want(toy: Toy) -> None:
    other = toy.key("toy.read")
    for headers, status, code in (
        ({}, 401, "monitor_key_required"),
        ({"Authorization": "Bearer x"}, 401, "monitor_key_required"),
        ({"Authorization": "Basic eDp5"}, 401, "monitor_key_required"),
        (other, 403, "scope_missing"),
    ):
        response = await toy.http.get("/metrics", headers=headers)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (status, code)
        assert all("monitor" in problem[words] for words in ("detail", "detail_en"))
        assert response.headers["content-type"] == "application/problem+json"
        if status == 401:
            assert response.headers["www-authenticate"] == 'Basic realm="dondoc", Bearer'
    broken = await toy.http.get("/metrics", headers={"Authorization": "Basic ?"})
    assert broken.status_code == 401
