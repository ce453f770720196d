"""Budgets: what is true of one on a day, when it is examined, and a year of examinations."""

import asyncio
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.formats import money_en, money_vi
from services.notify.domain.reminders import STALE_AFTER, ReminderStatus
from services.notify.domain.subjects.budgets.examinations import (
    BudgetKind,
    BudgetRules,
    Money,
    closing_day,
    expected,
    holds,
    months_passed,
    next_month,
    plan,
    tenths_of_percent,
)
from services.notify.settings import NotifySettings
from services.notify.worker import next_due_instant
from shared.events.notify import BudgetAlerted
from shared.runtime.clock import ManualClock, local_date, local_instant
from tests.notify.reports import BUDGET_ID, TI, budget
from tests.notify.world import World, event
from tests.support.writing import writing

RULES = BudgetRules()
BEHIND, IDLE, UNALLOCATED = BudgetKind.BEHIND, BudgetKind.IDLE, BudgetKind.UNALLOCATED


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(local_instant(date(2026, 1, 10), 9))


def money(allocated: int = 365, disbursed: int = 0, unallocated: int = 0, **changes: Any) -> Money:
    whole: dict[str, Any] = {
        "year": 2026, "unallocated": unallocated, "disbursed": disbursed,
        "remaining": allocated - disbursed, "first_allocated_on": date(2026, 1, 5),
    }  # fmt: skip
    return Money(**(whole | changes))


# --- rules ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "amount"),
    [
        (date(2025, 12, 1), 0),
        (date(2026, 1, 1), 0),
        (date(2026, 2, 1), 31),
        (date(2026, 7, 1), 181),
        (date(2027, 1, 1), 365),
        (date(2027, 1, 31), 365),
    ],
)
def test_even_spending_is_a_straight_line_over_the_year(day: date, amount: int) -> None:
    assert expected(money(), day) == amount
    assert expected(money(10**18 + 1), day) == (10**18 + 1) * amount // 365  # đồng, to the last


def test_a_leap_year_has_a_day_more() -> None:
    assert expected(money(366, year=2028), date(2028, 3, 1)) == 60


JULY = date(2026, 7, 1)


@pytest.mark.parametrize(
    ("kind", "changes", "day", "is_so"),
    [
        # 20% of 365 is 73; on 1 July 181 would be spent
        (BEHIND, {"disbursed": 107}, JULY, True),
        (BEHIND, {"disbursed": 108}, JULY, False),
        (BEHIND, {"disbursed": 0}, date(2026, 3, 1), False),
        (BEHIND, {"disbursed": 0, "remaining": 0, "allocated": 365}, JULY, False),
        (BEHIND, {"disbursed": 200}, date(2027, 1, 31), True),
        (BEHIND, {"disbursed": 200}, date(2027, 2, 1), False),
        (BEHIND, {"allocated": 0}, JULY, False),
        (
            BEHIND,
            {"disbursed": 60, "remaining": 65},
            JULY,
            False,
        ),  # 240 of 365 were cancelled: not to be spent
        (BEHIND, {"disbursed": 30, "remaining": 95}, JULY, True),
        (IDLE, {}, date(2026, 4, 4), False),
        (IDLE, {}, date(2026, 4, 5), True),
        (IDLE, {"disbursed": 1}, JULY, False),
        (IDLE, {"remaining": 0}, JULY, False),
        (IDLE, {"allocated": 0, "first_allocated_on": None}, JULY, False),
        (IDLE, {"first_allocated_on": date(2025, 11, 30)}, date(2026, 2, 28), True),
        (IDLE, {"first_allocated_on": date(2025, 11, 30)}, date(2026, 2, 27), False),
        (UNALLOCATED, {"unallocated": 1}, date(2026, 6, 30), False),
        (UNALLOCATED, {"unallocated": 1}, JULY, True),
        (UNALLOCATED, {"unallocated": 0}, JULY, False),
        (UNALLOCATED, {"unallocated": 1}, date(2027, 2, 1), False),
    ],
)
def test_what_is_true_of_a_budget_on_a_day(
    kind: BudgetKind, changes: dict[str, Any], day: date, is_so: bool
) -> None:
    assert holds(kind, money(**changes), RULES, day) is is_so


