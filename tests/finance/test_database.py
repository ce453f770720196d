"""Invariants that the database itself keeps: sums, rights, order under many writers, nothing of what was rolled back."""

import asyncio
import os
import random
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError

from services.finance.domain.balances import Figures
from services.finance.domain.ledger import Field
from services.finance.queries.balances import BalanceQuery, read_balances
from services.finance.use_cases.decisions import post_decision, reverse_decision
from shared.errors import Conflict
from shared.events import finance as events
from shared.keys.viewers import EVERYTHING
from shared.runtime.clock import ManualClock, local_date
from shared.runtime.database import Database
from shared.runtime.migrations import migrate
from tests.finance.test_ledger import _DISCREPANCIES
from tests.finance.world import ACTOR, DAY, FinanceService, header, line, line_body, post, record_agencies
from tests.support.bus import wait_for
from tests.support.writing import run_alone, writing

KEPT = ("decisions", "postings", "claims", "voucher_lines", "accounts")


async def rows(database: Database, statement: str, **values: Any) -> list[Any]:
    async with database.reading() as connection:
        return list((await connection.execute(text(statement), values)).all())


async def write(database: Database, statement: str) -> None:
    async with writing(database) as session:
        await session.execute(text(statement))


async def refused(database: Database, *statements: str) -> str:
    """The SQLSTATE with which the last statement is refused; the others are taken back with it."""

    async def run() -> None:
        async with writing(database) as session:
            for statement in statements:
                await session.execute(text(statement))

    with pytest.raises(DBAPIError) as error:
        await run()
    state: str = error.value.orig.sqlstate  # type: ignore[union-attr]  # a DBAPIError has one
    return state


# --- rights ---------------------------------------------------------------------------------------------------------


def changes(table: str) -> tuple[str, ...]:
    column = {
        "decisions": "actor",
        "claims": "actor",
        "postings": "amount",
        "voucher_lines": "line",
        "accounts": "stage",  # balances move
    }[table]
    return f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"  # noqa: S608 - our own words


@pytest.mark.parametrize("table", KEPT)
async def test_the_service_has_no_right_to_change_what_is_kept(database: Database, table: str) -> None:
    for statement in changes(table):
        with pytest.raises(DBAPIError, match=f"permission denied for table {table}"):
            await write(database, statement)


@pytest.mark.parametrize("table", KEPT)
async def test_not_even_a_superuser_changes_it_by_mistake(admin: Database, table: str) -> None:
    for statement in changes(table):
        with pytest.raises(DBAPIError, match="append-only"):
            await write(admin, statement)


