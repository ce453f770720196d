"""The conventions of the tasks service's HTTP API, route by route."""

import json
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.roles import ROLES
from tests.support.tasks import APPROVAL, LEAD, TasksService, new_task, submission

NOTHING = "00000000-0000-0000-0000-000000000000"
SCOPES = {
    ("get", "/tasks/v1/agencies"): "tasks.read",
    ("post", "/tasks/v1/agencies"): "tasks.manage",
    ("get", "/tasks/v1/agencies/{code}"): "tasks.read",
    ("patch", "/tasks/v1/agencies/{code}"): "tasks.manage",
    ("get", "/tasks/v1/groups"): "tasks.read",
    ("post", "/tasks/v1/groups"): "tasks.manage",
    ("get", "/tasks/v1/groups/{code}"): "tasks.read",
    ("patch", "/tasks/v1/groups/{code}"): "tasks.manage",
    ("get", "/tasks/v1/programmes"): "tasks.read",
    ("post", "/tasks/v1/programmes"): "tasks.manage",
    ("get", "/tasks/v1/documents"): "tasks.read",
    ("post", "/tasks/v1/documents"): "tasks.manage",
    ("post", "/tasks/v1/deadline-readings"): "tasks.read",
    ("post", "/tasks/v1/tasks"): "tasks.manage",
    ("get", "/tasks/v1/tasks"): "tasks.read",
    ("get", "/tasks/v1/tasks/{task_id}"): "tasks.read",
    ("patch", "/tasks/v1/tasks/{task_id}"): "tasks.manage",
    ("get", "/tasks/v1/tasks/{task_id}/history"): "tasks.read",
    ("post", "/tasks/v1/tasks/{task_id}/submissions"): "tasks.report",
    ("post", "/tasks/v1/tasks/{task_id}/extensions"): "tasks.manage",
    ("post", "/tasks/v1/tasks/{task_id}/cancellation"): "tasks.manage",
    ("post", "/tasks/v1/submissions/{submission_id}/decision"): "tasks.manage",
    ("get", "/tasks/v1/statistics"): "tasks.read",
    ("get", "/tasks/v1/changes"): "tasks.read",
    ("post", "/tasks/v1/imports"): "tasks.manage",
    ("get", "/metrics"): "metrics.read",
}
OPEN = {("get", "/healthz"), ("get", "/readyz")}


