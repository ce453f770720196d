"""Requests are counted by route, method and status; ids and secrets never become labels."""

import asyncio
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from prometheus_client import REGISTRY

from shared.http.request_metrics import route_label
from shared.runtime.database import Database
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.toy import Toy


def labels() -> set[tuple[str, str, str]]:
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"])
        for metric in REGISTRY.collect()
        if metric.name == "dondoc_http_requests"
        for sample in metric.samples
        if sample.labels["service"] == "toy" and sample.name.endswith("_total")
    }


def count(method: str, route: str, status: str) -> float:
    found = {"service": "toy", "method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("dondoc_http_requests_total", found) or 0.0


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/toy/v1/things/{}", "/toy/v1/things/{thing_id}", "200"),
        ("GET", "/toy/v1/things/{}?limit=x", "/toy/v1/things/{thing_id}", "422"),
        ("GET", "/toy/v1/bugs/plain", "/toy/v1/bugs/{where}", "500"),
        ("GET", "/toy/v1/refusals/Gone", "/toy/v1/refusals/{kind}", "410"),
        ("GET", "/nowhere/{}", "unmatched", "404"),
        ("BREW{}", "/toy/v1/things/1", "/toy/v1/things/{thing_id}", "405"),
    ],
)
async def test_a_request_is_counted_under_its_routes_template(
    toy: Toy, method: str, path: str, route: str, status: str
) -> None:
    word = uuid4().hex
    method, path = method.format(word), path.format(word)
    counted = method if method == "GET" else "other"
    before = count(counted, route, status)
    await toy.send(method, path)
    assert count(counted, route, status) == before + 1, labels()
    assert not any(word in label for each in labels() for label in each)


async def test_metrics_need_a_key_that_may_read_them(toy: Toy) -> None:
    assert (await toy.http.get("/metrics")).status_code == 401
    assert (await toy.http.get("/metrics", headers=toy.key("toy.read"))).status_code == 403
    response = await toy.http.get("/metrics", headers=toy.key("metrics.read"))
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    assert "dondoc_http_request_duration_seconds_bucket" in response.text


async def test_the_pool_tells_who_uses_it_and_who_waits(make_database: MakeDatabase) -> None:
    url = (await make_database(PLATFORM)).url
    database = Database(url, pool_size=1, application="dondoc-pooled")

    def pool(name: str) -> float | None:
        return REGISTRY.get_sample_value(f"dondoc_database_pool_{name}", {"service": "pooled"})

    async with database.reading():
        waiting = asyncio.create_task(database.ping())
        await asyncio.sleep(0)
        found = pool("connections_max"), pool("connections_in_use"), pool("callers_waiting")
    await waiting
    assert found == (1, 1, 1)
    assert (pool("connections_in_use"), pool("callers_waiting")) == (0, 0)
    await database.close()


def test_a_template_is_labelled_as_the_documents_write_it() -> None:
    route = APIRoute("/toy/v1/things/{code:path}", lambda: None)
    assert route_label({"type": "http", "route": route}) == "/toy/v1/things/{code}"
