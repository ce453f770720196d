from collections.abc import AsyncIterator

import pytest

from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.conftest import Reused
from tests.finance.world import TI, FinanceService, line_body, record_agencies, running_finance
from tests.support.reused import emptied


@pytest.fixture
async def database(reused: Reused) -> AsyncIterator[Database]:
    """The migrated, empty database of the service, as the service's own connections see it, with a few agencies."""
    async with emptied(await reused("finance"), "dondoc-finance") as database:
        await record_agencies(database)
        yield database


@pytest.fixture
async def admin(reused: Reused) -> AsyncIterator[Database]:
    """Connections with every right."""
    admin = Database(await reused("finance"), pool_size=2, application="dondoc-test")
    yield admin
    await admin.close()


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
