from collections.abc import AsyncIterator

import pytest

from shared.runtime.clock import ManualClock
from tests.conftest import PLATFORM, Reused
from tests.support.reused import emptied
from tests.support.toy import Toy, running_toy


@pytest.fixture
async def toy(reused: Reused, clock: ManualClock) -> AsyncIterator[Toy]:
    """The smallest service, at 08:00 on 20 May 2025."""
    async with emptied(await reused(PLATFORM)) as database, running_toy(database, clock) as running:
        yield running