def test_the_rules_are_the_operator_s() -> None:
    rules = BudgetRules(behind_share=Fraction(0), idle_months=1, unallocated_after=(3, 31))
    assert holds(BEHIND, money(disbursed=30), rules, date(2026, 2, 1))
    assert holds(IDLE, money(), rules, date(2026, 2, 5))
    assert holds(UNALLOCATED, money(unallocated=1), rules, date(2026, 4, 1))


@pytest.mark.parametrize(
    ("now", "changes", "planned"),
    [
        (
            local_instant(date(2026, 1, 10), 9),
            {"unallocated": 1},
            [("idle", "2026-01-05", "2026-04-05", "pending"), ("unallocated", "2026-06-30", "2026-07-01", "pending"),
             ("behind", "2026-02", "2026-02-01", "pending")],
        ),
        (local_instant(date(2026, 2, 1), 8), {"disbursed": 1}, [("behind", "2026-02", "2026-02-01", "pending")]),
        (local_instant(date(2026, 2, 1), 9), {"disbursed": 1}, [("behind", "2026-03", "2026-03-01", "pending")]),
        (local_instant(date(2025, 12, 20), 9), {"disbursed": 1}, [("behind", "2026-02", "2026-02-01", "pending")]),
        (local_instant(date(2027, 1, 1), 9), {"disbursed": 1}, []),
        (local_instant(date(2027, 2, 1), 9), {"unallocated": 1}, []),
        (
            local_instant(date(2026, 12, 2), 9),
            {"unallocated": 1},
            [("idle", "2026-01-05", "2026-04-05", "obsolete"), ("unallocated", "2026-06-30", "2026-07-01", "obsolete"),
             ("behind", "2027-01", "2027-01-01", "pending")],
        ),
        (local_instant(date(2026, 7, 4), 8), {"allocated": 0, "first_allocated_on": None, "unallocated": 1},
         [("unallocated", "2026-06-30", "2026-07-01", "pending")]),
        (local_instant(date(2026, 12, 2), 9), {"first_allocated_on": date(2026, 11, 15)},
         [("behind", "2027-01", "2027-01-01", "pending")]),
    ],
)  # fmt: skip
def test_what_is_planned_for_a_budget(
    now: datetime, changes: dict[str, Any], planned: list[tuple[str, str, str, str]]
) -> None:
    found = [
        (reminder.kind.removeprefix("budget."), reminder.dedup_key, str(local_date(reminder.due_at)), reminder.state.status.value)
        for reminder in plan(money(**changes), RULES, now, 8, recorded_at=LONG_AGO)
    ]  # fmt: skip
    assert found == planned


LONG_AGO = local_instant(date(2020, 1, 1), 8)

amounts = st.integers(0, 10**15)
days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
budgets = st.builds(
    lambda year, disbursed, remaining, unallocated, first: Money(
        year, unallocated, disbursed, remaining, first
    ),
    st.integers(2024, 2030), amounts, amounts, amounts, st.none() | days,
)  # fmt: skip


@given(budgets, st.dates(date(2023, 6, 1), date(2031, 6, 1)), st.integers(0, 23), st.integers(0, 23))
def test_what_is_planned_lies_ahead_in_its_year_and_is_due_when_it_may_be_true(
    of: Money, day: date, at: int, hour: int
) -> None:
    now = local_instant(day, at)
    planned = plan(of, RULES, now, hour, recorded_at=LONG_AGO)
    assert len({reminder.kind for reminder in planned}) == len(planned)
    for reminder in planned:
        due_on = local_date(reminder.due_at)
        assert due_on <= closing_day(of.year)
        assert reminder.due_at == local_instant(due_on, hour)
        is_past = reminder.due_at < now - STALE_AFTER
        assert (reminder.state.status is ReminderStatus.OBSOLETE) is is_past
        if reminder.kind is not BEHIND:
            assert holds(reminder.kind, of, RULES, due_on)  # as it stands now; it is judged again then
            assert not holds(reminder.kind, of, RULES, due_on - timedelta(days=1))


