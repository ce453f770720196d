"""Round trips to PostgreSQL, counted from outside: a proxy of its socket that sees who speaks.

Each time the client speaks after the server has spoken is one, whatever number of messages it sends at once.
"""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from sqlalchemy import URL

SOCKET = ".s.PGSQL.5432"
REQUESTS = (
    12  # counted, one after the other; the median leaves out loops of the process that ask now and then
)


class Counter:
    """The number of round trips on all connections."""

    def __init__(self) -> None:
        self.count = 0

    def median_of(self, request: Callable[[], object]) -> float:
        """Round trips of one request: of several in turn the median, after two that prepare statements."""
        found = []
        for turn in range(REQUESTS + 2):
            before = self.count
            request()
            if turn >= 2:
                found.append(self.count - before)
        return median(found)


async def _pass_on(
    counter: Counter, socket: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    server_reader, server_writer = await asyncio.open_unix_connection(socket)
    answered = True

    async def ask() -> None:
        nonlocal answered
        while data := await reader.read(65_536):
            if answered:
                counter.count += 1
                answered = False
            server_writer.write(data)
        server_writer.close()

    async def answer() -> None:
        nonlocal answered
        while data := await server_reader.read(65_536):
            answered = True
            writer.write(data)
        writer.close()

    await asyncio.gather(ask(), answer(), return_exceptions=True)


@contextmanager
def counted(url: URL) -> Iterator[tuple[URL, Counter]]:
    """The same database behind the proxy."""
    host, port = str(url.query["host"]), url.query.get("port", "5432")
    folder, counter = Path(tempfile.mkdtemp(prefix="dondoc-rt-")), Counter()
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        await asyncio.start_unix_server(
            lambda reader, writer: _pass_on(counter, f"{host}/.s.PGSQL.{port}", reader, writer),
            folder / SOCKET,
        )

    loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield url.set(query={"host": str(folder)}), counter
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        shutil.rmtree(folder)
