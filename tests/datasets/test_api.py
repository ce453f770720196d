"""The HTTP API of datasets, route by route: who may, what is refused, what is answered."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from services.datasets.api import intervals
from services.datasets.domain.heartbeats import too_many_heartbeats
from shared.runtime.rate_limits import RateLimit
from tests.datasets.world import EVERYTHING, EVIDENCE, MANAGE, READ, REPORT, START, World

SCOPES = {
    ("post", "/datasets/v1/databases"): MANAGE,
    ("get", "/datasets/v1/databases"): READ,
    ("get", "/datasets/v1/databases/{code}"): READ,
    ("patch", "/datasets/v1/databases/{code}"): MANAGE,
    ("get", "/datasets/v1/databases/{code}/history"): READ,
    ("get", "/datasets/v1/databases/{code}/intervals"): READ,
    ("post", "/datasets/v1/databases/{code}/declarations"): REPORT,
    ("post", "/datasets/v1/databases/{code}/quality-results"): REPORT,
    ("post", "/datasets/v1/databases/{code}/heartbeats"): REPORT,
    ("post", "/datasets/v1/databases/{code}/maintenance"): REPORT,
    ("post", "/datasets/v1/heartbeats"): REPORT,
    ("get", "/datasets/v1/statistics"): READ,
    ("get", "/datasets/v1/contradictions"): READ,
    ("get", "/datasets/v1/changes"): READ,
    ("post", "/datasets/v1/imports"): MANAGE,
    ("get", "/metrics"): "metrics.read",
}
OPEN = {("get", "/healthz"), ("get", "/readyz")}
RLO = "\u202e"  # turns the direction of what follows
QUALITY = {
    "criterion": "live", "measured": 1, "threshold": 1, "passed": True, "as_of": "2026-03-09", "method": "m",
}  # fmt: skip


def instant(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def operations(world: World) -> dict[tuple[str, str], Any]:
    return {
        (method, path): operation
        for path, methods in world.app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


async def test_every_route_demands_a_key_with_its_scope(world: World) -> None:
    assert set(operations(world)) == set(SCOPES) | OPEN
    for (method, path), scope in SCOPES.items():
        address = path.replace("{code}", "DB")
        assert (await world.http.request(method, address)).status_code == 401
        without = await world.authorization(EVERYTHING - {scope})
        refused = await world.http.request(method, address, headers=without)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing"), (method, path)
        allowed = await world.http.request(
            method, address, headers=await world.authorization(frozenset({scope}))
        )
        assert allowed.status_code not in {401, 403}, (method, path, allowed.text)


# --- who may speak for what


async def test_a_key_speaks_for_its_agency_and_those_below_it(world: World) -> None:
    await world.register("TAX", owner_code="G12.1")
    await world.register("FIN", owner_code="G12")
    await world.register("HEALTH", owner_code="G16")
    report = frozenset({READ, REPORT})
    bodies: dict[str, Callable[[], Any]] = {
        "heartbeats": world.heartbeat,
        "declarations": lambda: {"phase": "operating", "effective_on": "2026-03-01", "evidence": EVIDENCE},
        "quality-results": lambda: QUALITY,
        "maintenance": lambda: {"from": instant(0), "until": instant(60), "reason": "x"},
    }
    for path, body in bodies.items():
        status = 202 if path == "heartbeats" else 201
        await world.post(f"/databases/TAX/{path}", body(), status, scopes=report, agency="G12")
        await world.post(f"/databases/FIN/{path}", body(), status, scopes=report, agency="G12")
        await world.post(f"/databases/TAX/{path}", body(), status, scopes=report, agency="G12.1")
        for code, agency in (("FIN", "G12.1"), ("HEALTH", "G12"), ("TAX", "G16"), ("TAX", "G99")):
            refused = await world.refused(
                f"/databases/{code}/{path}", body(), 403, scopes=report, agency=agency
            )
            assert refused == "other_owner"
        assert (
            await world.refused(f"/databases/NONE/{path}", body(), 404, scopes=report, agency="G12")
            == "database_unknown"
        )
        assert await world.refused(f"/databases/NONE/{path}", body(), 404) == "database_unknown"
    assert (await world.get("/databases/HEALTH", scopes=report, agency="G12"))["code"] == "HEALTH"


async def test_a_key_bound_to_an_agency_registers_nothing_whatever_its_scopes(world: World) -> None:
    body = {"code": "DB", "name": "Dân cư", "kind": "national", "owner_code": "G12"}
    assert await world.refused("/databases", body, 403, agency="G12") == "other_tenant"
    file = {"file": ("ds.csv", "Mã,Tên,Loại,Chủ quản\nDB,Dân cư,quốc gia,G12".encode())}
    response = await world.send("POST", "/imports", agency="G12", files=file)
    assert (response.status_code, response.json()["code"]) == (403, "other_tenant")


async def test_an_owner_cannot_announce_a_maintenance_of_long_ago(world: World) -> None:
    """The office can: a recorded outage must not become a maintenance by the owner's report alone."""
    await world.register()
    owner: dict[str, Any] = {"scopes": frozenset({READ, REPORT}), "agency": "G12"}
    path, day = "/databases/DB/maintenance", 24 * 60
    just = {"from": instant(-day), "until": instant(-day + 60), "reason": "Báo muộn"}
    old = {"from": instant(-day - 1), "until": instant(60), "reason": "Báo muộn"}
    await world.post(path, just, **owner)
    everything: dict[str, Any] = {"agency": "G12"}
    unbound: dict[str, Any] = {"scopes": frozenset({REPORT})}
    for caller in (owner, everything, unbound):
        response = await world.send("POST", path, json=old, **caller)
        problem = response.json()
        assert (response.status_code, problem["code"], problem["field"]) == (
            422,
            "maintenance_told_late",
            "from",
        )
    assert len(await world.rows("SELECT 1 FROM maintenances")) == 1
    await world.post(path, old)


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"owner_code": "G99"}, "agency_unknown"),
        ({"name": "a\0b"}, "nul_character"),
        ({"name": f"a{RLO}b"}, "name"),
        ({"name": "a\tb"}, "name"),
        ({"code": f"A{RLO}B"}, "code"),
        ({"code": "A B"}, "code"),
        ({"code": "A" * 65}, "code"),
        ({"code": ""}, "code"),
        ({"name": "x" * 501}, "name"),
        ({"kind": "other"}, "kind"),
        ({"legal_basis": "x" * 501}, "legal_basis"),
        ({"heartbeat": {"period_seconds": 0, "grace_seconds": 0}}, "heartbeat.period_seconds"),
        ({"heartbeat": {"period_seconds": 29, "grace_seconds": 600}}, "heartbeat.period_seconds"),
        ({"heartbeat": {"period_seconds": 60, "grace_seconds": -1}}, "heartbeat.grace_seconds"),
        ({"heartbeat": {"period_seconds": 10**12, "grace_seconds": 0}}, "heartbeat.period_seconds"),
        ({"heartbeat": {"period_seconds": 60}}, "heartbeat.grace_seconds"),
        ({"observed": "up"}, "observed"),
    ],
)  # fmt: skip
async def test_a_registration_that_is_wrong(world: World, changes: dict[str, Any], code: str) -> None:
    body = {"code": "DB", "name": "Dân cư", "kind": "national", "owner_code": "G01"} | changes
    assert await world.refused("/databases", body) == code
    assert await world.rows("SELECT 1 FROM databases") == []


