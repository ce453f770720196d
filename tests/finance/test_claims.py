"""Claims in force: the same as all statements give, for any day and instant, and read without the former ones."""

from datetime import date, datetime
from itertools import product
from typing import Any

from sqlalchemy import text

from services.finance.queries.claims import list_claims, sum_claims
from shared.keys.viewers import EVERYTHING
from tests.finance.test_api import claim_body
from tests.finance.world import FinanceService


async def test_claims_in_force_are_those_that_all_statements_give(service: FinanceService) -> None:
    """For every day and instant the list is what the definition makes of every statement recorded up to then."""
    days = [date(2025, 5, day) for day in (3, 9, 9, 14, 2, 14, 20, 9)]
    stated = []
    for number, day in enumerate(days):
        service.clock.advance(minutes=1)
        agency = ("G12", "G06")[number % 2]
        claim = claim_body(number, stated_on=day.isoformat(), agency_code=agency)
        stated.append(await service.post("/claims", claim))
    instants = [datetime.fromisoformat(each["recorded_at"]) for each in stated]
    async with service.database.reading() as connection:
        for as_of, known_at in product(sorted({*days, date(2025, 5, 1)}), instants):
            asked = {"as_of": as_of, "known_at": known_at}
            found = await list_claims(
                connection, {}, EVERYTHING, **asked, superseded=False, after=None, limit=9
            )
            held: dict[str, Any] = {}
            for each, recorded_at in zip(stated, instants, strict=True):
                if date.fromisoformat(each["stated_on"]) <= as_of and recorded_at <= known_at:
                    former = held.get(each["agency_code"], each)
                    held[each["agency_code"]] = max(
                        former, each, key=lambda one: (one["stated_on"], one["version"])
                    )
            assert [str(row.id) for row in found] == [held[agency]["id"] for agency in sorted(held)]
            total = await sum_claims(connection, {}, EVERYTHING, **asked)
            assert total.amount == sum(each["amount"] for each in held.values())


async def test_claims_of_now_are_read_without_their_former_statements(service: FinanceService) -> None:
    for amount in range(3):
        await service.post("/claims", claim_body(amount))
    asked = {"as_of": date(2025, 5, 20), "known_at": service.clock.now()}
    read = text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'claims'")
    async with service.database.snapshot() as connection:
        before = await connection.scalar(read)
        await list_claims(connection, {}, EVERYTHING, **asked, superseded=False, after=None, limit=1)
        await sum_claims(connection, {}, EVERYTHING, **asked)
        assert await connection.scalar(read) == before
