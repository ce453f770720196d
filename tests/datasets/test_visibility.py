"""What an agency sees of databases: in full its own and its units', of others what is declared, measured and seen."""

from typing import Any

from tests.datasets.world import READ, World

READER = frozenset({READ})


async def describe(world: World) -> None:
    """A database of Cục Thuế, below G12, of which everything is known."""
    await world.register(owner_code="G12.1")
    await world.declare(phase="operating", ndc_connection="synchronised")
    await world.assess()
    await world.beat(count=4321)
    await world.watch()


async def test_a_database_is_whole_for_its_owner_and_those_above(world: World) -> None:
    await describe(world)
    whole = await world.get("/databases/DB")
    listed = (await world.get("/databases"))["items"]
    for agency in ("G12.1", "G12"):
        told = await world.get("/databases/DB", agency=agency)
        assert told == whole
        assert (await world.get("/databases", agency=agency))["items"] == listed
        assert (await world.get("/databases/DB/history", agency=agency))["items"]
    nameless = await world.get("/databases/DB", scopes=READER, agency="G12")
    assert hidden(whole, nameless) == {
        ".registered_by",
        ".phase.said_by",
        ".ndc_connection.said_by",
        ".quality.complete.said_by",
    }
    assert (whole["form"], whole["observed"]["record_count"]) == ("full", 4321)
    assert listed[0]["form"] == "full"


def hidden(whole: Any, told: Any, place: str = "") -> set[str]:
    """The places at which two answers differ; what is hidden is null."""
    if isinstance(whole, dict) and isinstance(told, dict):
        assert whole.keys() == told.keys()
        return {each for name in whole for each in hidden(whole[name], told[name], f"{place}.{name}")}
    if whole == told:
        return set()
    assert told in {None, "public"}, place
    return {place}


async def test_others_see_the_public_form(world: World) -> None:
    await describe(world)
    whole = await world.get("/databases/DB")
    answer = await world.send("GET", "/databases/DB", agency="G16")
    assert hidden(whole, answer.json()) == {
        ".form",
        ".heartbeat",
        ".registered_by",
        ".phase.evidence",
        ".phase.said_by",
        ".ndc_connection.evidence",
        ".ndc_connection.said_by",
        ".observed.record_count",
        ".quality.complete.evidence",
        ".quality.complete.method",
        ".quality.complete.said_by",
    }
    assert answer.headers["ETag"].startswith('"moment.')
    [listed] = (await world.get("/databases"))["items"]
    [told] = (await world.get("/databases", agency="G16"))["items"]
    assert hidden(listed, told) == {".form", ".record_count", ".version"}
    refused = await world.send("GET", "/databases/DB/history", agency="G16")
    assert (refused.status_code, refused.json()["code"]) == (403, "other_tenant")
    for path in ("/statistics", "/contradictions"):
        figures, others = await world.get(path), await world.get(path, agency="G16")
        assert {**figures, "known_at": None} == {**others, "known_at": None}


async def test_the_feed_tells_databases_to_their_owners(world: World) -> None:
    await describe(world)
    world.clock.advance(hours=1)
    version = (await world.get("/databases"))["items"][0]["version"]
    await world.send(
        "PATCH", "/databases/DB", json={"owner_code": "G16"}, headers={"If-Match": f'"{version}"'}
    )
    world.clock.advance(hours=1)
    await world.declare(phase="building")

    async def feed(agency: str) -> list[str]:
        page = await world.get("/changes", params={"limit": 500}, scopes=READER, agency=agency)
        assert all(event["data"].get("said_by", "") == "" for event in page["items"])
        return [event["type"].split(".")[-2] for event in page["items"]]

    former = await feed("G12")
    assert former == await feed("G12.1")
    assert former[0] == "registered"
    assert former[-1] == "amended"
    assert (await feed("G16"))[:2] == ["amended", "declared"]
    assert await feed("G01") == []

    world.clock.advance(hours=1)
    version = (await world.get("/databases"))["items"][0]["version"]
    await world.send(
        "PATCH", "/databases/DB", json={"owner_code": "G01"}, headers={"If-Match": f'"{version}"'}
    )
    assert (await feed("G01"))[0] == "amended"
    assert (await feed("G16"))[-1] == "amended"
    assert await feed("G12") == former  # whose it has not been since