@given(
    budgets,
    st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=90)), max_size=20),
    st.integers(0, 23),
)
def test_each_month_of_the_year_is_examined_once_whoever_sleeps_how_long(
    of: Money, waits: list[timedelta], hour: int
) -> None:
    now = local_instant(date(of.year, 1, 1))
    pending = next_month(of, now, hour)
    settled: list[str] = []
    for wait in waits:
        now += wait
        if pending is None or pending.due_at > now:
            continue
        settled += [
            pending.dedup_key,
            *(one.dedup_key for one in months_passed(of, pending.dedup_key, now, hour)),
        ]
        pending = next_month(of, now, hour)
    months = [f"{of.year}-{month:02}" for month in range(2, 13)] + [f"{of.year + 1}-01"]
    ahead = [] if pending is None else [pending.dedup_key]
    assert settled + ahead == (months[: len(settled) + len(ahead)] if of.remaining else [])
    assert pending is None or pending.due_at > now or not waits


@given(budgets, days)
def test_more_disbursed_never_makes_a_budget_late(of: Money, day: date) -> None:
    more = Money(of.year, of.unallocated, of.disbursed + 1, of.remaining - 1, of.first_allocated_on)
    for kind in (BEHIND, IDLE):
        if of.remaining > 1 and holds(kind, more, RULES, day):
            assert holds(kind, of, RULES, day)


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dong", "vi", "en"),
    [
        (0, "0 đồng", "0 đồng"),
        (999_999, "999.999 đồng", "999,999 đồng"),
        (1_000_000, "1 triệu đồng", "1 million đồng"),
        (250_500_000, "250,5 triệu đồng", "250.5 million đồng"),
        (999_949_999, "999,9 triệu đồng", "999.9 million đồng"),
        (999_950_000, "1 tỉ đồng", "1 billion đồng"),
        (1_234_500_000_000, "1.234,5 tỉ đồng", "1,234.5 billion đồng"),
        (1_234_549_999_999, "1.234,5 tỉ đồng", "1,234.5 billion đồng"),
        (1_234_550_000_000, "1.234,6 tỉ đồng", "1,234.6 billion đồng"),
        (34_447 * TI, "34.447 tỉ đồng", "34,447 billion đồng"),
    ],
)
def test_money_is_written_as_offices_write_it(dong: int, vi: str, en: str) -> None:
    assert (money_vi(dong), money_en(dong)) == (vi, en)


@pytest.mark.parametrize(
    ("part", "whole", "tenths"), [(23_991, 34_447, 696), (1, 3, 333), (0, 5, 0), (1, 0, None)]
)
def test_a_share_has_one_place(part: int, whole: int, tenths: int | None) -> None:
    assert tenths_of_percent(part, whole) == tenths