def operations(service: TasksService) -> dict[tuple[str, str], Any]:
    return {
        (method, path): operation
        for path, methods in service.app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


def address(path: str) -> str:
    return path.replace("{code}", "G12").replace("{task_id}", NOTHING).replace("{submission_id}", NOTHING)


async def test_every_route_is_known_here(service: TasksService) -> None:
    assert set(operations(service)) == set(SCOPES) | OPEN


async def test_every_route_but_health_demands_a_key(service: TasksService) -> None:
    for method, path in SCOPES:
        for headers in ({}, {"Authorization": "Bearer ddk_000000000000_x"}):
            response = await service.http.request(method, address(path), headers=headers)
            assert response.status_code == 401, (method, path)
            assert response.headers["www-authenticate"]
            assert response.json()["detail"]
    for method, path in OPEN:
        assert (await service.http.request(method, path)).status_code == 200


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_do_what_its_scopes_say_and_nothing_else(service: TasksService, role: str) -> None:
    headers = await service.authorization(role, "G12" if role == "agency" else None)
    for (method, path), scope in SCOPES.items():
        response = await service.http.request(method, address(path), headers=headers)
        assert response.status_code != 401, (method, path)
        assert (response.status_code == 403) == (scope not in ROLES[role]), (method, path, response.text)


async def test_who_ended_may_do_nothing(service: TasksService) -> None:
    headers = await service.authorization("admin")
    prefix = headers["Authorization"].split("_")[1]
    await service.execute(f"INSERT INTO revoked_keys (prefix, revoked_at) VALUES ('{prefix}', now())")  # noqa: S608 - hexadecimal
    for method, path in SCOPES:
        assert (await service.http.request(method, address(path), headers=headers)).status_code == 401


# --- shapes


@pytest.mark.parametrize(
    ("path", "body", "field", "code"),
    [
        ("/tasks", {}, "title", "missing"),
        ("/tasks", new_task(colour="red"), "colour", "extra_forbidden"),
        ("/tasks", new_task(title="x" * 4001), "title", "string_too_long"),
        ("/tasks", new_task(deadline_text="x" * 1001), "deadline_text", "string_too_long"),
        ("/tasks", new_task(kind="sometimes"), "kind", "literal_error"),
        ("/tasks", new_task(assignments=[]), "assignments", "too_short"),
        ("/tasks", new_task(assignments=[LEAD, {"agency_code": "G12", "role": "boss"}]), "assignments.1.role", "literal_error"),
        ("/tasks", new_task(assignments=[LEAD] * 101), "assignments", "too_long"),
        ("/tasks", new_task(citations=[{"document_code": "a?b"}]), "citations.0.document_code", "string_pattern_mismatch"),
        ("/tasks", new_task(assigned_on="20/5/2025"), "assigned_on", "date_parsing"),
        ("/tasks", new_task(assigned_on="1899-12-31"), "assigned_on", "greater_than_equal"),
        ("/tasks", new_task(assigned_on=10**30), "assigned_on", None),
        ("/agencies", {"code": "A", "name": "A", "bloc": "a", "level": "ward"}, "level", "literal_error"),
        ("/documents", {"code": "A", "type": "A", "title": "A"}, "issued_on", "missing"),
        ("/deadline-readings", {"text": 5}, "text", "string_type"),
    ],
)  # fmt: skip
async def test_a_body_that_is_wrong_is_told_where(
    service: TasksService, path: str, body: Any, field: str, code: str | None
) -> None:
    response = await service.send("POST", path, json=body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "request_invalid")
    [error] = problem["errors"] if body else problem["errors"][:1]
    assert error["field"] == field
    assert code is None or error["code"] == code
    assert error["detail"] != error["detail_en"]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/tasks", {"limit": "0"}, "limit"),
        ("/tasks", {"limit": "201"}, "limit"),
        ("/tasks", {"limit": "-1"}, "limit"),
        ("/tasks", {"limit": "9" * 400}, "limit"),
        ("/tasks", {"status": "late"}, "status.0"),
        ("/tasks", {"role": "boss"}, "role"),
        ("/tasks", {"parent": "x"}, "parent"),
        ("/tasks", {"q": "x" * 201}, "q"),
        ("/tasks", {"agency": "x" * 65}, "agency"),
        *(
            ("/tasks", {name: ""}, name)
            for name in ("agency", "document", "programme", "parent", "role", "q")
        ),
        *(("/agencies", {name: ""}, name) for name in ("level", "bloc", "parent_code")),
        ("/tasks", {"as_of": "1900-01-01"}, "as_of"),
        ("/tasks", {"as_of": "2201-01-01"}, "as_of"),
        ("/tasks", {"due_before": "soon"}, "due_before"),
        ("/tasks", {"cursor": "x" * 501}, "cursor"),
        ("/statistics", {"group_by": "colour"}, "group_by"),
        ("/statistics", {"count": "money"}, "count"),
        ("/statistics", {"known_at": "yesterday"}, "known_at"),
        ("/changes", {"limit": "501"}, "limit"),
        ("/agencies", {"level": "ward"}, "level"),
        (f"/tasks/{NOTHING}x", {}, "task_id"),
        (f"/agencies/{'x' * 65}", {}, "code"),
    ],
)
async def test_an_address_that_is_wrong_is_told_where(
    service: TasksService, path: str, query: dict[str, str], field: str
) -> None:
    problem = await service.get(path, 422, params=query)
    assert [error["field"] for error in problem["errors"]] == [field]


