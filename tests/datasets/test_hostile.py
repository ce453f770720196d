"""What a hostile caller may send: codes that no address holds, figures that are none, and how each is refused."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from services.datasets.use_cases import changes
from tests.datasets.test_imports import send, table
from tests.datasets.world import EVIDENCE, HOURLY, World

HOUR = timedelta(hours=1)
RESULT = {
    "criterion": "live", "measured": 1, "threshold": 1, "passed": True, "as_of": "2026-03-09", "method": "m",
}  # fmt: skip


def new(code: str, **changes: Any) -> dict[str, Any]:
    return {"code": code, "name": "Đất đai", "kind": "national", "owner_code": "G12"} | changes


@pytest.mark.parametrize("code", ["CSDL-ĐẤT", "100%", "%2f", "a;b", "history"])
async def test_what_was_registered_stands_where_its_location_says(world: World, code: str) -> None:
    response = await world.send("POST", "/databases", json=new(code))
    assert response.status_code == 201, response.text
    location = response.headers["Location"]
    assert location == f"/datasets/v1/databases/{quote(code, safe='')}"
    found = await world.get(location.removeprefix("/datasets/v1"))
    assert found["code"] == code


@pytest.mark.parametrize("code", ["a/b", "/", ".", "..", "A\u200eB"])
async def test_a_code_that_no_address_holds_is_refused(world: World, code: str) -> None:
    assert await world.refused("/databases", new(code)) in {"code_invalid", "code"}
    report = await send(world, table(f"{code},Đất đai,quốc gia,G12,,,,"))
    assert [problem["field"] for problem in report["rows"][0]["problems"]] == ["code"]
    assert await world.rows("SELECT 1 FROM databases") == []


async def test_what_is_drawn_as_nothing_makes_no_other_code(world: World) -> None:
    await world.register("AB")
    assert await world.refused("/databases", new("A\u2060B"), 409) == "code_exists"
    report = await send(world, table("A\u2060B,Cơ sở dữ liệu AB,quốc gia,G12,,,,"))
    assert report["rows"][0]["code"] == "AB"


async def test_very_many_statements_a_day_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every report on a database reads all that was stated on it."""
    monkeypatch.setattr(changes, "MOST_A_DAY", 2)
    await world.register("DB")
    window = {"from": world.now.isoformat(), "until": (world.now + HOUR).isoformat(), "reason": "x"}
    for path, body in (
        ("declarations", {"phase": "operating", "effective_on": "2026-03-10", "evidence": EVIDENCE}),
        ("maintenance", window),
        ("quality-results", RESULT),
    ):
        for _ in range(2):
            await world.post(f"/databases/DB/{path}", body)
        assert await world.refused(f"/databases/DB/{path}", body, 409) == "statements_too_many"
    world.clock.advance(hours=24)
    await world.post("/databases/DB/quality-results", RESULT)


@pytest.mark.parametrize("figure", [True, "5", 1.5])
async def test_a_count_or_a_period_is_a_whole_number(world: World, figure: Any) -> None:
    await world.register("DB")
    beat = world.heartbeat() | {"record_count": figure}
    assert await world.refused("/databases/DB/heartbeats", beat) == "record_count"
    expected = new("DB2", heartbeat=HOURLY | {"period_seconds": figure})
    assert await world.refused("/databases", expected) == "heartbeat.period_seconds"


async def test_every_field_is_refused_in_vietnamese_too(world: World) -> None:
    await world.register("DB")
    beat = world.heartbeat()
    wrong: tuple[tuple[str, dict[str, Any], str, tuple[Any, ...]], ...] = (
        ("heartbeats", beat, "observed_at", ("2026-03-10T08:00:00", True, "x", None)),
        ("heartbeats", beat, "record_count", (None, 1.5, 10**30, [])),
        ("quality-results", RESULT, "measured", ("x", "NaN", [], 10**30, 0.1234567, -1)),
        ("quality-results", RESULT, "as_of", ("2026-03-09T05:00:00", True, "x")),
        ("quality-results", RESULT, "denominator", (0,)),
        ("quality-results", RESULT, "passed", ([],)),
    )
    for path, good, name, values in wrong:
        for value in values:
            response = await world.send("POST", f"/databases/DB/{path}", json=good | {name: value})
            [error] = response.json()["errors"]
            assert error["field"] == name
            assert "Giá trị chưa đúng (" not in error["detail"], error
