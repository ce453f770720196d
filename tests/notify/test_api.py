"""Subscriptions, alerts and deliveries over HTTP: answers, refusals, and who may see what."""

import asyncio
import base64
from collections import Counter
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.notify.use_cases import subscriptions, trials
from tests.notify.world import World, agency, task
from tests.support.webhooks import always, subscriber
from tests.support.writing import writing

DUE = date(2025, 5, 31)
URL = "http://127.0.0.1:9/hook"


async def test_the_secret_is_shown_once_and_kept_sealed(world: World) -> None:
    created = await world.subscribe(URL)
    secret = base64.b64decode(created["secret"].removeprefix("whsec_"))
    assert len(secret) == 32
    shown = await world.call("GET", f"/subscriptions/{created['id']}")
    assert "secret" not in shown
    assert {name: created[name] for name in shown} == shown
    [row] = await world.rows("SELECT sealed_secret FROM subscriptions")
    assert secret not in bytes(row.sealed_secret)
    audited = await world.rows("SELECT detail::text AS detail FROM audit WHERE entity = 'subscription'")
    assert all(created["secret"] not in row.detail for row in audited)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "http://10.0.0.5/hook"}, "webhook_https_required"),
        ({"url": "https://10.0.0.5/hook"}, "webhook_address_refused"),
        ({"url": "ftp://example.vn/hook"}, "webhook_scheme_refused"),
        ({"url": "https://u:p@example.vn/"}, "webhook_url_malformed"),
        ({"agency_code": "G77"}, "agency_unknown"),
        ({"event_types": ["deadline.never"]}, "request_invalid"),
        ({"event_types": []}, "request_invalid"),
        ({"url": "https://example.vn/\0"}, "nul_character"),
        ({"colour": "red"}, "request_invalid"),
    ],
)
async def test_a_subscription_that_cannot_be_is_refused(
    world: World, changes: dict[str, Any], code: str
) -> None:
    body = {"url": URL, "agency_code": "G12"} | changes
    problem = await world.call("POST", "/subscriptions", json=body, status=422)
    assert problem["code"] == code
    assert problem["detail"]
    assert await world.items("/subscriptions") == []


