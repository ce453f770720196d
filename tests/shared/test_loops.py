"""Loops start together, are started again after a failure, and are known to be alive or not."""

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from shared.runtime import loops
from shared.runtime.loops import SILENT_AFTER_SECONDS, Liveness, Loops


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(loops, "LONGEST_PAUSE_SECONDS", 0.002)


def failures(name: str) -> float:
    return REGISTRY.get_sample_value("dondoc_loop_failures_total", {"loop": name}) or 0.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a counter has no event to wait for
            await asyncio.sleep(0)


async def test_a_loop_that_fails_is_started_again_and_tells_what_was_wrong() -> None:
    rounds, mended = 0, asyncio.Event()
    before = failures("shaky")

    async def shaky(liveness: Liveness) -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise RuntimeError("no luck")
        liveness.report()
        mended.set()
        await asyncio.Event().wait()

    running = Loops({"shaky": shaky})
    assert running.troubles() == {"shaky": "not started"}
    async with running.running():
        await until(mended.is_set)
        assert running.troubles() == {}
    assert failures("shaky") == before + 2


async def test_a_loop_that_ends_by_itself_has_failed() -> None:
    async def brief(_: Liveness) -> None:
        return

    running = Loops({"brief": brief})
    async with running.running():
        await until(lambda: running.liveness["brief"].failure is not None)
    assert running.troubles() == {"brief": "RuntimeError"}


async def test_one_that_fails_costs_the_others_nothing_and_all_end_together() -> None:
    ended = asyncio.Event()

    async def steady(liveness: Liveness) -> None:
        try:
            while True:
                liveness.report()
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def failing(_: Liveness) -> None:
        raise OSError("away")

    running = Loops({"steady": steady, "failing": failing})
    before = failures("failing")
    async with running.running():
        await until(lambda: failures("failing") >= before + 3)
        assert running.troubles() == {"failing": "OSError"}
    assert ended.is_set()


async def test_a_trouble_holds_no_words_of_the_failure(caplog: pytest.LogCaptureFixture) -> None:
    words = "Connect call failed ('10.1.2.3', 9092), user dondoc"

    async def failing(_: Liveness) -> None:
        raise ConnectionRefusedError(words)

    running = Loops({"failing": failing})
    async with running.running():
        await until(lambda: running.liveness["failing"].failure is not None)
    assert running.troubles() == {"failing": "ConnectionRefusedError"}  # whoever asks /readyz needs no key
    assert words in caplog.text


def test_a_loop_has_its_series_before_its_first_round_and_its_first_failure() -> None:
    """A counter that begins at 1 has not increased, and a loop that never reported would never be silent."""
    name, began = f"unheard-{uuid4().hex}", time.time()

    async def hanging(_: Liveness) -> None:
        await asyncio.Event().wait()

    Loops({name: hanging})
    reported = REGISTRY.get_sample_value("dondoc_loop_last_report_timestamp_seconds", {"loop": name})
    assert reported is not None
    assert began <= reported <= time.time()
    assert REGISTRY.get_sample_value("dondoc_loop_failures_total", {"loop": name}) == 0


def test_silence_is_a_trouble() -> None:
    liveness = Liveness("quiet")
    liveness.report()
    assert liveness.trouble() is None
    liveness.last_report = time.monotonic() - SILENT_AFTER_SECONDS - 1
    assert liveness.trouble() == "silent for 61 s"


def test_a_failure_ends_with_the_next_beat() -> None:
    liveness = Liveness("x")
    liveness.failure = "OSError"
    assert liveness.trouble() == "OSError"
    liveness.report()
    assert liveness.trouble() is None