async def test_an_owner_who_is_no_superuser_gives_the_right_away(postgres: URL, clock: ManualClock) -> None:
    """As deployed: the service's user owns its database and migrates it."""
    user, name = f"owner_{os.getpid()}", f"test_owned_{os.getpid()}"
    server = postgres.set(database="postgres")
    await run_alone(
        server,
        f"CREATE ROLE {user} LOGIN PASSWORD 'owner'",
        f"CREATE DATABASE {name} OWNER {user} TEMPLATE template0 ENCODING 'UTF8'",
    )
    url = postgres.set(database=name, username=user, password="owner")
    owned = Database(url, pool_size=2, application="dondoc-finance")
    try:
        await migrate("finance", url)
        await record_agencies(owned)
        decision_id = await post(owned, clock, header("approve", "1"), [line(10)])
        async with writing(owned) as session:
            await reverse_decision(
                session, decision_id, reason="sai", effective_on=DAY, actor=ACTOR, at=clock.now()
            )
        assert await rows(owned, "SELECT current_user") == [(user,)]
        for statement in (statement for table in KEPT for statement in changes(table)):
            with pytest.raises(DBAPIError, match="permission denied for table"):
                await write(owned, statement)
    finally:
        await owned.close()
        await run_alone(server, f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {user}")


async def test_the_service_may_use_tables_that_later_migrations_create(
    database: Database, admin: Database
) -> None:
    async with writing(admin) as session:
        await session.execute(text("CREATE TABLE made_later (id int)"))
    try:
        async with writing(database) as session:
            await session.execute(text("INSERT INTO made_later VALUES (1)"))
            await session.execute(text("UPDATE made_later SET id = 2"))
            assert (await session.execute(text("DELETE FROM made_later RETURNING id"))).scalars().all() == [2]
    finally:
        async with writing(admin) as session:
            await session.execute(text("DROP TABLE made_later"))


async def test_every_connection_of_the_service_takes_its_role(database: Database, admin: Database) -> None:
    async def role(of: Database) -> list[str]:
        async def ask() -> str:
            async with writing(of) as session:
                await session.execute(text("SELECT pg_sleep(0)"))
                return str(await session.scalar(text("SELECT current_user")))

        return await asyncio.gather(*(ask() for _ in range(5)))

    assert set(await role(database)) == {"dondoc_finance"}
    assert set(await role(admin)) != {"dondoc_finance"}
    [(superuser, login)] = await rows(
        database, "SELECT rolsuper, rolcanlogin FROM pg_roles WHERE rolname = current_user"
    )
    assert (superuser, login) == (False, False)


# --- sums -----------------------------------------------------------------------------------------------------------


async def test_postings_that_do_not_add_up_are_refused(database: Database, clock: ManualClock) -> None:
    await post(database, clock, header("approve", "1"), [line(10)])
    decision = (
        "INSERT INTO decisions (id, kind, number, normal_form, similar_form, issued_on, entry, effective_on, line_count, "
        "amount, actor, recorded_at) VALUES ('00000000-0000-4000-8000-000000000001', 'approve', 'x', 'x', 'x', '2025-05-20', 1, '2025-05-20', 1, 5, 'x', "
        "'2025-05-20T01:00:00Z')"
    )

    def posting(
        position: int,
        amount: int,
        day: str = "2025-05-20",
        at: str = "2025-05-20T01:00:00Z",
        account: str = "",
    ) -> str:
        account = account or f"(SELECT id FROM accounts ORDER BY id LIMIT 1 OFFSET {(position + 1) % 2})"  # noqa: S608 - our own words
        return f"('00000000-0000-4000-8000-000000000001'::uuid, {position}, {account}, {amount}, '{day}'::date, '{at}'::timestamptz)"

    def inserting(*postings: str) -> str:
        return f"INSERT INTO postings VALUES {', '.join(postings)}"  # noqa: S608 - our own words

    async def insert(*postings: str, first: str = decision) -> str:
        return await refused(database, first, inserting(*postings))

    assert await insert(posting(1, -5), posting(2, 4)) == "23514"
    assert await insert(posting(1, -5)) == "23514"
    assert await insert(posting(1, -5), posting(3, 5)) == "23514"
    assert await insert(posting(1, -5), posting(2, 5, day="2025-05-19")) == "23514"
    assert await insert(posting(1, -5), posting(2, 5, at="2025-05-19T00:00:00Z")) == "23514"
    assert await insert(posting(1, -5), posting(2, 5), first="SELECT 1") == "23514"  # no such decision
    assert await insert(posting(1, 0), posting(2, 0)) == "23514"
    assert await insert(posting(1, -5), posting(2, 5, account="-1")) == "23514"  # no such account
    complete = inserting(posting(1, -5), posting(2, 5))
    assert (
        await refused(database, decision, complete, complete) == "23505"
    )  # nothing is added to what is closed
    more = inserting(posting(3, -5), posting(4, 5))
    assert await refused(database, decision, complete, more) == "23514"


async def test_no_account_but_the_authority_is_below_zero(
    admin: Database, database: Database, clock: ManualClock
) -> None:
    await post(database, clock, header("approve", "1"), [line(10)])
    assert await refused(admin, "UPDATE accounts SET balance = -1 WHERE stage = 'unallocated'") == "23514"
    assert await rows(admin, "SELECT balance FROM accounts WHERE stage = 'authority'") == [(-10,)]


# --- many at once ---------------------------------------------------------------------------------------------------


async def whole(database: Database, clock: ManualClock) -> Figures:
    async with database.reading() as connection:
        group, _ = await read_balances(
            connection, BalanceQuery(local_date(clock.now()), clock.now()), EVERYTHING
        )
        return group.figures


async def test_many_clients_on_the_same_accounts_neither_overdraw_nor_deadlock(
    database: Database, clock: ManualClock
) -> None:
    """Lines in any order over shared budgets; money for about half of them."""
    places = [
        ("G06", Field.DIGITAL_TRANSFORMATION),
        ("G12", Field.SCIENCE_INNOVATION),
        ("01", Field.DIGITAL_TRANSFORMATION),
    ]
    funds = [line(300, agency, field=spending) for agency, spending in places]
    await post(database, clock, header("approve", "a"), funds)
    await post(database, clock, header("allocate", "a"), funds)
    chance = random.Random(57)
    spent: Counter[str] = Counter()
    refusals = 0

    async def client(number: int) -> None:
        nonlocal refusals
        for turn in range(10):
            chosen = chance.sample(places, k=chance.randint(1, 3))
            lines = [line(chance.randint(1, 20), agency, field=spending) for agency, spending in chosen]
            try:
                await post(database, clock, header("disburse", f"{number}-{turn}"), lines)
            except Conflict as refusal:
                refusals += refusal.code == "insufficient"
            else:
                spent.update({item.agency_code: item.amount for item in lines})

    async with asyncio.timeout(120):
        await asyncio.gather(*(client(number) for number in range(20)))
    assert refusals > 10
    balance = await whole(database, clock)
    assert balance.disbursed == spent.total()
    assert balance.remaining == 900 - spent.total()
    assert await rows(database, _DISCREPANCIES) == []
    budgets = await rows(database, "SELECT id, agency_code, disbursed, version FROM budgets")
    assert {row.agency_code: row.disbursed for row in budgets} == dict(spent)
    for row in budgets:  # every version is reported once, in order
        told_versions = await rows(
            database,
            "SELECT version FROM outbox WHERE subject = :subject ORDER BY id",
            subject=str(row.id),
        )
        assert [version for (version,) in told_versions] == list(range(1, row.version + 1))


async def test_lines_in_opposite_orders_are_locked_in_one(
    database: Database, admin: Database, clock: ManualClock
) -> None:
    """Both decisions wait for the budget in the middle: had each locked in the order of its lines, they would hold what
    the other needs next, and one of them would end with 40P01 (deadlock_detected)."""
    codes = [f"X{number:02}" for number in range(20)]
    await record_agencies(database, [(code, "Bộ", "central", None) for code in codes])
    forwards = [line(1, code) for code in codes]
    await post(database, clock, header("approve", "first"), forwards)
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
        "AND query LIKE '%post_decision%'"
    )

    async def both_wait() -> bool:
        return len(await rows(admin, waiting)) == 2

    async with asyncio.timeout(30), asyncio.TaskGroup() as group, writing(admin) as holder:
        await holder.execute(text("SELECT FROM budgets WHERE agency_code = 'X10' FOR UPDATE"))
        group.create_task(post(database, clock, header("approve", "forwards"), forwards))
        group.create_task(post(database, clock, header("approve", "backwards"), forwards[::-1]))
        await wait_for(both_wait)
    assert await rows(database, "SELECT DISTINCT unallocated, version FROM budgets") == [(3, 3)]


