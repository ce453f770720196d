from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from sqlalchemy import URL

from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.finance.world import TI, FinanceService, line_body, record_agencies, running_finance
from tests.support.reused import emptied, reused_database


@pytest.fixture(scope="session")
def finance_url(postgres: URL, template: Callable[[str], str]) -> Iterator[URL]:
    with reused_database(postgres, template("finance"), "finance") as url:
        yield url


@pytest.fixture
async def database(finance_url: URL) -> AsyncIterator[Database]:
    """The migrated, empty database of the service, as the service's own connections see it, with a few agencies."""
    async with emptied(finance_url, "dondoc-finance") as database:
        await record_agencies(database)
        yield database


@pytest.fixture
async def service(database: Database, clock: ManualClock) -> AsyncIterator[FinanceService]:
    """The finance service at 08:00 on 20 May 2025."""
    async with running_finance(database, clock) as running:
        yield running


@pytest.fixture
async def funded(service: FinanceService) -> FinanceService:
    """G12 has 3,000 tỉ since 1 May."""
    for kind in ("approve", "allocate"):
        await service.decide(kind, line_body(3_000 * TI), effective_on="2025-05-01")
    return service
