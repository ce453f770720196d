"""Every route of every service takes what it says and refuses the rest, naming it: nothing is guessed, nothing overlooked."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from services.register import SERVICES
from shared.http.scalars import read_date, read_instant
from shared.runtime.clock import ManualClock
from tests.conftest import MakeDatabase
from tests.support.operations import Operation, admin_client, headers_for, operations

NO_DATES = (
    "20260310", "0", "1743465600", "2026-3-1", "10/03/2026", "2026-03-10T00:00:00", "2026-03-10T00:00:00Z", "2026-W10-2",
    "2026-069", " 2026-03-10", "2026-03-10 ", "٢٠٢٦-03-10", "2026-02-30", "2026-00-10", "0000-01-01", "+2026-03-10", "today", "",
)  # fmt: skip
NO_INSTANTS = (
    "20260310", "0", "1743465600", "1743465600000", "2026-03-10", "2026-03-10T08:00:00", "2026-03-10T08:00+07:00",
    "2026-03-10T08:00:00 07:00", "2026-03-10T08:00:00+0700", "2026-03-10T08:00:00+07", "20260310T080000Z", "2026-03-10T24:00:00Z",
    "2026-02-30T08:00:00Z", "2026-03-10T08:00:00,5Z", "2026-03-10T08:00:60Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00", "Tue, 10 Mar 2026 08:00:00 GMT", "now", "",
)  # fmt: skip
NO_INTEGERS = ("1.0", "1e3", " 7", "+7", "7_0", "0x7", "٧", "true", "")
NO_BOOLEANS = ("1", "0", "yes", "on", "t", "đúng", "")
OTHERS: tuple[Any, ...] = ([], {}, ["2026-03-10"])
NO_TEXT: tuple[Any, ...] = (20260310, 0, 1743465600, 1743465600000, 1.5, True, *OTHERS)


def kind_of(schema: dict[str, Any]) -> str | None:
    """What a value is: date, date-time, integer, number or boolean; None for what is not tried here."""
    kinds = {_kind(each) for each in schema.get("anyOf", [schema])}
    return next((kind for kind in kinds if kind), None)


def _kind(schema: dict[str, Any]) -> str | None:
    if schema.get("type") in {"integer", "boolean", "number"}:
        return str(schema["type"])
    return schema.get("format") if schema.get("format") in {"date", "date-time"} else None


WRONG_TEXTS = {"date": NO_DATES, "date-time": NO_INSTANTS, "integer": NO_INTEGERS, "boolean": NO_BOOLEANS}
WRONG_VALUES: dict[str, tuple[Any, ...]] = {
    "date": NO_TEXT + NO_DATES,
    "date-time": NO_TEXT + NO_INSTANTS,
    "integer": ("1", "", 1.0, 1.5, True, *OTHERS),
    "boolean": ("true", "1", 1, 0, 1.0, *OTHERS),
    "number": ("1_000", " 7", "+7", "٧", "1e3", "0x7", "1,5", "", "NaN", True, *OTHERS),
}


@pytest.fixture(params=SERVICES)
async def served(
    request: pytest.FixtureRequest, make_database: MakeDatabase, clock: ManualClock
) -> AsyncIterator[tuple[list[Operation], httpx2.AsyncClient]]:
    """Every operation of a service, and who may call them all."""
    async with admin_client(request.param, await make_database(request.param), clock) as (app, http):
        yield operations(app), http


Served = tuple[list[Operation], httpx2.AsyncClient]


async def call(http: httpx2.AsyncClient, operation: Operation, **request: Any) -> dict[str, Any]:
    """The problem that the request is refused with."""
    answer = await http.request(
        operation.method, operation.address, headers=headers_for(operation), **request
    )
    assert answer.status_code == 422, (str(operation), request, answer.status_code, answer.text)
    problem: dict[str, Any] = answer.json()
    assert problem["detail"] != problem["detail_en"]
    return problem


def named(problem: dict[str, Any]) -> set[str | None]:
    return {problem.get("field"), *(item["field"] for item in problem.get("errors", ()))}


async def test_a_parameter_is_a_date_an_instant_a_number_or_refused(served: Served) -> None:
    every, http = served
    tried = 0
    for operation in every:
        body = {"json": operation.example()} if operation.body else {}
        for name, schema in operation.parameters.items():
            kind = kind_of(schema)
            for text in WRONG_TEXTS[kind] if kind else ():
                problem = await call(http, operation, params={name: text}, **body)
                assert name in named(problem), (str(operation), name, text)
                tried += 1
    assert tried > 20


async def test_a_member_is_a_date_an_instant_a_number_or_refused(served: Served) -> None:
    every, http = served
    for operation in every:
        if operation.body is None or operation.body[0] != "application/json":
            continue
        for field in operation.fields():
            kind = kind_of(field.schema)
            for value in WRONG_VALUES[kind] if kind else ():
                problem = await call(http, operation, json=operation.body_with(field.place, value))
                assert any(
                    name and (name == field.name or name.startswith(f"{field.name}."))
                    for name in named(problem)
                ), (str(operation), field.name, value, problem)


async def test_a_field_of_a_form_is_a_number_or_a_yes_or_refused(served: Served) -> None:
    every, http = served
    for operation in every:
        if operation.body is None or operation.body[0] != "multipart/form-data":
            continue
        for field in operation.fields():
            kind = kind_of(field.schema)
            for text in WRONG_TEXTS[kind] if kind else ():
                file = {"file": ("x.csv", b"a,b\n")}
                problem = await call(http, operation, data={field.name: text}, files=file)
                assert field.name in named(problem), (str(operation), field.name, text)


async def test_what_is_not_known_is_refused_by_its_name(served: Served) -> None:
    every, http = served
    for operation in every:
        body: dict[str, Any] = {}
        if operation.body is not None:
            is_form = operation.body[0] == "multipart/form-data"
            body = {"files": {"file": ("x.csv", b"a,b\n")}} if is_form else {"json": operation.example()}
        problem = await call(http, operation, params={"as_off": "2026-03-10"}, **body)
        assert (problem["code"], problem["field"]) == ("parameter_unknown", "as_off"), str(operation)
        if "as_of" in operation.parameters:
            assert problem["errors"][0]["nearest"] == "as_of"
        if operation.body is None:
            assert (await call(http, operation, json={"forced": True}))["code"] == "body_unexpected"
        elif is_form:
            problem = await call(http, operation, data={"dryrun": "true"}, **body)
            assert [item["nearest"] for item in problem["errors"] if item["field"] == "dryrun"] == ["dry_run"]
        else:
            for field in operation.fields():
                if "properties" in field.schema:
                    wrong = operation.body_with((*field.place, "zzz"), 1)
                    name = ".".join(map(str, (*field.place, "zzz")))
                    assert name in named(await call(http, operation, json=wrong)), str(operation)


async def test_a_change_that_says_nothing_is_refused(served: Served) -> None:
    """Null is a value where the refusal says so, and elsewhere a slip that must not be overlooked."""
    every, http = served
    for operation in every:
        if operation.method != "patch" or operation.body is None:
            continue
        empty = await call(http, operation, json={})
        assert empty["code"] == "change_empty"
        nullable = empty["detail"].rpartition(": ")[2].rstrip(".").split(", ")
        for name in operation.body[1]["properties"]:
            answer = await http.patch(operation.address, json={name: None}, headers=headers_for(operation))
            assert answer.status_code == (404 if name in nullable else 422), (str(operation), name)


async def test_one_value_is_given_once(served: Served) -> None:
    every, http = served
    for operation in every:
        for name, schema in operation.parameters.items():
            if not any(each.get("type") == "array" for each in schema.get("anyOf", [schema])):
                problem = await call(http, operation, params=[(name, "1"), (name, "1")])
                assert (problem["code"], problem["field"]) == ("parameter_repeated", name), str(operation)


async def test_every_list_in_a_body_is_bounded(served: Served) -> None:
    for operation in served[0]:
        for field in operation.fields():
            if field.schema.get("type") == "array":
                assert "maxItems" in field.schema, (str(operation), field.name)


async def test_head_and_options_are_answered_wherever_they_may_be(served: Served) -> None:
    every, http = served
    for path in {operation.path for operation in every}:
        same = [operation for operation in every if operation.path == path]
        methods = {operation.method.upper() for operation in same}
        allowed = sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()))
        answer = await http.options(same[0].address)
        assert (answer.status_code, answer.headers["allow"]) == (204, ", ".join(allowed)), path
        if "GET" in methods:
            request_id = {"X-Request-Id": "same"}
            read, head = [
                await http.request(method, same[0].address, headers=request_id) for method in ("GET", "HEAD")
            ]
            assert (head.status_code, head.content) == (read.status_code, b"")
            assert head.headers.keys() == read.headers.keys()


# --- the two types themselves


@given(
    st.one_of(
        st.integers(), st.floats(), st.booleans(), st.none(), st.binary(max_size=10), st.text(max_size=30)
    )
)
@example("2026-03-10\n")
@example("२०२६-०३-१०")
def test_nothing_else_is_a_date_or_an_instant(value: Any) -> None:
    for read in (read_date, read_instant):
        with pytest.raises(PydanticCustomError):
            read(value)


@given(st.dates())
def test_every_day_is_read_as_it_is_written(day: date) -> None:
    assert read_date(day.isoformat()) == day
    with pytest.raises(PydanticCustomError):
        read_instant(day.isoformat())


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=OFFSETS))  # noqa: DTZ001 - a zone is drawn
def test_every_instant_is_read_as_it_is_written(instant: datetime) -> None:
    assert read_instant(instant.isoformat()) == instant
    assert (
        read_instant(instant.astimezone(UTC).isoformat().replace("+00:00", "z").replace("T", "t")) == instant
    )
    for broken in (instant.replace(tzinfo=None).isoformat(), str(instant.timestamp()), instant.timestamp()):
        with pytest.raises(PydanticCustomError):
            read_instant(broken)
    with pytest.raises(PydanticCustomError):
        read_date(instant.isoformat())