async def test_a_code_is_registered_once(world: World) -> None:
    await world.register()
    body = {"code": "DB", "name": "Khác", "kind": "sector", "owner_code": "G01"}
    assert await world.refused("/databases", body, 409) == "code_exists"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"observed_at": instant(6)}, "instant_in_future"),
        ({"last_sync_at": instant(6)}, "instant_in_future"),
        ({"last_sync_at": instant(1)}, "sync_after_observed"),
        ({"observed_at": "1900-01-01T00:00:00Z"}, "instant_out_of_range"),
        ({"observed_at": "2026-03-10T01:00:00"}, "observed_at"),
        ({"observed_at": "9999-12-31T23:59:59-12:00"}, "observed_at"),
        ({"observed_at": "0001-01-01T00:00:00+14:00"}, "observed_at"),
        ({"record_count": -1}, "record_count"),
        ({"record_count": 10**16}, "record_count"),
        ({"record_count": 10**400}, "record_count"),
        ({"record_count": 1.5}, "record_count"),
        ({"run_id": ""}, "run_id"),
        ({"run_id": "x" * 65}, "run_id"),
        ({"run_id": "a\0"}, "nul_character"),
        ({"note": f"{RLO}x"}, "note"),
        ({"note": "x" * 501}, "note"),
    ],
)  # fmt: skip
async def test_a_heartbeat_that_is_wrong(world: World, changes: dict[str, Any], code: str) -> None:
    await world.register()
    assert await world.refused("/databases/DB/heartbeats", world.heartbeat() | changes) == code
    assert await world.rows("SELECT 1 FROM heartbeats") == []


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("declarations", {"effective_on": "2026-03-10", "evidence": EVIDENCE}, "declaration_empty"),
        ("declarations", {"phase": "operating", "effective_on": "2026-03-11", "evidence": EVIDENCE}, "day_in_future"),
        ("declarations", {"phase": "operating", "effective_on": "2026-03-10"}, "evidence"),
        ("declarations", {"phase": "operating", "effective_on": "2026-03-10", "evidence": []}, "evidence"),
        ("declarations", {"phase": "up", "effective_on": "2026-03-10", "evidence": EVIDENCE}, "phase"),
        ("declarations", {"ndc_connection": "yes", "effective_on": "2026-03-10", "evidence": EVIDENCE}, "ndc_connection"),
        ("declarations", {"phase": "operating", "effective_on": "2026-03-10", "evidence": [{"kind": "url", "reference": "x", "title": "x"}]}, "evidence_url_invalid"),
        ("quality-results", QUALITY | {"measured": 2, "denominator": 1}, "measured_above_denominator"),
        ("quality-results", QUALITY | {"denominator": 0}, "denominator"),
        ("quality-results", QUALITY | {"measured": -1}, "measured"),
        ("quality-results", QUALITY | {"measured": "1e400"}, "measured"),
        ("quality-results", QUALITY | {"measured": "NaN"}, "measured"),
        ("quality-results", QUALITY | {"as_of": "2026-03-11"}, "day_in_future"),
        ("quality-results", QUALITY | {"method": "x" * 4001}, "method"),
        ("quality-results", QUALITY | {"criterion": "pretty"}, "criterion"),
        ("maintenance", {"from": instant(60), "until": instant(60), "reason": "x"}, "maintenance_ends_before_it_begins"),
        ("maintenance", {"from": instant(60), "until": instant(0), "reason": "x"}, "maintenance_ends_before_it_begins"),
        ("maintenance", {"from": instant(0), "until": instant(31 * 24 * 60), "reason": "x"}, "maintenance_too_long"),
        ("maintenance", {"from": "1900-01-01T00:00:00Z", "until": "1900-01-02T00:00:00Z", "reason": "x"}, "instant_out_of_range"),
        ("maintenance", {"from": "9999-12-31T22:00:00-12:00", "until": "9999-12-31T23:00:00-12:00", "reason": "x"}, "from"),
        ("maintenance", {"from": instant(0), "until": instant(60), "reason": " "}, "reason"),
    ],
)  # fmt: skip
async def test_what_is_said_wrongly(world: World, path: str, body: dict[str, Any], code: str) -> None:
    await world.register()
    assert await world.refused(f"/databases/DB/{path}", body) == code
    assert [verb for verb, _, _ in await world.events()] == ["registered"]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/databases", {"limit": "0"}, "limit"),
        ("/databases", {"kind": "x"}, "kind"),
        ("/databases", {"q": "x" * 201}, "q"),
        ("/databases", {"cursor": "x"}, "cursor"),
        ("/databases/DB", {"as_of": "1900-01-01"}, "as_of"),
        ("/databases/DB", {"known_at": "0001-01-01T00:00:00Z"}, "known_at"),
        ("/databases/DB/intervals", {"from": instant(0)}, "to"),
        ("/databases/DB/intervals", {"from": instant(0), "to": instant(0)}, "to"),
        ("/databases/DB/intervals", {"from": instant(0), "to": instant(367 * 1440)}, "to"),
        ("/databases/DB/intervals", {"from": "0001-01-01T00:00:00", "to": instant(0)}, "from"),
        ("/statistics", {"group_by": "colour"}, "group_by"),
        ("/contradictions", {"kind": "x"}, "kind"),
        ("/contradictions", {"open": "perhaps"}, "open"),
        ("/contradictions", {"cursor": "WyJ4IiwieSJd"}, "cursor"),
        ("/changes", {"limit": "501"}, "limit"),
    ],
)  # fmt: skip
async def test_a_question_that_is_wrong(world: World, path: str, query: dict[str, str], field: str) -> None:
    await world.register()
    problem = await world.get(path, 422, params=query)
    assert (problem.get("field") or problem["errors"][0]["field"]) == field


