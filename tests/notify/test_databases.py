"""Changes of databases: the owner is alerted once of each, of the newest alone after an outage, of none long past."""

import asyncio
import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.notify.domain.formats import instant_iso
from services.notify.domain.subjects.databases.changes import transition
from services.notify.use_cases.reminders.raise_due import raise_due
from services.notify.use_cases.subjects import SUBJECTS
from shared.events.datasets import ObservedState
from shared.events.envelope import CloudEvent
from shared.events.notify import DatabaseAlerted
from shared.runtime.clock import ManualClock
from tests.notify.reports import AT, ReportedDatabase
from tests.notify.world import World, agency, event
from tests.support.webhooks import subscriber
from tests.support.writing import writing

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


async def alerts(world: World, **request: Any) -> list[str]:
    """Kinds, oldest first."""
    return [item["kind"] for item in reversed(await world.items("/alerts?limit=200", **request))]


async def outcomes(world: World) -> dict[str, tuple[str, str]]:
    return {item["kind"]: (item["status"], item["reason"]) for item in await world.items("/reminders")}


async def everything(world: World) -> list[Any]:
    return [
        await world.rows(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608 - names of our own tables
        for table in ("reminders", "alerts", "deliveries", "outbox", "audit")
    ]


# --- rules ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("up", "late", "dataset.late"),
        ("unknown", "late", "dataset.late"),
        ("late", "down", "dataset.down"),
        ("late", "up", "dataset.recovered"),
        ("down", "up", "dataset.recovered"),
        ("unknown", "up", None),
        ("maintenance", "up", None),
        ("down", "maintenance", None),
        ("late", "unknown", None),
    ],
)
def test_what_a_change_is_told_as(before: str, after: str, kind: str | None) -> None:
    assert transition(before, after) == kind


@pytest.mark.parametrize(
    ("instant", "text"),
    [(AT, "2026-03-10T01:00:00Z"), (AT + timedelta(microseconds=5), "2026-03-10T01:00:00.000005Z")],
)
def test_an_instant_that_is_written_reads_back(instant: datetime, text: str) -> None:
    assert instant_iso(instant) == text
    assert datetime.fromisoformat(text) == instant.astimezone(UTC)


# --- what is alerted -------------------------------------------------------------------------------------------------


async def test_silence_and_return_are_told_once_each_in_order(world: World) -> None:
    reported = ReportedDatabase()
    for after in ("late", "down", "up"):
        world.clock.advance(hours=2)
        await world.receive(reported.turns(after, world.clock.now() - HOUR))
        assert await world.raise_all() == 1
        assert await world.raise_all() == 0
    assert await alerts(world) == ["dataset.late", "dataset.down", "dataset.recovered"]


async def test_an_alert_carries_what_was_seen_when(world: World) -> None:
    reported = ReportedDatabase()
    world.clock.advance(hours=3)
    await world.receive(reported.turns("late", AT + HOUR))
    await world.raise_all()
    [change] = (await world.call("GET", "/changes"))["items"]
    alert = DatabaseAlerted.model_validate(change["data"])
    assert change["type"] == "vn.dondoc.notify.database.alerted.v1"
    assert alert.database.model_dump() == {
        "code": "CSDLQG-DC", "name": "Cơ sở dữ liệu quốc gia về dân cư", "kind": "national", "observed": "late",
        "since": AT + HOUR, "link": "https://dondoc.example.vn/datasets/v1/databases/CSDLQG-DC",
    }  # fmt: skip
    assert (alert.occurred_at, alert.raised_at) == (AT + HOUR, AT + 3 * HOUR)
    assert alert.message_vi == (
        "Chậm tín hiệu từ 09:00 ngày 10/03/2026: đề nghị Bộ Nội vụ kiểm tra kết nối của “Cơ sở dữ liệu quốc gia về "
        "dân cư”; tín hiệu gần nhất lúc 08:00 ngày 10/03/2026."
    )
    assert alert.message_en == (
        "Heartbeat late since 09:00 on 10 March 2026: Bộ Nội vụ is asked to check the connection of “Cơ sở dữ liệu quốc "
        "gia về dân cư”; last heartbeat at 08:00 on 10 March 2026."
    )
    [shown] = await world.items("/alerts")
    assert (shown["task"], shown["milestone"], shown["budget"]) == (None, None, None)
    assert shown["database"]["code"] == "CSDLQG-DC"
    [row] = await world.rows("SELECT body, reminder_id FROM alerts")
    assert json.loads(row.body)["data"] == change["data"]
    audited = await world.rows("SELECT detail FROM audit WHERE action = 'alert.raised'")
    assert [entry.detail for entry in audited] == [
        {"agency": "G12", "kind": "dataset.late", "reminder": str(row.reminder_id), "database": "CSDLQG-DC"}
    ]


