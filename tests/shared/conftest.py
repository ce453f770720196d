from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from sqlalchemy import URL

from shared.runtime.clock import ManualClock
from tests.conftest import SPINE
from tests.support.reused import emptied, reused_database
from tests.support.toy import Toy, running_toy


@pytest.fixture(scope="session")
def toy_url(postgres: URL, template: Callable[[str], str]) -> Iterator[URL]:
    with reused_database(postgres, template(SPINE), "toy") as url:
        yield url


@pytest.fixture
async def toy(toy_url: URL, clock: ManualClock) -> AsyncIterator[Toy]:
    """The smallest service, at 08:00 on 20 May 2025."""
    async with emptied(toy_url) as database, running_toy(database, clock) as running:
        yield running