async def test_an_agency_has_a_limited_number_of_subscriptions(world: World) -> None:
    created = [await world.subscribe(URL) for _ in range(19)]
    body = {"url": URL, "agency_code": "G12"}
    headers = await world.key(None)
    answers = await asyncio.gather(
        *(world.http.post("/notify/v1/subscriptions", json=body, headers=headers) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    problem = await world.call("POST", "/subscriptions", json=body, status=409)
    assert (problem["code"], problem["limit"]) == ("too_many_subscriptions", 20)
    await world.call("DELETE", f"/subscriptions/{created[0]['id']}", status=204)
    await world.subscribe(URL)


async def test_a_repeated_request_with_its_key_creates_one_subscription(world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"url": URL, "agency_code": "G12"}
    first = await world.call("POST", "/subscriptions", json=body, headers=headers, status=201)
    again = await world.call("POST", "/subscriptions", json=body, headers=headers, status=201)
    assert len(await world.items("/subscriptions")) == 1
    differs = {name for name in first if first[name] != again[name]}
    assert differs == {"secret", "message_vi", "message_en"}
    assert first["secret"].startswith("whsec_")
    assert (first["message_vi"], first["message_en"], again["secret"]) == (None, None, None)
    assert "đăng ký lại" in again["message_vi"]
    assert "create another" in again["message_en"]
    [stored] = await world.rows("SELECT body FROM idempotency_keys")
    assert b"whsec_" not in bytes(stored.body)


async def test_a_change_says_what_it_read(world: World) -> None:
    created = await world.subscribe(URL)
    path = f"/subscriptions/{created['id']}"
    body = {
        "include_descendants": True,
        "event_types": ["deadline.overdue"],
        "url": "https://hook.example.vn/x",
    }
    await world.call("PATCH", path, json=body, status=428)
    await world.call("PATCH", path, json=body, headers={"If-Match": '"7"'}, status=412)
    refused = {"url": "http://192.168.1.1/"}
    await world.call("PATCH", path, json=refused, headers={"If-Match": '"1"'}, status=422)
    changed = await world.call("PATCH", path, json=body, headers={"If-Match": '"1"'})
    assert {name: changed[name] for name in body} == body
    assert changed["version"] == 2
    assert await world.call("GET", path) == changed


@pytest.mark.parametrize(
    "changes",
    [{"url": URL}, {"active": True}, {"event_types": ["deadline.due"], "include_descendants": False}],
)
async def test_a_change_to_what_stands_already_is_none(world: World, changes: dict[str, Any]) -> None:
    created = await world.subscribe(URL, event_types=["deadline.due"])
    audited = await world.rows("SELECT count(*) AS n FROM audit")
    world.clock.advance(hours=1)
    path = f"/subscriptions/{created['id']}"
    answer = await world.call("PATCH", path, json=changes, headers={"If-Match": '"1"'})
    assert answer == {name: created[name] for name in answer}
    assert await world.rows("SELECT count(*) AS n FROM audit") == audited


async def test_a_paused_subscription_gets_nothing_until_it_is_enabled(world: World) -> None:
    async with subscriber() as receiver:
        created = await world.subscribe(receiver.url)
        path = f"/subscriptions/{created['id']}"
        await world.receive(task(DUE))
        world.go_to(date(2025, 5, 24))
        await world.raise_all()
        paused = await world.call("PATCH", path, json={"active": False}, headers={"If-Match": '"1"'})
        assert (paused["status"], paused["status_reason"]) == ("disabled", "paused")
        [delivery] = await world.items("/deliveries")
        assert (delivery["status"], delivery["reason"]) == ("cancelled", "subscription_disabled")
        await world.call("POST", path + "/test", status=409)
        world.go_to(date(2025, 5, 28))
        await world.raise_all()
        await world.call("PATCH", path, json={"active": True}, headers={"If-Match": '"2"'})
        world.go_to(date(2025, 5, 30))
        await world.raise_all()
        assert await world.deliver() == 1
        assert receiver.received[0].verified(created["secret"])["data"]["milestone"] == "T-1"


@pytest.mark.parametrize(("ended", "reason"), [("PATCH", "disabled"), ("DELETE", "deleted")])
async def test_a_subscription_with_very_many_deliveries_ends_at_once_and_they_are_cancelled_by_and_by(
    world: World, monkeypatch: pytest.MonkeyPatch, ended: str, reason: str
) -> None:
    monkeypatch.setattr(subscriptions, "MOST_CANCELLED", 2)
    created = await world.subscribe(URL)
    path = f"/subscriptions/{created['id']}"
    for _ in range(5):
        await world.call("POST", path + "/test", status=202)
    body = {"json": {"active": False}, "headers": {"If-Match": '"1"'}} if ended == "PATCH" else {}
    await world.call(ended, path, status=200 if body else 204, **body)
    assert Counter(one["status"] for one in await world.items("/deliveries")) == {
        "cancelled": 2,
        "pending": 3,
    }
    assert await world.deliver() == 0
    deliveries = await world.items("/deliveries")
    assert {(one["status"], one["reason"]) for one in deliveries} == {("cancelled", f"subscription_{reason}")}


async def test_a_deleted_subscription_stays_in_the_list(world: World) -> None:
    created = await world.subscribe(URL)
    path = f"/subscriptions/{created['id']}"
    await world.call("POST", path + "/test", status=202)
    await world.call("DELETE", path, status=204)
    assert (await world.call("GET", path))["status"] == "deleted"
    assert len(await world.items("/subscriptions?status=deleted")) == 1
    [delivery] = await world.items("/deliveries")
    assert (delivery["status"], delivery["reason"]) == ("cancelled", "subscription_deleted")
    for method, more in (("DELETE", ""), ("POST", "/test"), ("PATCH", "")):
        body: dict[str, Any] = (
            {"json": {"active": True}, "headers": {"If-Match": '"2"'}} if method == "PATCH" else {}
        )
        problem = await world.call(method, path + more, status=410, **body)
        assert problem["code"] == "subscription_deleted"


async def test_a_trial_goes_the_way_of_all_alerts(world: World) -> None:
    async with subscriber() as receiver:
        created = await world.subscribe(receiver.url)
        accepted = await world.call("POST", f"/subscriptions/{created['id']}/test", status=202)
        assert await world.deliver() == 1
    event = receiver.received[0].verified(created["secret"])
    assert event["type"] == "vn.dondoc.notify.subscription.tested.v1"
    assert event["id"] == receiver.received[0].webhook_id == accepted["delivery_id"]
    delivery = await world.call("GET", f"/deliveries/{accepted['delivery_id']}")
    assert (delivery["status"], delivery["alert_id"]) == ("delivered", None)
    assert (await world.call("GET", "/changes"))["items"] == []


async def test_trials_are_limited_by_subscription_and_by_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "TRIALS_OF_SUBSCRIPTION", 2)
    monkeypatch.setattr(trials, "TRIALS_OF_KEY", 3)
    first, second = [f"/subscriptions/{(await world.subscribe(URL))['id']}" for _ in range(2)]
    for _ in range(2):
        await world.call("POST", first + "/test", status=202)
        world.clock.advance(minutes=10)
    for tenant in (None, "G12"):  # whoever asks
        refused = await world.send("POST", first + "/test", tenant=tenant)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2400")
        assert (refused.json()["code"], refused.json()["limit"]) == ("too_many_trials", 2)
    await world.call("POST", second + "/test", status=202)
    await world.call("DELETE", second, status=204)
    third = f"/subscriptions/{(await world.subscribe(URL))['id']}"
    refused = await world.send("POST", third + "/test")
    assert (refused.status_code, refused.json()["limit"]) == (429, 3)
    await world.call("POST", third + "/test", tenant="G12", status=202)  # another key
    world.clock.advance(minutes=40)
    await world.call("POST", first + "/test", status=202)
    assert len(await world.items("/deliveries")) == 5


async def test_a_failed_delivery_can_be_sent_again(world: World) -> None:
    async with subscriber(lambda number: (500, {}) if number < 10 else (200, {})) as receiver:
        created = await world.subscribe(receiver.url)
        accepted = await world.call("POST", f"/subscriptions/{created['id']}/test", status=202)
        for _ in range(10):
            await world.deliver()
            world.clock.advance(days=2)
        path = f"/deliveries/{accepted['delivery_id']}"
        assert (await world.call("GET", path))["status"] == "failed"
        await world.call("POST", path + "/retry", status=202)
        assert await world.deliver() == 1
        delivery = await world.call("GET", path)
        assert (delivery["status"], delivery["attempts_made"]) == ("delivered", 11)
        problem = await world.call("POST", path + "/retry", status=409)
        assert (problem["code"], problem["delivery_status"]) == ("delivery_ended", "delivered")
    await world.call("POST", f"/deliveries/{uuid4()}/retry", status=404)


async def test_a_pending_delivery_can_be_hastened(world: World) -> None:
    async with subscriber(always(500)) as receiver:
        created = await world.subscribe(receiver.url)
        accepted = await world.call("POST", f"/subscriptions/{created['id']}/test", status=202)
        await world.deliver()
        assert await world.deliver() == 0
        world.clock.advance(seconds=10)
        assert await world.deliver() == 1  # by the schedule; the next follows after five minutes
        path = f"/deliveries/{accepted['delivery_id']}/retry"
        world.clock.advance(seconds=20)
        refused = await world.send("POST", path)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
        assert refused.json()["code"] == "retried_too_soon"
        assert await world.deliver() == 0
        world.clock.advance(seconds=40)
        await world.call("POST", path, status=202)
        assert await world.deliver() == 1


# --- who may see and do what ------------------------------------------------------------------------------------------


async def test_a_key_of_an_agency_acts_for_it_alone(world: World) -> None:
    await world.receive(agency("G05", "Bộ Tài chính", "GOV"))
    theirs = await world.subscribe(URL, "G05")
    path = f"/subscriptions/{theirs['id']}"
    trial = await world.call("POST", path + "/test", tenant="G05", status=202)
    for code in ("G05", "GOV", None):
        body = {"url": URL, "agency_code": code}
        problem = await world.call("POST", "/subscriptions", tenant="G12", json=body, status=403)
        assert problem["code"] == "other_tenant"
    match = {"If-Match": '"1"'}
    await world.call("GET", path, tenant="G12", status=403)
    await world.call("PATCH", path, tenant="G12", json={"active": False}, headers=match, status=403)
    await world.call("DELETE", path, tenant="G12", status=403)
    await world.call("POST", path + "/test", tenant="G12", status=403)
    await world.call("GET", f"/deliveries/{trial['delivery_id']}", tenant="G12", status=403)
    await world.call("POST", f"/deliveries/{trial['delivery_id']}/retry", tenant="G12", status=403)
    await world.call("GET", "/subscriptions?agency=G05", tenant="G12", status=403)
    assert await world.items("/subscriptions", tenant="G12") == []
    assert await world.items("/deliveries", tenant="G12") == []
    assert len(await world.items("/deliveries", tenant="G05")) == 1
    own = {"url": URL, "agency_code": "G12"}
    await world.call("POST", "/subscriptions", tenant="G12", json=own, status=201)


async def test_alerts_are_seen_from_above_and_not_from_beside(world: World) -> None:
    await world.receive(agency("G05", "Bộ Tài chính", "GOV"))
    known = task(DUE, leads=["G12", "G05"])
    await world.receive(known)
    await world.subscribe(URL, None)
    world.go_to(date(2025, 5, 24))
    await world.raise_all()
    seen = {
        tenant: sorted(item["agency"]["code"] for item in await world.items("/alerts", tenant=tenant))
        for tenant in (None, "GOV", "G12")
    }
    assert seen == {None: ["G05", "G12"], "GOV": ["G05", "G12"], "G12": ["G12"]}
    await world.call("GET", "/alerts?agency=G05", tenant="G12", status=403)
    await world.call("GET", "/reminders?agency=G05", tenant="G12", status=403)
    assert {item["agency_code"] for item in await world.items("/reminders", tenant="G12")} == {"G12"}
    theirs = next(item for item in await world.items("/alerts") if item["agency"]["code"] == "G05")
    await world.call("GET", f"/alerts/{theirs['id']}", tenant="G12", status=403)
    above = await world.call("GET", f"/alerts/{theirs['id']}", tenant="GOV")
    assert above["deliveries"] == []  # another's address is not theirs to see
    assert (above["status"], set(above["delivery_counts"].values())) == ("raised", {0})
    assert await world.items("/alerts?status=delivering", tenant="GOV") == []
    whole = await world.call("GET", f"/alerts/{theirs['id']}")
    assert (len(whole["deliveries"]), whole["delivery_counts"]["pending"]) == (1, 1)
    events = (await world.call("GET", "/changes", tenant="G12"))["items"]
    assert [event["data"]["agency"]["code"] for event in events] == ["G12"]
    page = await world.call("GET", "/changes?limit=1", tenant="G12")
    assert [event["data"]["agency"]["code"] for event in page["items"]] == ["G12"]
    after = await world.call("GET", f"/changes?limit=1&after={page['next_cursor']}", tenant="G12")
    assert (after["items"], after["has_more"]) == ([], False)


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        (["notify.subscribe"], "GET", "/alerts"),
        (["notify.subscribe"], "GET", "/subscriptions"),
        (["notify.subscribe"], "GET", "/deliveries"),
        (["notify.subscribe"], "GET", "/reminders"),
        (["notify.subscribe"], "GET", "/changes"),
        (["notify.read"], "POST", "/subscriptions"),
        (["notify.read", "notify.subscribe"], "POST", "/subscriptions"),  # bound to none, yet may not manage
    ],
)
async def test_a_key_does_what_its_scopes_say(
    world: World, scopes: list[str], method: str, path: str
) -> None:
    headers = await world.key(None, *scopes)
    body: dict[str, Any] = {"json": {"url": URL, "agency_code": "G12"}} if method == "POST" else {}
    answer = await world.http.request(method, f"/notify/v1{path}", headers=headers, **body)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    nobody = await world.http.request(method, f"/notify/v1{path}", **body)
    assert nobody.status_code == 401


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/alerts", "/deliveries", "/reminders", "/subscriptions"])
async def test_pages_follow_one_another_and_miss_nothing(world: World, path: str) -> None:
    for _ in range(7):
        await world.subscribe(URL)
    await world.receive(task(DUE, leads=["G12"]))
    world.go_to(date(2025, 5, 24))
    await world.raise_all()
    whole = [item["id"] for item in await world.items(f"{path}?limit=200")]
    paged, cursor = [], ""
    while True:
        page = await world.call("GET", f"{path}?limit=3{cursor}")
        paged += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert paged == whole
    assert len(whole) >= 1


