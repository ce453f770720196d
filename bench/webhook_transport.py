"""Webhooks to many distinct hosts: httpx2 against aiohttp.

    python bench/webhook_transport.py                  # 200 and 2,000 hosts, 20 and 200 in flight, five runs each
    python bench/webhook_transport.py --runs 1 --posts 400

Plain http on loopback, a signed-size body (2 KB), one name per host, the names answered by an injected resolver. The
receiver is a bare asyncio protocol in a process of its own; its share of one core is printed, so that one can see it
was not the bottleneck. The last column is the median against the first row of its table.
"""

import argparse
import asyncio
import gc
import itertools
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import httpcore2
import httpx2
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.http.outgoing import OutgoingPolicy, WebhookClient
from shared.runtime.networks import AllowedNetwork

ADDRESSES = [
    f"127.0.0.{n}" for n in range(1, 17)
]  # 16, so that closed sockets do not use up the ephemeral ports
BODY = b"x" * 2048
HEADERS = {"content-type": "application/json", "webhook-id": "msg_1", "webhook-signature": "v1," + "s" * 44}
TIMEOUT_SECONDS = 60.0
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
TICKS = os.sysconf("SC_CLK_TCK")

Post = Callable[[str], Awaitable[int | None]]
Sender = Callable[[int, int], AbstractAsyncContextManager[Post]]  # hosts, deliveries in flight


def address_of(host: str) -> str:
    """The loopback address of a name, the same for all clients."""
    return ADDRESSES[int(host.partition(".")[0][1:]) % len(ADDRESSES)]


class Receiver(asyncio.Protocol):
    """Answers a POST once its last byte is in; no further HTTP."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head = self.received.find(b"\r\n\r\n")
        if head >= 0 and len(self.received) >= head + 4 + len(BODY):
            self.received = b""
            self.transport.write(ANSWER)


def receive(ready: Connection) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Receiver, ADDRESSES[0], 0, backlog=4096)
        port = server.sockets[0].getsockname()[1]
        for address in ADDRESSES[1:]:
            await loop.create_server(Receiver, address, port, backlog=4096)
        ready.send(port)
        await server.serve_forever()

    asyncio.run(serve())


class Httpx2Backend(httpcore2.AsyncNetworkBackend):
    """httpx2's place for a resolver: the network backend, one layer below."""

    def __init__(self) -> None:
        self.tcp = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore2's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        return await self.tcp.connect_tcp(address_of(host), port, timeout, local_address, socket_options)


class AiohttpResolver(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = address_of(host)
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def httpx2_sender(connections: int | None, keepalive: int | None) -> Sender:
    """None: as many as there are hosts, and deliveries in flight."""

    @asynccontextmanager
    async def sender(hosts: int, in_flight: int) -> AsyncIterator[Post]:
        limits = httpx2.Limits(
            max_connections=hosts + in_flight if connections is None else connections,
            max_keepalive_connections=hosts if keepalive is None else keepalive,
        )
        transport = httpx2.AsyncHTTPTransport(limits=limits, trust_env=False)
        transport._pool._network_backend = Httpx2Backend()  # noqa: SLF001  (no public way in)
        async with httpx2.AsyncClient(
            transport=transport, trust_env=False, timeout=TIMEOUT_SECONDS
        ) as client:

            async def post(url: str) -> int:
                return (await client.post(url, content=BODY, headers=HEADERS)).status_code

            yield post

    return sender


def aiohttp_sender(*, keepalive: bool) -> Sender:
    @asynccontextmanager
    async def sender(hosts: int, in_flight: int) -> AsyncIterator[Post]:
        connector = aiohttp.TCPConnector(
            limit=hosts + in_flight,
            force_close=not keepalive,
            resolver=AiohttpResolver(),
            use_dns_cache=False,
        )
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

            async def post(url: str) -> int:
                async with session.post(url, data=BODY, headers=HEADERS) as response:
                    await response.read()
                    return response.status

            yield post

    return sender


@asynccontextmanager
async def webhook_client(_hosts: int, _in_flight: int) -> AsyncIterator[Post]:
    async def resolve(host: str, _port: int) -> list[str]:
        return [address_of(host)]

    policy = OutgoingPolicy(allow=[AllowedNetwork.parse("127.0.0.0/8")])
    client = WebhookClient(policy, resolve=resolve)

    async def post(url: str) -> int | None:
        return (await client.post(url, body=BODY, headers=HEADERS)).status_code

    yield post


SENDERS: dict[str, Sender] = {
    "httpx2, default pool (100, 20 kept)": httpx2_sender(100, 20),
    "httpx2, pool sized to the hosts": httpx2_sender(None, None),
    "httpx2, no keep-alive": httpx2_sender(None, 0),
    "aiohttp, pool sized to the hosts": aiohttp_sender(keepalive=True),
    "aiohttp, no keep-alive": aiohttp_sender(keepalive=False),
    "shared.http.WebhookClient": webhook_client,
}


async def send_all(sender: Sender, hosts: int, posts: int, in_flight: int, port: int) -> float:
    """Seconds for `posts` deliveries, going round the hosts; fails unless every answer is 200."""
    urls = iter([f"http://h{n % hosts}.test:{port}/hook" for n in range(posts)])

    async with sender(hosts, in_flight) as post:

        async def deliver() -> None:
            for url in urls:
                status = await post(url)
                assert status == 200, status

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(deliver())
        return time.perf_counter() - started


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS  # utime and stime, proc(5)


def measure(
    sender: Sender, hosts: int, posts: int, in_flight: int, receiver: tuple[int, int]
) -> tuple[float, float]:
    """Posts per second, and the receiver's share of one core meanwhile."""
    port, pid = receiver
    gc.collect()
    busy = cpu_seconds(pid)
    seconds = asyncio.run(send_all(sender, hosts, posts, in_flight, port))
    return posts / seconds, (cpu_seconds(pid) - busy) / seconds


def compare(hosts: int, posts: int, in_flight: int, runs: int, receiver: tuple[int, int]) -> None:
    print(f"\n{hosts:,} hosts, {posts:,} posts of {len(BODY):,} bytes, {in_flight} in flight, {runs} runs")
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in SENDERS}
    for _ in range(runs):  # interleaved, so that a busy moment of the machine falls on all of them
        for name, sender in SENDERS.items():
            results[name].append(measure(sender, hosts, posts, in_flight, receiver))
    base = statistics.median(rate for rate, _ in next(iter(results.values())))
    for name, pairs in results.items():
        rates = [rate for rate, _ in pairs]
        rate, busy = statistics.median(rates), statistics.median(share for _, share in pairs)
        spread = f"{min(rates):,.0f}-{max(rates):,.0f}"
        print(f"  {name:38} {rate:7,.0f}/s  ({spread:13}) receiver {busy:4.0%}  x{rate / base:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--posts", type=int, default=2000)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    receiver = spawn.Process(target=receive, args=(theirs,), daemon=True)
    receiver.start()
    assert receiver.pid is not None
    try:
        port = ours.recv()
        for hosts, in_flight in itertools.product(options.hosts, options.in_flight):
            compare(hosts, options.posts, in_flight, options.runs, (port, receiver.pid))
    finally:
        receiver.terminate()
        receiver.join()


if __name__ == "__main__":
    main()