async def test_a_state_of_knowledge_too_early_is_refused_as_elsewhere(world: World) -> None:
    for path in ("/databases/DB", "/databases/DB/history", "/statistics", "/contradictions"):
        problem = await world.get(path, 422, params={"known_at": "1944-12-31T00:00:00Z"})
        assert (problem["code"], problem["field"]) == ("known_at_too_early", "known_at")


def test_an_import_says_that_a_code_may_be_taken_meanwhile(world: World) -> None:
    assert "409" in operations(world)["post", "/datasets/v1/imports"]["responses"]


async def test_who_is_unknown_is_not_found(world: World) -> None:
    window = {"from": instant(0), "to": instant(1)}
    for path, params in (("", None), ("/history", None), ("/intervals", window)):
        problem = await world.get(f"/databases/NONE{path}", 404, params=params)
        assert problem["code"] == "database_unknown"


# --- repeated


async def test_a_heartbeat_sent_again_counts_once(world: World) -> None:
    await world.register()
    body = world.heartbeat()
    path = "/databases/DB/heartbeats"
    assert (await world.post(path, body, 202))["counted"] is True
    assert (await world.post(path, body, 202))["counted"] is False
    local = body | {"observed_at": "2026-03-10T08:00:00+07:00", "last_sync_at": "2026-03-10T08:00:00+07:00"}
    assert (await world.post(path, local, 202))["counted"] is False
    for changes in ({"record_count": 5}, {"note": "x"}, {"last_sync_at": None}, {"observed_at": instant(1)}):
        assert await world.refused(path, body | changes, 409) == "run_id_taken"
    await world.register("OTHER")
    assert (await world.post("/databases/OTHER/heartbeats", body, 202))["counted"] is True
    assert len(await world.rows("SELECT 1 FROM heartbeats")) == 2