async def test_a_contradiction_is_told_when_it_opens_and_when_it_closes(world: World) -> None:
    reported, first, second = ReportedDatabase(), uuid4(), uuid4()
    await world.receive(
        reported.contradicts(AT - 34 * 24 * HOUR, first)
    )  # long true, just found: it is alerted all the same
    await world.receive(reported.contradicts(AT, second))
    await world.raise_all()
    world.clock.advance(hours=5)
    await world.receive(reported.agrees(first, AT + 4 * HOUR))
    await world.raise_all()
    found = await world.items("/alerts")
    assert sorted(item["kind"] for item in found) == [
        "dataset.contradiction.closed", "dataset.contradiction.opened", "dataset.contradiction.opened",
    ]  # fmt: skip
    closed = found[0]
    assert closed["contradiction"]["closed_at"] == "2026-03-10T05:00:00Z"
    assert closed["message_vi"] == (
        "Khai báo đã khớp thực tế từ 12:00 ngày 10/03/2026: “Cơ sở dữ liệu quốc gia về dân cư” của Bộ Nội vụ; trước "
        "đó khai báo đã đồng bộ, 41 ngày không có tín hiệu."
    )


async def test_a_contradiction_that_comes_and_goes_is_told_five_times_a_day_and_once_more_where_it_stays(
    world: World,
) -> None:
    opened, closed = "dataset.contradiction.opened", "dataset.contradiction.closed"
    reported = ReportedDatabase()
    for _ in range(8):
        id_ = uuid4()
        for change in (reported.contradicts(AT, id_), reported.agrees(id_, AT)):
            await world.receive(change)
            await world.raise_all()
            world.clock.advance(minutes=1)
    assert await alerts(world) == [opened, closed] * 5
    await world.receive(reported.contradicts(AT, uuid4(), kind="count_fell_to_zero"))
    assert await world.raise_all() == 1  # the first of another kind
    await world.receive(reported.contradicts(AT, uuid4()))
    assert await world.raise_all() == 0
    world.clock.advance(hours=24)
    assert await world.raise_all() == 1
    assert [
        (item["status"], item["reason"]) for item in await world.items("/reminders?status=superseded")
    ] == [("superseded", "newer_came_due")] * 3


async def test_contradictions_heard_of_many_at_once_are_told_as_few(world: World) -> None:
    reported = ReportedDatabase()
    for _ in range(8):
        id_ = uuid4()
        await world.receive(reported.contradicts(AT, id_), reported.agrees(id_, AT))
        await world.raise_all()
    assert await alerts(world) == ["dataset.contradiction.closed"] * 5


@pytest.mark.parametrize("calm", ["maintenance", "unknown"])
async def test_what_is_calm_again_before_it_was_told_is_not_told(world: World, calm: Any) -> None:
    reported = ReportedDatabase()
    late, quiet = reported.turns("late", AT - HOUR), reported.turns(calm, AT - HOUR / 2)
    await world.receive(late)
    await world.receive(quiet)
    await world.raise_all()
    assert await alerts(world) == []
    assert await outcomes(world) == {"dataset.late": ("cancelled", "no_longer_true")}


@pytest.mark.parametrize("calm", ["maintenance", "unknown"])
async def test_the_end_of_a_trouble_is_told_whatever_lay_between(world: World, calm: Any) -> None:
    reported = ReportedDatabase()
    for after, hours in (("down", 5), (calm, 4), ("up", 3), ("maintenance", 2), ("up", 1)):
        await world.receive(reported.turns(after, AT - hours * HOUR))  # type: ignore[arg-type]
        await world.raise_all()
        world.clock.advance(hours=1)
    assert await alerts(world) == ["dataset.down", "dataset.recovered"]


# --- judged by the present -------------------------------------------------------------------------------------------


