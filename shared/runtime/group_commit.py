"""Group commit: what concurrent callers write goes into one transaction, and each is answered after it has committed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from shared.runtime.pool_queue import requested_by

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """Items that arrive while a group is being committed form the next one, so that a lone item never waits.

    Args:
        commit: commits the items of a group; returns a result for each, in their order.
        most: items of a group.
    """

    def __init__(self, commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], most: int) -> None:
        self._commit = commit
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """The item's result, once its group has committed; what `commit` raises, each item of the group raises."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if self._committing is None or self._committing.done():
            context = (
                Context()
            )  # not of the caller who happens to begin: his key's share of connections may be used up
            context.run(requested_by.set, "")
            self._committing = asyncio.create_task(self._commit_waiting(), context=context)
        return await result

    async def _commit_waiting(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            wanted = [(item, result) for item, result in group if not result.cancelled()]
            try:
                results = await self._commit([item for item, _ in wanted])
            except Exception as error:  # noqa: BLE001 - it is raised again, by each caller
                for _, waiting in wanted:
                    if not waiting.cancelled():
                        waiting.set_exception(error)
                continue
            for (_, waiting), result in zip(wanted, results, strict=True):
                if not waiting.cancelled():
                    waiting.set_result(result)
