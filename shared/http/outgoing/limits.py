"""The limits of one attempt for the caller: bytes off the wire, reads, parsed pieces, interim answers.

Bytes and reads are counted at the socket, so that TLS records, chunk extensions and trailers count as much as a body does.
"""

import asyncio
import socket
from dataclasses import dataclass
from typing import Any, Literal

Excess = Literal["answer_too_large", "answer_too_fragmented", "too_many_interim_answers"]

WIRE_BYTES = 256 * 1024  # that a receiver may send in one attempt, its TLS handshakes included
HEAD_BYTES = (
    16 * 1024
)  # of a status line with its header, of trailers, of the line before a chunk; at most a read more
PIECES = (
    1_000  # reads from the socket, and interim answers, header and chunks parsed: each costs processor time
)
INTERIM_ANSWERS = 10  # with a status of 1xx (RFC 9110, 15.2)
READ_BYTES = 16 * 1024  # of one read: what is beyond an answer's end is hardly read


class LimitExceeded(OSError):
    """An OSError, as the other failures of a socket: asyncio closes the connection on it and logs nothing."""

    def __init__(self, excess: Excess) -> None:
        super().__init__(excess)
        self.excess = excess


@dataclass(slots=True)
class Budget:
    """The rest of an attempt's limits, over all addresses that it dials."""

    wire_bytes: int = WIRE_BYTES
    pieces: int = PIECES
    interim_answers: int = INTERIM_ANSWERS

    def spend_read(self, size: int) -> None:
        self.wire_bytes -= size
        if self.wire_bytes < 0:
            raise LimitExceeded("answer_too_large")
        self.spend_piece()

    def spend_piece(self) -> None:
        self.pieces -= 1
        if self.pieces < 0:
            raise LimitExceeded("answer_too_fragmented")

    def spend_interim_answer(self) -> None:
        self.interim_answers -= 1
        if self.interim_answers < 0:
            raise LimitExceeded("too_many_interim_answers")


def require_counted_reads() -> None:
    """Raises TypeError on an event loop that does not read by the methods of Python's socket, such as uvloop's."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, asyncio.SelectorEventLoop):
        raise TypeError(f"{type(loop)} reads past LimitedSocket, so that nothing would limit an answer")


class LimitedSocket(socket.socket):
    """A TCP socket whose reads are counted; asyncio reads by `recv`, under TLS by `recv_into`."""

    def __init__(self, family: socket.AddressFamily, budget: Budget) -> None:
        super().__init__(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self.setblocking(False)
        self._budget = budget

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(min(size, READ_BYTES), flags)
        self._budget.spend_read(len(data))
        return data

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        read = super().recv_into(buffer, min(size or len(memoryview(buffer)), READ_BYTES), flags)
        self._budget.spend_read(read)
        return read