async def paged(world: World, path: str, tenant: str | None) -> list[Any]:
    found, cursor = [], ""
    while True:
        page = await world.call("GET", f"{path}&limit=2{cursor}", tenant=tenant)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_pages_of_a_filtered_list_are_what_the_filter_leaves_of_the_whole(world: World) -> None:
    await world.receive(agency("G05", "Bộ Tài chính", "GOV"))
    await world.subscribe(URL, None)
    await world.subscribe(URL)
    for day in (24, 26):
        leads = (["G12"], ["G05"], ["G12", "G05"])
        await world.receive(*(task(date(2025, 6, day), leads=each) for each in leads))
        world.go_to(date(2025, 5, day + 1))
        await world.raise_all()
    async with writing(world.database) as session:
        await session.execute(_SPREAD)
    for path in ("/alerts", "/deliveries", "/reminders"):
        for tenant in (None, "GOV", "G12"):
            whole = await world.items(f"{path}?limit=200", tenant=tenant)
            statuses = {item["status"] for item in whole}
            assert tenant or len(statuses) > 1, path
            for status in statuses:
                expected = [item for item in whole if item["status"] == status]
                assert await paged(world, f"{path}?status={status}", tenant) == expected, (
                    path,
                    tenant,
                    status,
                )
            for kind in {item["kind"] for item in whole if "kind" in item}:
                expected = [item for item in whole if item["kind"] == kind]
                assert await paged(world, f"{path}?kind={kind}", tenant) == expected, (path, tenant, kind)