@pytest.mark.parametrize(
    ("name", "value"),
    [("reminder_stale_hours", 0), ("budget_behind_share", "1.5"), ("budget_idle_months", 0),
     ("budget_unallocated_after", "02-29"), ("budget_unallocated_after", "30/6"), ("budget_unallocated_after", "13-01")],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused(settings: NotifySettings, name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        NotifySettings(**(settings.model_dump() | {name: value}))


# --- a year -----------------------------------------------------------------------------------------------------------


async def live_until(world: World, end: date) -> None:
    """From one due reminder to the next."""
    last = local_instant(end, 23)
    while True:
        async with world.database.reading() as connection:
            due = await next_due_instant(connection)
        if due is None or due > last:
            break
        world.clock.move_to(max(due, world.clock.now()))
        await world.raise_all()
    world.clock.move_to(last)


async def alerts_raised(world: World) -> list[tuple[str, str]]:
    """(kind, day of raising) by day."""
    found = [
        (item["kind"].removeprefix("budget."), str(local_date(datetime.fromisoformat(item["raised_at"]))))
        for item in await world.items("/alerts?limit=200")
    ]
    return sorted(found, key=lambda item: (item[1], item[0]))


async def test_a_year_of_a_budget_that_is_spent_too_late(world: World) -> None:
    await world.receive(budget(1, allocated=1200 * TI, unallocated=300 * TI))
    await live_until(world, date(2026, 4, 20))
    # 1 March: 16% of the year, within the fifth; 1 April: 25%, beyond it; 5 April: three months without a đồng
    assert await alerts_raised(world) == [("behind", "2026-04-01"), ("idle", "2026-04-05")]
    await world.receive(budget(2, unallocated=300 * TI, disbursed=300 * TI))
    await live_until(world, date(2026, 7, 10))
    # 1 May: 33% against 25%; 1 June: 41%; 1 July: 50%, behind again, and the date of allocation has passed
    assert await alerts_raised(world) == [
        ("behind", "2026-04-01"), ("idle", "2026-04-05"), ("behind", "2026-07-01"), ("unallocated", "2026-07-01"),
    ]  # fmt: skip
    await world.receive(budget(3, allocated=1500 * TI, disbursed=1400 * TI))
    await live_until(world, date(2027, 3, 1))
    assert len(await alerts_raised(world)) == 4
    reminders = await world.reminders("budget", BUDGET_ID)
    months = {item["dedup_key"]: item["status"] for item in reminders if item["kind"] == "budget.behind"}
    assert list(months) == [f"2026-{month:02}" for month in range(2, 13)] + ["2027-01"]
    assert {month for month, status in months.items() if status == "raised"} == {"2026-04", "2026-07"}
    assert {item["reason"] for item in reminders if item["status"] == "cancelled"} == {"no_longer_true"}
    assert {item["status"] for item in reminders} == {"raised", "cancelled"}


async def test_what_an_alert_says_of_a_budget(world: World) -> None:
    await world.receive(budget(1, allocated=2500 * TI, unallocated=1_182_400_000_000))
    world.go_to(date(2026, 7, 1))
    await world.raise_all()
    found = {item["kind"]: item for item in await world.items("/alerts")}
    assert found["budget.behind"]["message_vi"] == (
        "Giải ngân chậm (đến ngày 01/07/2026): đề nghị Bộ Nội vụ đẩy nhanh giải ngân ngân sách trung ương năm 2026; mới "
        "giải ngân 0 đồng, đạt 0% tổng số phải giải ngân trong năm (2.500 tỉ đồng), trong khi theo tiến độ thời gian cần "
        "đạt 1.239,7 tỉ đồng."
    )
    assert found["budget.idle"]["message_vi"] == (
        "Chưa giải ngân (đến ngày 01/07/2026): đề nghị Bộ Nội vụ triển khai giải ngân ngân sách trung ương năm 2026; đã "
        "phân bổ 2.500 tỉ đồng, lần đầu ngày 05/01/2026, sau 3 tháng vẫn chưa giải ngân."
    )
    assert found["budget.unallocated"]["message_vi"] == (
        "Chưa phân bổ hết (đến ngày 01/07/2026): đề nghị Bộ Nội vụ khẩn trương phân bổ ngân sách trung ương năm 2026; "
        "còn 1.182,4 tỉ đồng trong 3.682,4 tỉ đồng được duyệt chưa phân bổ, quá mốc 30/06/2026."
    )
    assert found["budget.unallocated"]["message_en"] == (
        "Not all allocated (by 1 July 2026): Bộ Nội vụ is asked to allocate the central budget of 2026 without delay; "
        "1,182.4 billion đồng of 3,682.4 billion đồng approved is unallocated after 30 June 2026."
    )
    events = (await world.call("GET", "/changes"))["items"]
    assert {one["type"] for one in events} == {"vn.dondoc.notify.budget.alerted.v1"}
    behind = next(
        BudgetAlerted.model_validate(one["data"]) for one in events if one["data"]["kind"] == "budget.behind"
    )
    assert behind.budget.model_dump() == {
        "id": BUDGET_ID, "year": 2026, "level": "central", "approved": 3_682_400_000_000, "allocated": 2500 * TI,
        "unallocated": 1_182_400_000_000, "disbursed": 0, "to_spend": 2500 * TI, "rate": 0.0,
        "expected": 2500 * TI * 181 // 365,
        "link": "https://dondoc.example.vn/finance/v1/balances?year=2026&level=central&agency=G12",
    }  # fmt: skip
    assert found["budget.idle"]["budget"]["expected"] is None


async def test_what_is_behind_is_measured_by_what_is_to_be_spent_in_words_and_figures_alike(
    world: World,
) -> None:
    """Of 365 allocated 240 were cancelled, and nobody is to spend them."""
    await world.receive(
        budget(1, allocated=365 * TI, disbursed=30 * TI, cancelled=240 * TI, remaining=95 * TI)
    )
    world.go_to(JULY)
    await world.raise_all()
    [alert] = await world.items("/alerts")
    assert alert["message_vi"] == (
        "Giải ngân chậm (đến ngày 01/07/2026): đề nghị Bộ Nội vụ đẩy nhanh giải ngân ngân sách trung ương năm 2026; mới "
        "giải ngân 30 tỉ đồng, đạt 24% tổng số phải giải ngân trong năm (125 tỉ đồng), trong khi theo tiến độ thời gian "
        "cần đạt 62 tỉ đồng."
    )
    assert alert["message_en"] == (
        "Disbursement behind (by 1 July 2026): Bộ Nội vụ is asked to speed up disbursing the central budget of 2026; "
        "30 billion đồng disbursed, 24% of the 125 billion đồng to be spent in the year, where even spending would be "
        "62 billion đồng."
    )
    told_of = alert["budget"]
    assert (told_of["allocated"], told_of["to_spend"], told_of["rate"]) == (365 * TI, 125 * TI, 24.0)
    assert told_of["expected"] == 125 * TI * 181 // 365
    [raised] = await world.items("/reminders?status=raised")
    assert raised["facts"]["to_spend"] == 125 * TI


async def test_a_budget_with_nothing_to_be_spent_has_no_rate(world: World) -> None:
    await world.receive(budget(1, allocated=TI, unallocated=TI, cancelled=TI, remaining=0))
    world.go_to(JULY)
    await world.raise_all()
    [alert] = await world.items("/alerts")
    assert (alert["kind"], alert["budget"]["to_spend"], alert["budget"]["rate"]) == (
        "budget.unallocated",
        0,
        None,
    )


async def test_after_an_outage_only_the_newest_month_is_told_and_the_others_have_their_record(
    world: World,
) -> None:
    await world.receive(budget(1, disbursed=TI))
    world.go_to(date(2026, 9, 20), 15)
    await world.raise_all()
    assert await alerts_raised(world) == [("behind", "2026-09-20")]
    found = {item["dedup_key"]: item["status"] for item in await world.items("/reminders")}
    assert found == {f"2026-{month:02}": "superseded" for month in range(2, 9)} | {
        "2026-09": "raised", "2026-10": "pending",
    }  # fmt: skip
    [reminder] = await world.items("/reminders?status=raised")
    assert (reminder["facts"]["day"], reminder["facts"]["disbursed"]) == ("2026-09-20", TI)


async def test_what_is_disbursed_ends_the_waiting_and_a_reversal_brings_it_back(world: World) -> None:
    await world.receive(budget(1))
    await world.receive(budget(2, disbursed=TI))
    [idle] = await world.items("/reminders?kind=budget.idle")
    assert (idle["status"], idle["reason"]) == ("cancelled", "no_longer_true")
    await world.receive(budget(3))
    await live_until(world, date(2026, 4, 6))
    assert ("idle", "2026-04-05") in await alerts_raised(world)


async def test_in_a_log_that_is_read_anew_what_is_long_past_is_obsolete(world: World) -> None:
    long_ago = event(budget(1, unallocated=TI), version=1, at=local_instant(date(2026, 3, 1), 9))
    world.go_to(date(2026, 8, 20))
    await world.receive(long_ago)
    assert await world.raise_all() == 0
    found = {item["kind"]: item["status"] for item in await world.items("/reminders")}
    assert found == {"budget.idle": "obsolete", "budget.unallocated": "obsolete", "budget.behind": "pending"}


async def test_money_approved_after_the_day_is_told_of_at_the_next_alert_hour_once(world: World) -> None:
    world.go_to(date(2026, 8, 20), hour=9)
    await world.receive(budget(1, allocated=0, unallocated=TI))
    assert await world.raise_all() == 0
    await live_until(world, date(2026, 8, 25))
    await world.receive(budget(2, allocated=0, unallocated=2 * TI))
    await live_until(world, date(2026, 9, 20))
    assert await alerts_raised(world) == [("unallocated", "2026-08-21")]


async def test_budgets_told_twice_late_or_out_of_order_and_a_log_read_again_change_nothing(
    world: World,
) -> None:
    events = [
        event(
            budget(number, disbursed=disbursed, unallocated=unallocated), version=number, at=world.clock.now()
        )
        for number, (disbursed, unallocated) in enumerate([(0, TI), (0, 0), (TI, TI)], start=1)
    ]
    for number in (0, 2, 1):
        await world.receive(events[number])
    await live_until(world, date(2026, 7, 2))
    found = await alerts_raised(world)
    assert [kind for kind, _ in found] == ["behind", "behind", "behind", "behind", "unallocated"]
    before = await world.rows("SELECT * FROM reminders ORDER BY id")
    async with writing(world.database) as session:
        await (await session.connection()).exec_driver_sql("DELETE FROM inbox")
    await world.receive(*events)
    for one in events:
        await world.receive(one)
        assert await world.raise_all() == 0
    assert await world.rows("SELECT * FROM reminders ORDER BY id") == before
    assert await alerts_raised(world) == found
    assert await world.rows("SELECT 1 FROM dead_letters") == []


async def test_workers_at_once_examine_each_budget_once(world: World) -> None:
    of_agencies = [budget(id=str(uuid4()), agency_code=f"A{number}") for number in range(250)]
    spent = [budget(id=str(uuid4()), agency_code=f"B{number}", disbursed=1000 * TI) for number in range(250)]
    await world.receive(*of_agencies, *spent)
    world.go_to(date(2026, 4, 2))  # three months are due, of which one counts
    counts = await asyncio.gather(*(world.raise_all() for _ in range(4)))
    assert sum(counts) == 500
    found = await world.rows(
        "SELECT kind, status, count(*) AS n FROM reminders WHERE due_at <= :now GROUP BY 1, 2 ORDER BY 1, 2",
        now=world.clock.now(),
    )
    assert [tuple(row) for row in found] == [
        ("budget.behind", "cancelled", 250), ("budget.behind", "raised", 250), ("budget.behind", "superseded", 1000),
    ]  # fmt: skip
    assert (
        len(await world.rows("SELECT 1 FROM reminders WHERE status = 'pending' AND kind = 'budget.behind'"))
        == 500
    )


async def test_a_budget_goes_to_its_agency_those_above_it_and_the_office(world: World) -> None:
    asked = {
        "own": ("G12", False),
        "above": ("GOV", True),
        "above, own alone": ("GOV", False),
        "office": (None, False),
    }
    made = {
        name: (await world.subscribe("http://127.0.0.1:9/hook", code, include_descendants=deep))["id"]
        for name, (code, deep) in asked.items()
    }
    await world.receive(budget(1))
    world.go_to(date(2026, 4, 1))
    await world.raise_all()
    addressed = {delivery["subscription_id"] for delivery in await world.items("/deliveries")}
    assert {name for name, id_ in made.items() if id_ in addressed} == {"own", "above", "office"}
    for tenant, count in (("G12", 1), ("GOV", 1), ("G05", 0)):
        assert len(await world.items(f"/alerts?budget={BUDGET_ID}", tenant=tenant)) == count
        assert bool(await world.items("/reminders", tenant=tenant)) is bool(count)
