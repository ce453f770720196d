"""HEAD, OPTIONS and conditional requests, as RFC 9110 says."""

import pytest

from shared.http import preconditions
from shared.http.preconditions import LONGEST
from tests.support.toy import Toy

THING = "/toy/v1/things/1"


# --- methods


@pytest.mark.parametrize(
    "path",
    [THING, "/toy/v1/things", "/toy/v1/things/none", f"{THING}?x=1", "/healthz", "/readyz", "/metrics", "/nowhere",
     "/toy/docs", "/toy/openapi.json", "/toy/docs/assets/swagger-ui/swagger-ui.css", "/toy/v1/things/%00"],
)  # fmt: skip
async def test_head_is_get_without_its_body(toy: Toy, path: str) -> None:
    same = {"X-Request-Id": "same"}
    read, head = await toy.send("GET", path, same), await toy.send("HEAD", path, same)
    assert head.content == b""
    assert head.status_code == read.status_code
    for answer in (read, head):
        answer.headers.pop("last-modified", None)
    if path != "/metrics":  # which counts its own requests
        assert head.headers == read.headers


async def test_head_needs_a_key_as_get_does(toy: Toy) -> None:
    assert (await toy.http.head(THING)).status_code == 401


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/toy/v1/things", "GET, HEAD, OPTIONS, POST"),
        (THING, "GET, HEAD, OPTIONS, PATCH"),
        ("/toy/v1/uploads", "OPTIONS, POST"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_method_that_is_not_taken_names_those_that_are(toy: Toy, path: str, allowed: str) -> None:
    for method in ("PUT", "TRACE", "BREW"):
        refused = await toy.send(method, path)
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (405, "method_not_allowed")
        assert refused.headers["allow"] == allowed
        assert allowed in problem["detail"]
        assert allowed in problem["detail_en"]
    asked = await toy.http.options(path)
    assert (asked.status_code, asked.headers["allow"], asked.content) == (204, allowed, b"")


async def test_head_of_what_cannot_be_read_is_refused(toy: Toy) -> None:
    refused = await toy.send("HEAD", "/toy/v1/uploads")
    assert (refused.status_code, refused.headers["allow"], refused.content) == (405, "OPTIONS, POST", b"")


async def test_options_of_nothing_is_nothing(toy: Toy) -> None:
    assert (await toy.http.options("/nowhere")).status_code == 404


# --- conditions of a read: THING has version 3


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "status"),
    [
        (None, "{tag}", 304),
        (None, "W/{tag}", 304),  # compared weakly
        (None, '"x", {tag}', 304),
        (None, "*", 304),
        (None, '"3"', 200),  # the version alone: a status may have changed since
        (None, '"3.0123456789abcdef"', 200),
        (None, '"x"', 200),
        ("{tag}", None, 200),
        ('"3"', None, 200),
        ("*", None, 200),
        ("W/{tag}", None, 412),  # compared strongly
        ('"2"', None, 412),
        ('"2"', "{tag}", 412),  # If-Match comes first
        ("{tag}", "{tag}", 304),
        ("*", '"x"', 200),
        ("3", None, 422),
        (None, "3", 422),
    ],
)
async def test_a_read_keeps_its_conditions(
    toy: Toy, if_match: str | None, if_none_match: str | None, status: int
) -> None:
    read = await toy.send("GET", THING)
    tag = read.headers["etag"]
    asked = {"If-Match": if_match, "If-None-Match": if_none_match}
    headers = {name: value.format(tag=tag) for name, value in asked.items() if value is not None}
    for method in ("GET", "HEAD"):
        answer = await toy.send(method, THING, headers)
        assert answer.status_code == status
        if status == 304:
            assert (answer.headers["etag"], answer.content) == (tag, b"")
        elif status == 200 and method == "GET":
            assert answer.content == read.content


async def test_another_answer_of_the_same_version_has_another_tag(toy: Toy) -> None:
    tags = {(await toy.send("GET", f"{THING}?limit={limit}")).headers["etag"] for limit in (1, 2, 2)}
    assert len(tags) == 2
    assert all(tag.startswith('"3.') for tag in tags)


async def test_what_has_no_tag_is_always_sent(toy: Toy) -> None:
    for condition in ({"If-None-Match": "*"}, {"If-Match": '"3"'}):
        assert (await toy.send("GET", "/toy/v1/things", condition)).status_code == 200


async def test_a_refusal_stands_whatever_the_conditions(toy: Toy) -> None:
    for headers in ({"If-Match": '"2"'}, {"If-None-Match": "*"}):
        assert (await toy.send("GET", "/toy/v1/things/none", headers)).status_code == 404
    for given in ("*", '"1"'):
        assert (await toy.send("PATCH", "/toy/v1/things/none", {"If-Match": given})).status_code == 404


@pytest.mark.parametrize("padding", [" ", ",", '"x",', 'W/"x" , ', "\t ,"])
async def test_a_long_list_is_read_up_to_a_bound(toy: Toy, padding: str) -> None:
    most = f'"3",{padding * ((LONGEST - 10) // len(padding))}"y"'
    assert (await toy.send("GET", THING, {"If-Match": most})).status_code == 200
    refused = await toy.send("GET", THING, {"If-Match": f'{most},"{"z" * LONGEST}"'})
    assert (refused.status_code, refused.json()["code"]) == (422, "if_match_invalid")
    assert str(LONGEST) in refused.json()["detail"]


def test_a_list_is_read_in_one_go() -> None:
    """Where spaces were given back one by one, this would take hours."""
    spaces = " " * 1_000_000
    for text in (f",{spaces}x", f'"a"{spaces}x', f'"a",{spaces}"b', f'"{spaces}'):
        assert preconditions._read_list(text) == []
    assert len(preconditions._read_list(f'{spaces}"a"{spaces},{spaces},"b"')) == 2


async def test_several_headers_are_one_list(toy: Toy) -> None:
    given = [*toy.headers.items(), ("If-Match", '"1"'), ("If-Match", '"3"')]
    assert (await toy.http.patch(THING, headers=given)).status_code == 200


# --- conditions of a change


@pytest.mark.parametrize(
    ("method", "path", "header"),
    [
        ("PATCH", THING, "If-None-Match"),
        ("POST", "/toy/v1/things", "If-None-Match"),
        ("POST", "/toy/v1/things", "If-Match"),
    ],
)
async def test_a_condition_that_a_change_cannot_keep_is_refused(
    toy: Toy, method: str, path: str, header: str
) -> None:
    conditions = {"If-Match": '"3"', header: "*"}
    answer = await toy.send(
        method, path, {header: "*"} if method == "POST" else conditions, json={"name": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_unsupported")
    assert answer.json()["field"] == header
    assert await toy.things() == 0