async def test_a_loss_that_the_newest_heartbeat_ends_is_not_told_unless_silence_follows(world: World) -> None:
    """Late and down are found when a single heartbeat arrives, which does not make it up by itself."""
    reported = ReportedDatabase(last=AT + 6 * HOUR, heard_until=AT + 7 * HOUR)
    world.clock.advance(hours=6)
    await world.receive(reported.turns("late", AT + HOUR), reported.turns("down", AT + 3 * HOUR))
    assert await world.raise_all() == 0
    world.clock.advance(minutes=59)
    assert await world.raise_all() == 0
    world.clock.advance(minutes=1)
    assert await world.raise_all() == 1
    [alert] = await world.items("/alerts")
    assert (alert["kind"], alert["database"]["since"]) == ("dataset.down", "2026-03-10T04:00:00Z")
    assert alert["message_vi"] == (
        "Mất tín hiệu từ 11:00 ngày 10/03/2026: đề nghị Bộ Nội vụ khẩn trương khôi phục kết nối của “Cơ sở dữ liệu quốc "
        "gia về dân cư”; từ đó chỉ có tín hiệu lẻ, tín hiệu gần nhất lúc 14:00 ngày 10/03/2026."
    )
    assert "only single heartbeats since" in alert["message_en"]


async def test_a_loss_that_was_over_before_it_was_told_is_not_told_nor_its_end(world: World) -> None:
    reported = ReportedDatabase(last=AT + 6 * HOUR, heard_until=AT + 7 * HOUR)
    world.clock.advance(hours=6)
    for after, hours in (("late", 1), ("down", 3), ("up", 6)):
        await world.receive(reported.turns(after, AT + hours * HOUR))  # type: ignore[arg-type]
        assert await world.raise_all() == 0
    world.clock.advance(hours=9)
    assert await world.raise_all() == 0
    assert await alerts(world) == []


async def test_a_heartbeat_while_a_loss_waits_to_be_told_puts_it_off(world: World) -> None:
    reported = ReportedDatabase()
    world.clock.advance(hours=4)
    await world.receive(reported.turns("down", AT + 3 * HOUR), reported.heard(AT + 4 * HOUR, AT + 5 * HOUR))
    assert await world.raise_all() == 0
    world.clock.advance(hours=1)
    assert await world.raise_all() == 1
    assert await alerts(world) == ["dataset.down"]


async def test_the_end_of_a_loss_that_was_told_is_told_although_a_worse_one_was_put_off(world: World) -> None:
    reported = ReportedDatabase()
    world.clock.advance(hours=2)
    await world.receive(reported.turns("late", AT + HOUR))
    assert await world.raise_all() == 1
    reported.last, reported.heard_until = AT + 4 * HOUR, AT + 5 * HOUR
    world.clock.advance(hours=2)
    await world.receive(reported.turns("down", AT + 3 * HOUR))
    assert await world.raise_all() == 0
    await world.receive(reported.turns("up", AT + 4 * HOUR))
    assert await world.raise_all() == 1
    world.clock.advance(hours=9)
    assert await world.raise_all() == 0
    assert await alerts(world) == ["dataset.late", "dataset.recovered"]


async def test_a_silence_declared_otherwise_is_not_told_while_something_is_heard(world: World) -> None:
    reported, contradiction = ReportedDatabase(last=AT, heard_until=AT + HOUR), uuid4()
    await world.receive(reported.contradicts(AT - 40 * HOUR, contradiction))
    assert await world.raise_all() == 0
    await world.receive(reported.agrees(contradiction, AT))
    world.clock.advance(hours=2)
    assert await world.raise_all() == 0
    assert await alerts(world) == []


async def test_a_return_from_before_the_loss_says_that_there_was_none(world: World) -> None:
    """A heartbeat arrives late: what was reported late since 12:10 was up since 08:00 all the time."""
    reported = ReportedDatabase(last=AT + 3 * HOUR)
    world.clock.advance(hours=5)
    await world.receive(reported.turns("late", AT + timedelta(hours=4, minutes=10)))
    await world.raise_all()
    reported.last, reported.heard_until = AT + 4 * HOUR, AT + 6 * HOUR
    world.clock.advance(minutes=1)
    await world.receive(reported.turns("up", AT))
    assert await world.raise_all() == 1
    [alert, _] = await world.items("/alerts")
    assert alert["kind"] == "dataset.recovered"
    assert alert["message_vi"] == (
        "Không gián đoạn: tín hiệu của “Cơ sở dữ liệu quốc gia về dân cư” (Bộ Nội vụ) gửi đến muộn, cảnh báo từ 12:10 "
        "ngày 10/03/2026 không còn hiệu lực; tín hiệu gần nhất lúc 12:00 ngày 10/03/2026."
    )
    assert alert["message_en"].startswith("No interruption: ")
    reported.heard_until = None
    world.clock.advance(hours=3)
    await world.receive(reported.turns("late", AT + 6 * HOUR))
    await world.raise_all()
    world.clock.advance(minutes=1)
    await world.receive(reported.turns("up", AT + 7 * HOUR))
    await world.raise_all()
    [alert, *_] = await world.items("/alerts")
    assert alert["message_vi"].startswith("Có tín hiệu trở lại từ 15:00 ngày 10/03/2026: ")