async def test_a_database_sends_a_limited_number_of_heartbeats(world: World) -> None:
    """They are kept for ever: the limit is the database's, whichever key sends, and leaves its other changes alone."""
    limited = RateLimit(2, timedelta(days=1), too_many_heartbeats)
    world.app.state.rules = replace(world.app.state.rules, heartbeats=limited)
    world.app.state.context = replace(world.app.state.context, changes_per_day=1)
    await world.register()
    await world.register("OTHER")
    caller = {"scopes": frozenset({REPORT}), "agency": "G12"}
    path = "/databases/DB/heartbeats"
    for minutes_ago in (90, 30):
        await world.post(path, world.heartbeat(minutes_ago), 202, **caller)
    for each in (caller, {}):
        refused = await world.send("POST", path, json=world.heartbeat(), **each)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_heartbeats")
        assert 43_000 < int(refused.headers["Retry-After"]) <= 43_200
    await world.post("/databases/OTHER/heartbeats", world.heartbeat(), 202, **caller)
    assert len(await world.rows("SELECT 1 FROM heartbeats")) == 3
    declaration = {"phase": "operating", "effective_on": "2026-03-10", "evidence": EVIDENCE}
    await world.post("/databases/DB/declarations", declaration, **caller)
    with_key = {
        "headers": {"Idempotency-Key": "k"}
    }  # whose answer is kept, also of a heartbeat that is repeated
    for path, body, more in (
        ("/databases/DB/declarations", declaration, {}),
        ("/databases/OTHER/heartbeats", world.heartbeat(), with_key),
        ("/heartbeats", {"heartbeats": [{"database_code": "OTHER", **world.heartbeat()}]}, with_key),
    ):
        problem = await world.problem(path, body, 429, **caller, **more)
        assert problem["code"] == "too_many_changes"


