"""Ports for servers that a test starts as processes of their own.

Below those that Linux gives to outgoing connections (32768 and up): between the choice of a port and its use, and while a
killed server is away, no connection of a neighbour may take it. Each test process has ports of its own.
"""

import os
import socket
from collections.abc import Iterator
from itertools import cycle

FIRST, NUMBER = 20_000, 2_000  # of the first test process; the next one's follow


def _ports() -> Iterator[int]:
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 6
    first = FIRST + process * NUMBER
    begin = os.getpid() % NUMBER  # runs beside each other hardly meet
    yield from cycle(first + (begin + number) % NUMBER for number in range(NUMBER))


_candidates = _ports()


def free_port() -> int:
    """A port that nobody listens on, and that this process has not given before."""
    for port in _candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