async def test_what_was_known_at_any_instant_was_never_overdrawn(
    database: Database, clock: ManualClock
) -> None:
    """A decision dated before the one it waited for is recorded with it, not before it."""
    earlier = clock.now()
    clock.advance(minutes=1)
    await post(database, clock, header("approve", "1"), [line(10)])
    async with writing(database) as session:  # its clock was read a minute before the approval's
        await post_decision(session, header("allocate", "1"), [line(10)], actor=ACTOR, at=earlier)
    stamps = await rows(database, "SELECT DISTINCT recorded_at FROM postings")
    assert [row.recorded_at for row in stamps] == [clock.now()]
    assert await rows(database, "SELECT DISTINCT recorded_at FROM decisions") == [(clock.now(),)]


@pytest.mark.parametrize("number", range(3))
async def test_one_of_two_reversals_at_once_holds(
    database: Database, clock: ManualClock, number: int
) -> None:
    decision_id = await post(database, clock, header("approve", str(number)), [line(10)])

    async def reverse() -> bool:
        try:
            async with writing(database) as session:
                await reverse_decision(
                    session, decision_id, reason="sai", effective_on=DAY, actor=ACTOR, at=clock.now()
                )
        except (Conflict, DBAPIError):
            return False
        return True

    assert sorted(await asyncio.gather(*(reverse() for _ in range(4)))) == [False, False, False, True]
    assert (await whole(database, clock)).approved == 0
    assert await rows(database, _DISCREPANCIES) == []


async def test_one_of_many_that_post_one_document_at_once_holds(service: FinanceService) -> None:
    body = service.decision("approve", line_body(10))
    answers = await asyncio.gather(*(service.send("POST", "/decisions", json=body) for _ in range(6)))
    codes = Counter("posted" if answer.status_code == 201 else answer.json()["code"] for answer in answers)
    assert codes["posted"] == 1
    assert set(codes) == {"posted", "decision_posted"}
    assert (await service.get("/balances"))["total"]["approved"] == 10


async def test_of_numbers_alike_or_similar_that_come_at_once_one_is_posted(service: FinanceService) -> None:
    """Also on different budgets, whose locks do not make one wait for the other."""
    typed = ("9/QĐ-BTC", "9/QÐ-BTC", "09/qđ–btc", "9/QD-BTC", "9-QĐ/BTC")
    bodies = [
        service.decision("approve", line_body(10, agency), number=number)
        for number in typed
        for agency in ("G06", "G12")
    ]
    answers = await asyncio.gather(*(service.send("POST", "/decisions", json=body) for body in bodies))
    codes = Counter("posted" if answer.status_code == 201 else answer.json()["code"] for answer in answers)
    assert codes["posted"] == 1
    assert set(codes) <= {"posted", "decision_posted", "number_similar"}
    assert (await service.get("/balances"))["total"]["approved"] == 10