async def test_a_reading_records_nothing(service: TasksService) -> None:
    before = await service.counts()
    body = {"text": "định kỳ trước ngày 20 hàng tháng", "issued_on": "2025-04-01"}
    reading = await service.post("/deadline-readings", body, 200, role="reader")
    assert (reading["kind"], reading["recurrence"]) == (
        "recurring",
        {"every": "month", "due_day": 19, "due_month": None},
    )
    assert await service.counts() == before


# --- what nobody would send


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=80)
    | st.sampled_from(["", "\0", "G12", "2025-05-31", "lead", "9" * 300, NOTHING, "a" * 5000, "١", "\u202e", "ﷺ" * 64]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
VALID: dict[str, Any] = {
    "/tasks/v1/agencies": {"code": "G99", "name": "Bộ", "bloc": "government", "level": "central",
                           "identifiers": [{"scheme": "x", "value": "y"}]},
    "/tasks/v1/programmes": {"code": "NQ59", "title": "Nghị quyết"},
    "/tasks/v1/documents": {"code": "9/QD", "type": "Quyết định", "issued_on": "2025-05-01", "title": "Chín"},
    "/tasks/v1/deadline-readings": {"text": "Tháng 5/2025", "issued_on": "2025-05-01"},
    "/tasks/v1/tasks": new_task(),
    "/tasks/v1/tasks/{task_id}": {"title": "Khác", "deliverable": None},
    "/tasks/v1/tasks/{task_id}/submissions": submission(),
    "/tasks/v1/tasks/{task_id}/extensions": {"deadline_text": "31/8/2025", "reason": "Vì", "document_code": APPROVAL},
    "/tasks/v1/tasks/{task_id}/cancellation": {"reason": "Vì"},
    "/tasks/v1/submissions/{submission_id}/decision": {"decision": "accept"},
}  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn, body: Any) -> Any:
    """A good body of which one part, anywhere, is something else."""
    if isinstance(body, dict) and body and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(body)))
        return {**body, name: draw(spoiled(body[name]))}
    if isinstance(body, list) and body and draw(st.booleans()):
        return [draw(spoiled(body[0])), *body[1:]]
    return draw(junk)


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, Any]:
    path = draw(st.sampled_from(sorted(VALID)))
    return path, draw(st.one_of(spoiled(VALID[path]), junk))


@given(sent=st.lists(changes(), min_size=12, max_size=12))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_body_whatever_makes_the_service_fail(
    service: TasksService, sent: list[tuple[str, Any]]
) -> None:
    task = await service.assign()
    submitted = await service.submit(task)
    for path, body in sent:
        method = "PATCH" if path.endswith("{task_id}") else "POST"
        full = path.replace("{task_id}", task["id"]).replace("{submission_id}", submitted["id"])
        headers = {"If-Match": '"2"', "Content-Type": "application/json"}
        content = json.dumps(body)  # with Infinity, which is no JSON
        response = await service.send(
            method, full.removeprefix("/tasks/v1"), content=content, headers=headers
        )
        assert response.status_code < 500, (path, body, response.text)
        assert response.is_success or response.json()["detail_en"]


@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_address_whatever_makes_the_service_fail(service: TasksService, data: st.DataObject) -> None:
    asked = {key: value for key, value in operations(service).items() if key[0] == "get" and key not in OPEN}
    (_, path), operation = data.draw(st.sampled_from(sorted(asked.items(), key=lambda item: item[0])))
    words = st.text(max_size=30) | st.sampled_from(
        ["2025-05-31", "9" * 40, NOTHING, "WyItIl0", "MToxOnwxOjE6fDA", "0001-01-01T00:00:00Z", "overdue", "task", "infinity", "nan"]
    )  # fmt: skip
    names = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]
    query = {name: data.draw(words) for name in names if data.draw(st.booleans())}
    full = path.replace("{code}", quote(data.draw(words), safe="")).replace(
        "{task_id}", data.draw(st.sampled_from([str(uuid4()), "x"]))
    )
    response = await service.http.request(
        "GET", full, params=query, headers=await service.authorization("admin")
    )
    assert response.status_code < 500, (full, query, response.text)