async def test_a_key_of_idempotency_answers_the_same_again(world: World) -> None:
    await world.register()
    key = {"Idempotency-Key": "one"}
    body = {"phase": "operating", "effective_on": "2026-03-10", "evidence": EVIDENCE}
    first = await world.post("/databases/DB/declarations", body, headers=key)
    assert await world.post("/databases/DB/declarations", body, headers=key) == first
    assert len(await world.rows("SELECT 1 FROM declarations")) == 1
    other = body | {"phase": "building"}
    assert await world.refused("/databases/DB/declarations", other, headers=key) == "idempotency_key_reused"


# --- what stays


async def test_facts_are_never_changed_or_deleted(world: World) -> None:
    await world.register()
    await world.declare(phase="operating")
    await world.assess()
    await world.beat()
    await world.post("/databases/DB/maintenance", {"from": instant(0), "until": instant(1), "reason": "x"})
    for table, column in (
        ("databases", "legal_basis = 'x'"),
        ("amendments", "name = 'x'"),
        ("declarations", "phase = 'none'"),
        ("quality_results", "passed = false"),
        ("heartbeats", "record_count = 1"),
        ("maintenances", "reason = 'x'"),
        ("downtimes", "ended_at = now()"),
    ):
        for statement in (f"UPDATE {table} SET {column}", f"DELETE FROM {table}"):  # noqa: S608 - our own words
            with pytest.raises(DBAPIError, match="append-only"):
                await world.execute(statement)


# --- what is answered


async def test_four_facts_side_by_side(world: World) -> None:
    await world.register()
    await world.declare(phase="operating", effective_on="2026-03-01")
    await world.declare(ndc_connection="connected", effective_on="2026-03-05")
    await world.assess(criterion="accurate", passed=False, evidence=EVIDENCE)
    await world.beat(count=42)
    found = await world.get("/databases/DB")
    assert found["phase"]["value"] == "operating"
    assert found["phase"]["evidence"] == EVIDENCE
    assert found["phase"]["said_by"].startswith("thử")
    assert (found["ndc_connection"]["value"], found["ndc_connection"]["effective_on"]) == (
        "connected",
        "2026-03-05",
    )
    assert (found["observed"]["state"], found["observed"]["record_count"]) == ("up", 42)
    assert (found["quality"]["accurate"]["passed"], found["quality"]["clean"]) == (False, None)
    assert set(found["quality"]) == {"accurate", "complete", "clean", "live", "consistent", "shared"}
    assert found["heartbeat"] == {"period_seconds": 3600, "grace_seconds": 600}
    then = await world.get("/databases/DB", params={"as_of": "2026-03-04"})
    assert (then["phase"]["value"], then["ndc_connection"], then["observed"]["state"]) == (
        "operating",
        None,
        "unknown",
    )
    assert then["quality"]["accurate"] is None


