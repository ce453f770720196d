"""Every way of failing is answered by one shape, in both languages."""

import asyncio
import errno
import logging
import socket
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import errors
from shared.http import problems
from shared.http.problems import STATUS
from shared.runtime.database import Database
from tests.support.toy import Toy, running_toy
from tests.support.writing import writing


@pytest.mark.parametrize(("kind", "status"), [(kind.__name__, status) for kind, status in STATUS.items()])
async def test_each_refusal_has_its_status_and_one_shape(toy: Toy, kind: str, status: int) -> None:
    response = await toy.send("GET", f"/toy/v1/refusals/{kind}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem.pop("title")
    assert problem == {
        "type": "/problems/some_code",
        "status": status,
        "code": "some_code",
        "detail": "Một câu.",
        "detail_en": "A sentence.",
        "field": "a.b",
        "more": 1,
    }


def test_every_refusal_has_a_status() -> None:
    assert set(STATUS) == set(_below(errors.Refusal))


def _below(kind: type[errors.Refusal]) -> list[type[errors.Refusal]]:
    return [
        found
        for sub in kind.__subclasses__()
        if sub.__module__ == "shared.errors"
        for found in (sub, *_below(sub))
    ]


@pytest.mark.parametrize(
    ("body", "field", "code", "sentence"),
    [
        ({}, "name", "missing", "Thiếu trường bắt buộc."),
        ({"name": "x", "colour": 1}, "colour", "extra_forbidden", "Tên này không được biết đến: có phải note?"),
        ({"name": 5}, "name", "string_type", "Phải là văn bản."),
        ({"name": "x" * 501}, "name", "string_too_long", "Dài quá 500 ký tự."),
        ({"name": " "}, "name", "string_too_short", "Ngắn hơn 1 ký tự."),
        ({"name": "x", "parts": [{"code": "a b"}]}, "parts.0.code", "string_pattern_mismatch", None),
        ({"name": "x", "parts": [{"code": "a"}, {"code": "b", "number": "1"}]}, "parts.1.number", "int_type", "Phải là số nguyên, không đặt trong ngoặc kép."),
        ({"name": "x", "parts": 1}, "parts", "tuple_type", "Phải là một danh sách."),
        ({"name": "x", "parts": [1]}, "parts.0", "model_attributes_type", "Phải là một đối tượng JSON."),
    ],
)  # fmt: skip
async def test_a_request_that_is_wrong_is_told_where_and_how(
    toy: Toy, body: Any, field: str, code: str, sentence: str | None
) -> None:
    problem = (await toy.send("POST", "/toy/v1/things", json=body)).json()
    assert (problem["status"], problem["code"]) == (422, "request_invalid")
    assert field in problem["detail"]
    [error] = problem["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert error["detail_en"]
    assert sentence is None or error["detail"] == sentence


async def test_of_many_errors_the_first_twenty_are_told(toy: Toy) -> None:
    body = {"name": "x", "parts": [{"code": ""}] * 50}
    assert len((await toy.send("POST", "/toy/v1/things", json=body)).json()["errors"]) == 20


async def test_an_address_that_is_not_there(toy: Toy) -> None:
    response = await toy.send("GET", "/nowhere")
    problem = response.json()
    assert (response.status_code, problem["code"]) == (404, "not_found")
    assert problem["detail"].endswith(": xem tài liệu API.")
    assert problem["detail_en"].endswith(": see the API reference.")


@pytest.mark.parametrize("where", ["plain", "sql"])
async def test_a_bug_is_answered_without_its_words_and_logged_with_the_request_id(
    toy: Toy, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await toy.send("GET", f"/toy/v1/bugs/{where}")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "went wrong" not in response.text
    assert "zero" not in response.text
    [record] = [record for record in caplog.records if record.name == "shared.http.problems"]
    assert record.exc_info


async def test_a_question_that_takes_too_long_is_not_to_be_sent_again(toy: Toy) -> None:
    response = await toy.send("GET", "/toy/v1/bugs/timeout")
    assert (response.status_code, response.json()["code"]) == (422, "question_too_large")
    assert "retry-after" not in response.headers


async def test_a_database_that_is_away_is_told_so(toy: Toy) -> None:
    """Nothing listens on port 1."""
    away = Database(toy.database.url.set(host="127.0.0.1", port=1, query={}))
    async with running_toy(away, toy.clock, authorized=False) as other:
        response = await other.http.get("/toy/v1/things/1", headers=toy.headers)
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConnectionResetError(errno.ECONNRESET, "reset"), 503),
        (TimeoutError(), 503),
        (socket.gaierror(socket.EAI_NONAME, "no such host"), 503),
        (OSError(errno.EHOSTUNREACH, "no route"), 503),
        (OSError("Multiple exceptions: [Errno 111] ..., [Errno 111] ..."), 503),
        (FileNotFoundError(errno.ENOENT, "no such socket"), 503),
        (FileNotFoundError(errno.ENOENT, "no such file", "templates/report.xlsx"), 500),
        (PermissionError(errno.EACCES, "denied", "/x"), 500),
        (OSError(errno.ENOSPC, "disk full"), 500),
    ],
    ids=repr,
)
async def test_only_a_connection_that_fails_is_the_databases(error: OSError, status: int) -> None:
    response = await problems._on_database(None, error)  # type: ignore[arg-type]  # the request is not looked at
    assert response.status_code == status


async def test_what_two_requests_record_at_once_is_a_conflict(toy: Toy) -> None:
    async def insert() -> None:
        async with writing(toy.database) as session:
            await session.execute(text("INSERT INTO log_cursors VALUES ('x', '1:1:', '1:1:', 0, now())"))

    outcomes = await asyncio.gather(insert(), insert(), return_exceptions=True)
    [error] = [outcome for outcome in outcomes if isinstance(outcome, DBAPIError)]
    response = await problems._on_database(None, error)  # type: ignore[arg-type]  # the request is not looked at
    assert response.status_code == 409
    assert b"recorded_meanwhile" in bytes(response.body)
