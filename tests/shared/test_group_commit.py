"""Group commit: groups form while one is committed, and each caller learns what became of his item."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.runtime.group_commit import GroupCommit
from shared.runtime.pool_queue import requested_by


async def test_what_comes_while_a_group_is_committed_forms_the_next() -> None:
    groups: list[list[int]] = []

    async def commit(items: Sequence[int]) -> list[int]:
        groups.append(list(items))
        assert requested_by.get() == ""  # a group is no key's: it waits for no key's share of connections
        await asyncio.sleep(0)
        return [item * 10 for item in items]

    group = GroupCommit(commit, most=3)
    requested_by.set("a key")
    assert await asyncio.gather(*map(group.submit, range(6))) == [0, 10, 20, 30, 40, 50]
    assert await group.submit(6) == 60
    assert [len(each) for each in groups] == [3, 3, 1]


async def test_a_group_that_fails_fails_for_each_of_its_callers_alone() -> None:
    async def commit(items: Sequence[int]) -> list[int]:
        if 0 in items:
            raise ConnectionError
        return list(items)

    group = GroupCommit(commit, most=2)
    answers = await asyncio.gather(*map(group.submit, range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError, ConnectionError, int, int]


async def test_a_caller_who_leaves_holds_nobody_up() -> None:
    """Before his group begins his item is dropped; afterwards it is committed without him."""
    began, go_on = asyncio.Event(), asyncio.Event()
    committed: list[int] = []

    async def commit(items: Sequence[int]) -> Sequence[int]:
        began.set()
        await go_on.wait()
        committed.extend(items)
        return items

    group = GroupCommit(commit, most=9)
    first, other = asyncio.create_task(group.submit(1)), asyncio.create_task(group.submit(2))
    await began.wait()
    late, last = asyncio.create_task(group.submit(3)), asyncio.create_task(group.submit(4))
    await asyncio.sleep(0)
    first.cancel()
    late.cancel()
    go_on.set()
    assert await asyncio.gather(other, last) == [2, 4]
    for cancelled in (first, late):
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    assert committed == [1, 2, 4]