# --- once, whatever happens -------------------------------------------------------------------------------------------


async def test_after_an_outage_only_the_newest_of_a_family_is_told(world: World) -> None:
    reported, other = ReportedDatabase(), ReportedDatabase(code="DB2")
    contradiction = uuid4()
    world.clock.advance(hours=9)
    await world.receive(
        reported.turns("late", AT + HOUR),
        reported.turns("down", AT + 3 * HOUR),
        reported.contradicts(AT + 3 * HOUR, contradiction),
        other.turns("late", AT + HOUR),
        reported.turns("up", AT + 8 * HOUR),
        reported.agrees(contradiction, AT + 3 * HOUR),
    )
    await world.raise_all()
    assert sorted(await alerts(world)) == [
        "dataset.contradiction.closed",
        "dataset.late",
        "dataset.recovered",
    ]
    settled = {
        (item["subject"], item["kind"]): (item["status"], item["reason"])
        for item in await world.items("/reminders")
    }
    raised, passed = ("raised", "came_due"), ("superseded", "newer_came_due")
    assert settled == {
        ("CSDLQG-DC", "dataset.late"): passed, ("CSDLQG-DC", "dataset.down"): passed,
        ("CSDLQG-DC", "dataset.recovered"): raised, ("DB2", "dataset.late"): raised,
        ("CSDLQG-DC", "dataset.contradiction.opened"): passed,
        ("CSDLQG-DC", "dataset.contradiction.closed"): raised,
    }  # fmt: skip


@pytest.mark.parametrize(("hours", "count"), [(72, 1), (73, 0)])
async def test_what_was_told_long_ago_when_first_heard_of_is_obsolete(
    world: World, hours: int, count: int
) -> None:
    reported = event(ReportedDatabase(version=2).turns("down", AT), version=3, at=AT)
    world.clock.advance(hours=hours)
    await world.receive(reported)
    assert await world.raise_all() == count
    expected = ("raised", "came_due") if count else ("obsolete", "past_when_heard_of")
    assert await outcomes(world) == {"dataset.down": expected}


async def test_a_log_that_is_read_again_changes_nothing(world: World) -> None:
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)
        reported, contradiction = ReportedDatabase(), uuid4()
        history = [
            reported.turns("late", AT),
            reported.turns("down", AT + HOUR),
            reported.turns("maintenance", AT + 2 * HOUR),
            reported.contradicts(AT + 2 * HOUR, contradiction),
            reported.turns("late", AT + 3 * HOUR),
            reported.turns("up", AT + 4 * HOUR),
            reported.agrees(contradiction, AT + 4 * HOUR),
        ]
        events = []
        for data in history:
            events.append(event(data, version=data.database.version, at=world.clock.now()))
            await world.receive(events[-1])
            await world.raise_all()
            world.clock.advance(hours=1)
        before = await everything(world)
        await world.receive(*events)
        async with writing(world.database) as session:
            await (await session.connection()).exec_driver_sql("DELETE FROM inbox")
        for again in events:
            await world.receive(again)
            assert await world.raise_all() == 0
        assert await everything(world) == before
        assert await world.rows("SELECT 1 FROM dead_letters") == []


async def test_workers_at_once_raise_each_reminder_once(world: World) -> None:
    databases = [ReportedDatabase(code=f"DB{number}") for number in range(300)]
    await world.receive(*(reported.turns("late", AT - HOUR) for reported in databases))
    await world.receive(*(reported.turns("down", AT) for reported in databases[:100]))
    counts = await asyncio.gather(*(world.raise_all() for _ in range(4)))
    assert sum(counts) == 300
    found = await world.rows("SELECT kind, status, count(*) AS n FROM reminders GROUP BY 1, 2 ORDER BY 1, 2")
    assert [tuple(row) for row in found] == [
        ("dataset.down", "raised", 100), ("dataset.late", "raised", 200), ("dataset.late", "superseded", 100),
    ]  # fmt: skip
    assert [
        tuple(row) for row in await world.rows("SELECT count(*), count(DISTINCT reminder_id) FROM alerts")
    ] == [(300, 300)]


