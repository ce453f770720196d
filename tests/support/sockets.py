"""What a socket of another process is set to."""

import ctypes
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

PIDFD_GETFD = 438  # of every Linux architecture since 5.6; Python has no name for it


def accepted(pid: int, client: socket.socket) -> socket.socket:
    """The other end of the client's connection, as the process `pid` holds it; skips where the kernel lends none."""
    for other in _sockets(pid):
        try:
            if other.getpeername() == client.getsockname():
                return other
        except OSError:
            pass  # it listens, or is closed
        other.close()
    raise AssertionError(f"process {pid} has not accepted {client.getsockname()}")


def sends_at_once(pid: int, port: int) -> bool:
    """Whether what the process on that port answers waits for no acknowledgement of what it answered before."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        assert client.recv(9) == b"HTTP/1.1 "  # so it is accepted
        with accepted(pid, client) as served:
            return served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def _sockets(pid: int) -> Iterator[socket.socket]:
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                if not str(link.readlink()).startswith("socket:"):
                    continue
            except FileNotFoundError:
                continue  # closed meanwhile
            number = libc.syscall(PIDFD_GETFD, process, int(link.name), 0)
            if number >= 0:
                yield socket.socket(fileno=number)
            elif ctypes.get_errno() == 1:
                pytest.skip("this kernel lends no sockets of other processes (pidfd_getfd)")
    finally:
        os.close(process)