async def test_a_moment_is_answered_the_same_for_ever(world: World) -> None:
    await world.register()
    await world.declare(phase="operating", ndc_connection="none", effective_on="2026-03-01")
    await world.beat(minutes_ago=60)
    asked = {"as_of": "2026-03-10", "known_at": world.now.isoformat()}
    before = await world.get("/databases/DB", params=asked)
    world.clock.advance(minutes=20)
    await world.beat(minutes_ago=70)
    await world.declare(phase="none", ndc_connection="connected")
    await world.assess()
    await world.post("/databases/DB/maintenance", {"from": instant(-30), "until": instant(30), "reason": "x"})
    assert await world.get("/databases/DB", params=asked) == before


async def test_intervals_cover_the_window_and_what_is_to_come_is_unknown(world: World) -> None:
    await world.register()
    await world.beat()
    world.clock.advance(minutes=100)
    found = await world.get("/databases/DB/intervals", params={"from": instant(-60), "to": instant(200)})
    states = [(item["state"], item["from"], item["until"]) for item in found["items"]]
    expected = [("unknown", -60, 0), ("up", 0, 70), ("late", 70, 100), ("unknown", 100, 200)]
    assert states == [(word, _z(start), _z(until)) for word, start, until in expected]
    local = {"from": "2026-03-10T07:00:00+07:00", "to": "2026-03-10T11:20:00+07:00"}
    assert (await world.get("/databases/DB/intervals", params=local))["items"] == found["items"]


@pytest.mark.parametrize(
    ("limit", "number", "told"),
    [("MOST_INTERVALS", 1, "1 intervals"), ("MOST_HEARTBEATS", 0, "0 heartbeats")],
)
async def test_a_window_of_very_many_intervals_or_heartbeats_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str, number: int, told: str
) -> None:
    monkeypatch.setattr(intervals, limit, number)
    await world.register()
    await world.beat()
    world.clock.advance(minutes=100)
    problem = await world.get(
        "/databases/DB/intervals", 422, params={"from": instant(-60), "to": instant(60)}
    )
    assert problem["code"] == "window_too_detailed"
    assert told in problem["detail_en"]


def _z(minutes: float) -> str:
    return instant(minutes).replace("+00:00", "Z")


async def test_lists_are_filtered_and_read_page_by_page(world: World) -> None:
    await world.register("A1", name="Cơ sở dữ liệu Đất đai", owner_code="G01")
    await world.register("A2", kind="sector", heartbeat=None)
    await world.register("A3", kind="sector")
    await world.declare("A3", phase="operating", ndc_connection="connected")
    await world.beat("A1")
    for wanted, codes in (
        ({}, ["A1", "A2", "A3"]),
        ({"kind": "sector"}, ["A2", "A3"]),
        ({"owner": "G01"}, ["A1"]),
        ({"phase": "operating"}, ["A3"]),
        ({"ndc_connection": "connected", "kind": "national"}, []),
        ({"observed": "up"}, ["A1"]),
        ({"q": "dat ĐAI"}, ["A1"]),
        ({"q": "%"}, []),
    ):
        page = await world.get("/databases", params=wanted)
        assert [item["code"] for item in page["items"]] == codes, wanted
    first = await world.send("GET", "/databases", params={"limit": 2})
    assert 'rel="next"' in first.headers["link"]
    rest = await world.get("/databases", params={"limit": 2, "cursor": first.json()["next_cursor"]})
    assert [item["code"] for item in rest["items"]] == ["A3"]
    assert rest["next_cursor"] is None