# The deliveries of one alert are left out, those of the others spread over all statuses.
_SPREAD = text(
    """
    WITH numbered AS (
        SELECT id, dense_rank() OVER (ORDER BY alert_id) AS alert, row_number() OVER (ORDER BY alert_id, id) AS number
        FROM deliveries
    ), removed AS (
        DELETE FROM deliveries USING numbered WHERE deliveries.id = numbered.id AND alert = 1
    )
    UPDATE deliveries SET status = (ARRAY['delivered', 'delivered', 'failed', 'cancelled', 'pending'])[1 + number % 5]
    FROM numbered WHERE deliveries.id = numbered.id AND alert > 1
    """
)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "WyIyMDI1LTA1LTI0IiwieCJd",
        "WyIyMDI1LTA1LTI0IiwgIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJd",
    ],
)
async def test_a_cursor_that_is_not_ours_is_refused(world: World, cursor: str) -> None:
    problem = await world.call("GET", f"/alerts?cursor={cursor}", status=422)
    assert problem["code"] == "cursor_invalid"


async def test_alerts_are_found_by_agency_task_and_status(world: World) -> None:
    await world.receive(agency("G05", "Bộ Tài chính", "GOV"))
    first, second = task(DUE), task(DUE, leads=["G05"])
    await world.receive(first, second)
    async with subscriber() as receiver:
        await world.subscribe(receiver.url, "G12")
        world.go_to(date(2025, 5, 24))
        await world.raise_all()
        await world.deliver()
    for query, expected in (
        ("agency=G12", ["G12"]),
        (f"task={second.id}", ["G05"]),
        ("status=delivered", ["G12"]),
        ("status=raised", ["G05"]),
        ("status=failed", []),
    ):
        found = await world.items(f"/alerts?{query}")
        assert [item["agency"]["code"] for item in found] == expected, query
    await world.call("GET", "/alerts?status=unknown", status=422)
    await world.call("GET", f"/alerts/{uuid4()}", status=404)
    await world.call("GET", f"/subscriptions/{uuid4()}", status=404)
    await world.call("GET", f"/deliveries/{uuid4()}", status=404)


async def test_the_description_of_the_api_can_be_made(world: World) -> None:
    answer = await world.http.get("/notify/openapi.json")
    paths = answer.json()["paths"]
    assert set(paths["/notify/v1/subscriptions/{subscription_id}"]) == {"get", "patch", "delete"}