async def test_a_database_that_calms_down_while_it_is_raised_leaves_nothing_waiting(world: World) -> None:
    for number in range(10):
        reported = ReportedDatabase(code=f"DB{number}")
        await world.receive(reported.turns("late", AT))
        await asyncio.gather(world.raise_all(), world.receive(reported.turns("maintenance", AT)))
        assert (
            await world.items(f"/reminders?subject_kind=database&subject={reported.code}&status=pending")
            == []
        )


async def raise_and_break_off(world: World) -> None:
    databases = SUBJECTS["database"]
    async with writing(world.database) as session:
        batch = await raise_due(session, databases, world.settings.context(databases, world.clock.now()))
        assert len(batch.raised) == 1
        raise ConnectionError


async def test_what_breaks_off_in_the_middle_is_done_again_whole(world: World) -> None:
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)
        await world.receive(ReportedDatabase().turns("down", AT))
        before = await everything(world)
        with pytest.raises(ConnectionError):
            await raise_and_break_off(world)
        assert await everything(world) == before
        await world.raise_all()
        assert await world.deliver() == 1
    assert await alerts(world) == ["dataset.down"]


STATES: Sequence[tuple[ObservedState, int]] = (("late", 1), ("down", 2), ("up", 3))


def interleavings(events: Sequence[CloudEvent]) -> Iterable[tuple[Sequence[CloudEvent], Sequence[bool]]]:
    """Every order of the events, and for each whether a round of raising follows each of them."""
    for order in itertools.permutations(events):
        for rounds in itertools.product((False, True), repeat=len(events) - 1):
            yield order, (*rounds, True)


async def test_in_every_order_of_hearing_and_raising_the_newest_is_told_once_and_nothing_older_after_it(
    world: World,
) -> None:
    """24 courses of one silence: every order of late, down and up, with and without a round of raising after each."""
    rank = {"dataset.late": 0, "dataset.down": 1, "dataset.recovered": 2}
    await world.subscribe("http://127.0.0.1:9/hook", None)
    reported = ReportedDatabase(code="X")
    events = [
        event(reported.turns(state, AT + minutes * HOUR / 60), version=reported.version, at=AT)
        for state, minutes in STATES
    ]
    for course, (order, rounds) in enumerate(interleavings(events)):
        code = f"DB{course}"
        for one, is_raised in zip(order, rounds, strict=True):
            await world.receive(renamed(one, code))
            if is_raised:
                await world.raise_all()
        told_of = await world.rows(
            "SELECT data->>'kind' AS kind FROM outbox WHERE data->'database'->>'code' = :code ORDER BY id",
            code=code,
        )
        ranks = [rank[row.kind] for row in told_of]
        assert ranks == sorted(set(ranks)), (order, rounds)
        assert ranks[-1] == 2, (order, rounds)
        waiting = "SELECT 1 FROM reminders WHERE subject = :code AND status = 'pending'"
        assert await world.rows(waiting, code=code) == []


def renamed(one: CloudEvent, code: str) -> CloudEvent:
    data = one.data | {"database": one.data["database"] | {"code": code}}
    return one.model_copy(update={"id": uuid4(), "subject": code, "data": data})


# --- to whom -----------------------------------------------------------------------------------------------------------


async def test_owner_those_above_it_and_the_office_are_told_and_nobody_else(world: World) -> None:
    await world.receive(agency("G05", "Bộ Tài chính", "GOV"))
    asked: dict[str, tuple[str | None, dict[str, Any]]] = {
        "own": ("G12", {}),
        "above": ("GOV", {"include_descendants": True}),
        "above, own alone": ("GOV", {}),
        "office": (None, {}),
        "beside": ("G05", {}),
        "of others": ("G12", {"event_types": ["deadline.due", "dataset.down"]}),
        "of these": ("G12", {"event_types": ["dataset.late"]}),
    }
    made = {
        name: (await world.subscribe("http://127.0.0.1:9/hook", code, **more))["id"]
        for name, (code, more) in asked.items()
    }
    await world.receive(ReportedDatabase().turns("late", AT))
    await world.raise_all()
    addressed = {delivery["subscription_id"] for delivery in await world.items("/deliveries")}
    assert {name for name, id_ in made.items() if id_ in addressed} == {
        "own", "above", "office", "of these",
    }  # fmt: skip