async def test_the_database_itself_posts_a_document_once(database: Database, clock: ManualClock) -> None:
    await post(database, clock, header("approve", "9/QĐ-BTC"), [line(10)])
    again = (
        "INSERT INTO decisions SELECT gen_random_uuid(), kind, '9/QÐ-BTC', normal_form, similar_form, issued_on, entry, "
        "effective_on, NULL, NULL, 1, 1, 'x', recorded_at FROM decisions"
    )
    assert await refused(database, again) == "23505"


async def test_a_connection_that_is_killed_leaves_nothing(
    database: Database, admin: Database, clock: ManualClock
) -> None:
    await post(database, clock, header("approve", "1"), [line(10)])
    counted = (
        "SELECT count(*), (SELECT count(*) FROM outbox), (SELECT sum(version) FROM budgets) FROM postings"
    )
    before = await rows(database, counted)

    async def broken_off() -> None:
        async with writing(database) as session:
            await post_decision(session, header("allocate", "1"), [line(4)], actor=ACTOR, at=clock.now())
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            assert await rows(admin, "SELECT pg_terminate_backend(:pid)", pid=pid) == [(True,)]

    with pytest.raises(DBAPIError):
        await broken_off()
    assert await rows(database, counted) == before
    await post(database, clock, header("allocate", "1"), [line(4)])
    assert (await whole(database, clock)).allocated == 4


# --- events ---------------------------------------------------------------------------------------------------------


async def test_events_written_by_the_database_keep_the_contracts(service: FinanceService) -> None:
    """A statement of SQL writes them: they must read as the contracts say, member by member."""
    await service.fund(100, 60, 20)
    await service.decide("recover", line_body(5))
    for kind in ("recover", "disburse"):
        [taken_back] = (await service.get("/decisions", params={"kind": kind}))["items"]
        path = f"/decisions/{taken_back['id']}/reversal"
        await service.post(path, {"reason": "Sai", "effective_on": "2025-05-20"})
    written = await service.rows("SELECT type, subject, version, data FROM outbox ORDER BY id")
    assert len(written) == 12
    assert [row.type for row in written if "recovery" in row.type] == [
        "vn.dondoc.finance.recovery.posted.v1",
        "vn.dondoc.finance.recovery.reversed.v1",
    ]
    for row in written:
        contract = events.EVENTS[row.type]
        parsed = contract.model_validate(row.data)
        assert parsed.subject() == row.subject
        inner = next(iter(row.data))
        assert set(row.data[inner]) == set(type(getattr(parsed, inner)).model_fields)
        assert getattr(parsed, inner).version == row.version
    [state] = [row.data["budget"] for row in written if row.type.endswith("budget.changed.v1")][2:3]
    figures = (await service.get("/balances", params={"as_of": "2025-05-20"}))["total"]
    del state["last_disbursed_on"]
    assert (state["approved"], state["allocated"], state["disbursed"]) == (100, 60, 20)
    assert figures["disbursed"] == 0


async def test_many_lines_are_posted_by_keys_where_statistics_tell_of_few_rows(
    database: Database, admin: Database, clock: ManualClock
) -> None:
    """A join that is planned for few rows compares each with each: lines with accounts, accounts with postings.

    Few is what statistics tell of a table that was small, and of one that a transaction fills at that moment.
    """
    for first in range(7):  # after five executions PostgreSQL may keep one plan for all values
        await post(database, clock, header("approve", f"{first}/A"), [line(1)])
    await _analyze(admin)
    many = [line(n + 1, source=f"S{n}") for n in range(10_000)]
    async with writing(database) as session:
        # 0.7 s by keys; 12 s and more by such a join
        await session.execute(text("SET LOCAL statement_timeout = '9s'"))
        await post_decision(session, header("approve", "B"), many, actor=ACTOR, at=clock.now())
        await _analyze(admin)
        id_ = await post_decision(session, header("allocate", "B"), many, actor=ACTOR, at=clock.now())
        await _analyze(admin)
        await reverse_decision(session, id_, reason="Nhầm", effective_on=DAY, actor=ACTOR, at=clock.now())
    short = [*many[:-1], line(10_001, source="S9999")]
    with pytest.raises(Conflict) as refusal:
        await post(database, clock, header("allocate", "C"), short)
    assert [one["line"] for one in refusal.value.extra["shortages"]] == [10_000]


async def _analyze(admin: Database) -> None:
    async with writing(admin) as session:
        await session.execute(text("ANALYZE accounts, decisions, postings, budgets"))
