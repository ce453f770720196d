"""The client of HTTP benches, in a process of its own: epoll, blocking of nothing, requests made beforehand.

It parses no more of an answer than its status and content-length. `measured_alone` measures it against the plainest server,
which answers any read with the same bytes: what it reaches there is far above what it measures, and during each figure the
share of a core that it uses is kept.
"""

import multiprocessing
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.connection import Connection
from statistics import quantiles
from typing import Any

from shared.runtime.listener import open_listener

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
WAIT_SECONDS = 60.0  # for one answer: longer than the 30 s after which PostgreSQL ends a statement
KEPT_BODIES = 4  # answers given back, to be compared
ANSWER_SIZES = (600, 50_000)  # bytes: about one task, and a page of 50


@dataclass(frozen=True)
class Load:
    """Requests for one run. Without `once` they are sent again and again; it ends after `seconds` at the latest."""

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    once: bool = False


@dataclass(frozen=True)
class Answered:
    """`busy`: the share of a core that the client used. Latencies in seconds."""

    answers: int
    seconds: float
    latencies: Sequence[float]
    busy: float
    bodies: Sequence[bytes]

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


class Refused(Exception):
    """An answer whose status is not 2xx."""


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.received = b""
        self.missing: int | None = (
            None  # bytes of the answer after those received; None until its head is whole
        )
        self.body_at = 0
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.received, self.missing = b"", None
        self.sent_at = time.perf_counter()
        sent = self.socket.send(request)
        if sent != len(request):
            raise RuntimeError("a request larger than the socket's buffer")

    def has_answer(self) -> bool:
        """Read what is there; true once the answer is whole."""
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("the server closed a connection")
        self.received += part
        if self.missing is None:
            end = self.received.find(HEAD_END)
            if end < 0:
                return False
            head = self.received[:end].lower()
            at = head.find(LENGTH) + len(LENGTH)
            line = head.find(b"\r\n", at)
            self.body_at = end + len(HEAD_END)
            self.missing = self.body_at + int(head[at : line if line >= 0 else None])
        if len(self.received) < self.missing:
            return False
        if self.received[9:10] != b"2":
            raise Refused(
                (self.received[9:13] + self.received[self.body_at :][:200]).decode(errors="replace")
            )
        return True


def run_load(load: Load) -> Answered:
    """Send as many requests at once as there are connections, each the next as soon as its answer is whole."""
    connections = [_Connection(load.port) for _ in range(load.connections)]
    poll = select.epoll()
    by_file = {each.socket.fileno(): each for each in connections}
    todo = iter(load.requests) if load.once else cycle(load.requests)
    latencies: list[float] = []
    bodies: list[bytes] = []
    busy, began = time.process_time(), time.perf_counter()
    last, open_ = began, 0
    for file, connection in by_file.items():
        poll.register(file, select.EPOLLIN)
        if (request := next(todo, None)) is not None:
            connection.send(request)
            open_ += 1
    while open_:
        ready = poll.poll(WAIT_SECONDS)
        if not ready:
            raise TimeoutError(f"no answer within {WAIT_SECONDS:.0f} s")
        for file, _ in ready:
            connection = by_file[file]
            if not connection.has_answer():
                continue
            last = time.perf_counter()
            latencies.append(last - connection.sent_at)
            if len(bodies) < KEPT_BODIES:
                bodies.append(connection.received[connection.body_at :])
            if last - began >= load.seconds or (request := next(todo, None)) is None:
                open_ -= 1
                poll.unregister(file)  # the server may close what is not used
            else:
                connection.send(request)
    for connection in connections:
        connection.socket.close()
    share = (time.process_time() - busy) / (last - began)
    return Answered(len(latencies), last - began, latencies, share, bodies)


def _work(requests: Connection) -> None:
    while (load := requests.recv()) is not None:
        try:
            requests.send(run_load(load))
        except Exception as error:  # noqa: BLE001 - the caller raises it
            requests.send(error)


class Client:
    """The process of the client."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, load: Load) -> Answered:
        self._connection.send(load)
        found = self._connection.recv()
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[no-any-return]  # what _work sends


@contextmanager
def client_process() -> Iterator[Client]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()  # so that its end is seen here
    try:
        yield Client(ours)
    finally:
        process.terminate()
        process.join()
        ours.close()


def percentiles(latencies: Sequence[float]) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    if len(latencies) == 1:
        return latencies[0] * 1000, latencies[0] * 1000
    cuts = quantiles(latencies, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


def _answer_all(ready: Any, size: int) -> None:
    """The plainest server: whatever is read is a request, and the answer is ready."""
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size
    with open_listener("127.0.0.1", 0) as listener:
        listener.listen()
        poll = select.epoll()
        poll.register(listener.fileno(), select.EPOLLIN)
        ready.send(listener.getsockname()[1])
        callers: dict[int, socket.socket] = {}
        while True:
            for file, _ in poll.poll():
                if file == listener.fileno():
                    caller, _ = listener.accept()
                    caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    callers[caller.fileno()] = caller
                    poll.register(caller.fileno(), select.EPOLLIN)
                elif callers[file].recv(65_536):
                    callers[file].sendall(answer)
                else:
                    poll.unregister(file)
                    callers.pop(file).close()


def measured_alone() -> str:
    """The client's rate, and its cost, against the plainest server, with short and long answers."""
    told = []
    with client_process() as client:
        for size in ANSWER_SIZES:
            with _server(size) as port:
                request = b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n"
                found = client.run(Load(port, [request], 8, 0.5))
            cost = found.busy / found.rate * 1_000_000
            told.append(
                f"{found.rate:,.0f} answers/s of {size:,} bytes, {cost:.0f} µs of processor time each"
            )
    return f"against a bare server {'; '.join(told)}"


@contextmanager
def _server(size: int) -> Iterator[int]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_answer_all, args=(theirs, size), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()
        ours.close()