async def test_what_waits_to_be_told_is_told_to_the_owner_of_then(world: World) -> None:
    await world.receive(agency("G05", "Bộ Tài chính", "GOV"))
    reported, contradiction = ReportedDatabase(heard_until=AT + 2 * HOUR), uuid4()
    events = [
        event(data, version=data.database.version, at=AT)
        for data in (
            reported.turns("down", AT),
            reported.contradicts(AT, contradiction),
            reported.passes_to("G05"),
        )
    ]
    await world.receive(*events)
    assert await world.raise_all() == 0
    world.clock.advance(hours=3)
    assert await world.raise_all() == 2
    raised = await world.items("/alerts")
    assert {item["agency"]["code"] for item in raised} == {"G05"}
    assert all("Bộ Tài chính" in item["message_vi"] for item in raised)
    await world.receive(reported.turns("up", AT + 3 * HOUR))
    await world.raise_all()
    assert {item["agency_code"] for item in await world.items("/reminders")} == {"G05"}
    before = await everything(world)
    async with writing(world.database) as session:
        await (await session.connection()).exec_driver_sql("DELETE FROM inbox")
    await world.receive(*events)
    assert await world.raise_all() == 0
    assert await everything(world) == before


async def test_one_that_recovers_while_its_silence_is_put_off_tells_the_new_owner_nothing(
    world: World,
) -> None:
    reported = ReportedDatabase(heard_until=AT + 2 * HOUR)
    await world.receive(reported.turns("down", AT), reported.passes_to("G05"), reported.turns("up", AT))
    world.clock.advance(hours=3)
    assert await world.raise_all() == 0
    assert await alerts(world) == []


async def test_another_agency_s_key_sees_nothing_of_it(world: World) -> None:
    await world.receive(agency("G05", "Bộ Tài chính", "GOV"))
    await world.receive(ReportedDatabase().turns("late", AT))
    await world.raise_all()
    for tenant, count in (("G12", 1), ("GOV", 1), ("G05", 0)):
        assert len(await world.items("/alerts", tenant=tenant)) == count
        assert len(await world.items("/reminders", tenant=tenant)) == count
        assert len((await world.call("GET", "/changes", tenant=tenant))["items"]) == count
    [alert] = await world.items("/alerts")
    await world.call("GET", f"/alerts/{alert['id']}", tenant="G05", status=403)
    await world.call("GET", "/reminders?agency=G12", tenant="G05", status=403)
    assert await world.items("/alerts?database=CSDLQG-DC", tenant="G05") == []


async def test_a_signed_alert_arrives_and_is_seen_in_the_lists(world: World) -> None:
    async with subscriber() as receiver:
        created = await world.subscribe(receiver.url)
        await world.receive(ReportedDatabase().turns("down", AT))
        await world.raise_all()
        assert await world.deliver() == 1
    got = receiver.received[0].verified(created["secret"])
    assert (got["type"], got["data"]["kind"]) == ("vn.dondoc.notify.database.alerted.v1", "dataset.down")
    found = {
        query: len(await world.items(query))
        for query in (
            "/alerts?kind=dataset.down", "/alerts?kind=dataset.late", "/alerts?database=CSDLQG-DC",
            "/alerts?database=OTHER", "/alerts?budget=CSDLQG-DC", "/alerts?status=delivered",
            "/alerts?database=CSDLQG-DC&budget=CSDLQG-DC", "/reminders?subject_kind=database&subject=CSDLQG-DC",
            "/reminders?subject_kind=budget&subject=CSDLQG-DC", "/reminders?kind=dataset.down",
            "/reminders?status=raised", "/reminders?status=pending",
        )
    }  # fmt: skip
    assert [query for query, count in found.items() if count] == [
        "/alerts?kind=dataset.down", "/alerts?database=CSDLQG-DC", "/alerts?status=delivered",
        "/reminders?subject_kind=database&subject=CSDLQG-DC", "/reminders?kind=dataset.down", "/reminders?status=raised",
    ]  # fmt: skip
    await world.call("GET", "/reminders?subject=CSDLQG-DC", status=422)
    assert len(created["event_types"]) == 11
