from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from services.notify.settings import NotifySettings
from shared.runtime.clock import ManualClock
from tests.conftest import MakeDatabase
from tests.notify.world import World
from tests.support.service import settings_of


@pytest.fixture
def settings() -> NotifySettings:
    return settings_of(
        NotifySettings,
        allow_outgoing="127.0.0.0/8",
        public_url="https://dondoc.example.vn",
        webhook_total_seconds=10,
    )


@pytest.fixture
async def world(
    make_database: MakeDatabase, clock: ManualClock, settings: NotifySettings
) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield await World.open(await make_database("notify"), clock, settings, stack)