async def test_history_and_changes_tell_everything_in_order(world: World) -> None:
    await world.register()
    await world.declare(phase="operating")
    await world.beat()
    await world.assess()
    history = await world.get("/databases/DB/history")
    assert [item["action"] for item in history["items"]] == ["registered", "declared", "observed", "assessed"]
    assert [item["actor"].split(" ")[0] for item in history["items"]] == ["thử", "thử", "system", "thử"]
    page = await world.get("/databases/DB/history", params={"limit": 3})
    rest = await world.get("/databases/DB/history", params={"cursor": page["next_cursor"]})
    assert page["items"] + rest["items"] == history["items"]
    known = (world.now - timedelta(seconds=1)).isoformat()
    assert (await world.get("/databases/DB/history", 404, params={"known_at": known}))[
        "code"
    ] == "database_unknown"
    changes = (await world.get("/changes"))["items"]
    assert [(item["type"].split(".")[-2], item["sequence"]) for item in changes] == [
        ("registered", "1"), ("declared", "2"), ("observed", "3"), ("assessed", "4"),
    ]  # fmt: skip
    assert changes[1]["data"]["database"]["phase"] == "operating"
    assert {item["subject"] for item in changes} == {"DB"}


# --- whatever is sent

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "\0", RLO, "\ud800", "1e999", "infinity"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
VALID: dict[str, dict[str, Any]] = {
    "/databases": {
        "code": "X", "name": "X", "kind": "sector", "owner_code": "G01", "legal_basis": "x",
        "heartbeat": {"period_seconds": 60, "grace_seconds": 5},
    },
    "/databases/DB/declarations": {"phase": "none", "ndc_connection": "none", "effective_on": "2026-03-10", "evidence": EVIDENCE},
    "/databases/DB/quality-results": QUALITY | {"denominator": 2, "evidence": EVIDENCE},
    "/databases/DB/heartbeats": {
        "observed_at": instant(0), "record_count": 1, "last_sync_at": instant(0), "run_id": "r", "note": "x",
    },
    "/databases/DB/maintenance": {"from": instant(0), "until": instant(9), "reason": "x"},
    "/heartbeats": {"heartbeats": [
        {"database_code": "DB", "observed_at": instant(0), "record_count": 1, "last_sync_at": None, "run_id": "r"},
    ]},
}  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, Any]:
    """A good body of which one part is something else."""
    path = draw(st.sampled_from(sorted(VALID)))
    body = VALID[path]
    return path, draw(
        st.one_of(
            junk, st.builds(lambda name, value: {**body, name: value}, st.sampled_from(sorted(body)), junk)
        )
    )


@given(sent=st.lists(spoiled(), min_size=12, max_size=12))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_body_whatever_makes_the_service_fail(world: World, sent: list[tuple[str, Any]]) -> None:
    if not await world.rows("SELECT 1 FROM databases WHERE code = 'DB'"):
        await world.register()
    for path, body in sent:
        headers = {"Content-Type": "application/json"}
        response = await world.send("POST", path, content=json.dumps(body), headers=headers)
        assert response.status_code < 500, (path, body, response.text)


@given(data=st.data())
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_address_whatever_makes_the_service_fail(world: World, data: st.DataObject) -> None:
    if not await world.rows("SELECT 1 FROM databases WHERE code = 'DB'"):
        await world.register()
    asked = {key: value for key, value in operations(world).items() if key[0] == "get" and key not in OPEN}
    (_, path), operation = data.draw(st.sampled_from(sorted(asked.items(), key=lambda item: item[0])))
    words = st.text(max_size=30) | st.sampled_from(
        ["2026-03-10", instant(0), "9" * 40, "WyJhIl0", "0001-01-01T00:00:00Z", "2200-12-31T23:59:59-12:00", "up", "true", "infinity"]
    )  # fmt: skip
    names = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]
    query = {name: data.draw(words) for name in names if data.draw(st.booleans())}
    full = path.replace("{code}", data.draw(st.sampled_from(["DB", quote(data.draw(words), safe="") or "x"])))
    response = await world.http.request("GET", full, params=query, headers=await world.authorization())
    assert response.status_code < 500, (full, query, response.text)
