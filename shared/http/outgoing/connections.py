"""A connection to a checked address, counted from its first byte, over TCP or TLS."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from shared.http.outgoing.addresses import IPAddress, Target
from shared.http.outgoing.limits import Budget, LimitedSocket, LimitExceeded, require_counted_reads

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ConnectFailed(ConnectionError):
    """No connection at this address: nothing was sent, another may be tried."""


class ConnectTimeout(ConnectFailed, TimeoutError): ...


@cache
def public_tls() -> ssl.SSLContext:
    """Trusts what the system trusts; made once, since it reads all of its certificates."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


@asynccontextmanager
async def connected(
    target: Target, address: IPAddress, tls: ssl.SSLContext | None, budget: Budget, seconds: float
) -> AsyncIterator[Streams]:
    """Streams to the target at an address, aborted when the block ends.

    They are not closed in order: a receiver that reads nothing could hold such a connection for ever.

    Raises:
        ConnectFailed: by TCP or, without an error of its own, by TLS.
        ssl.SSLError: by TLS.
        LimitExceeded: during the handshake.
    """
    reader, writer = await _connect(target, address, tls, budget, seconds)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _connect(
    target: Target, address: IPAddress, tls: ssl.SSLContext | None, budget: Budget, seconds: float
) -> Streams:
    require_counted_reads()
    sock = LimitedSocket(_FAMILIES[address.version], budget)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(sock, (str(address), target.port))
            name = target.host if tls else None
            return await asyncio.open_connection(sock=sock, ssl=tls, server_hostname=name)
    except BaseException as error:
        sock.close()
        if isinstance(error, TimeoutError):
            raise ConnectTimeout from error
        if isinstance(error, OSError) and not isinstance(error, LimitExceeded | ssl.SSLError):
            raise ConnectFailed from error
        raise
