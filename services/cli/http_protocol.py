"""One connection to the server: uvicorn's protocol, with bounds on the time a request takes to arrive and on connections.

A gateway has such bounds too; the suite in one process stands without one.
"""

import asyncio
import re
from time import monotonic
from typing import Any, Literal

import h11
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from shared.http.problems import problem_response

HEAD_SECONDS = 10  # for the head of a request, as the gateway allows
BODY_SECONDS = 300  # the largest upload, 33 MB, at 1 Mbit/s
ANSWER_SECONDS = 30  # for taking what the system buffers of an answer, 64 KB and more
REST_SECONDS = 5  # for the rest of a body that was answered before it was read, e.g. with 401
MOST_CONNECTIONS = 500  # of a process; a process may have 1,024 open files by default
LEAST_BODY_SPEED = 10_000  # bytes a second: of too many connections, slower bodies give way first
MOST_HEADERS = 100
MOST_CHUNKS = 10_000  # of one body: each costs as much as 1 KB of a body of one piece

# what the caller still has to send: the head, the body, the rest of a body that is answered; or nothing
Phase = Literal["head", "body", "rest"]


_BLANK_LINE = re.compile(rb"\n\r?\n")


class _Parser(h11.Connection):
    """Refuses what another reader could take for another request (RFC 9112, 6.1), and heads and bodies in very many pieces."""

    _chunks = 0

    def next_event(self) -> Any:
        if self.their_state is h11.IDLE:
            head, *_ = _BLANK_LINE.split(self.trailing_data[0], 1)
            if head.count(b"\n") > MOST_HEADERS:  # before each is parsed, which costs more than to receive it
                raise h11.RemoteProtocolError("the head has too many headers")
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunks = 0
            names = {name for name, _ in event.headers}
            if b"transfer-encoding" in names and (b"content-length" in names or event.http_version < b"1.1"):
                raise h11.RemoteProtocolError("the length of the body is stated in two ways")
        elif isinstance(event, h11.Data) and event.chunk_start:
            self._chunks += 1
            if self._chunks > MOST_CHUNKS:
                raise h11.RemoteProtocolError("the body comes in too many chunks")
        return event


class BoundedProtocol(H11Protocol):
    """Ends a connection whose request does not arrive in time; of too many connections, the most overdue one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = _Parser(h11.SERVER)
        self.phase: Phase | None = None
        self.since = monotonic()  # of the phase; uvloop's own time is in whole milliseconds, often the same
        self.received = 0  # bytes in the phase
        self._timer: asyncio.TimerHandle | None = None
        self._untaken: asyncio.TimerHandle | None = None  # set while the caller does not take the answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._watch()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._enter(None)
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._untaken is None:
            self._untaken = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taken()

    def _taken(self) -> None:
        if self._untaken is not None:
            self._untaken.cancel()
            self._untaken = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self.loop.call_later(REST_SECONDS, self.transport.abort)  # closing waits for what is not taken

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence, in English alone
        self.refuse(
            problem_response(
                400,
                "bad_request",
                "Không đọc được yêu cầu: kiểm tra cú pháp HTTP, và rút gọn địa chỉ hoặc tiêu đề quá dài.",
                "The request cannot be read: check its HTTP syntax, and shorten an address or headers that are too long.",
            )
        )

    @property
    def is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def is_untaken(self) -> bool:
        return self._untaken is not None

    @property
    def overdue(self) -> float:
        """Seconds since it had to send something; negative for a body that is well on its way.

        A body that drips is so longer overdue than a newcomer's head, however often it begins anew.
        """
        waited = monotonic() - self.since
        if self.phase == "body":
            return waited - self.received / LEAST_BODY_SPEED
        return waited

    @property
    def is_closing(self) -> bool:
        return self.transport.is_closing()

    def _watch(self) -> None:
        state = self.conn.their_state
        if self.is_closing:
            self._enter(None)
        elif state is h11.SEND_BODY:
            self._enter("body" if self.is_answering else "rest")
        elif state is h11.IDLE and (self.cycle is None or self.conn.trailing_data[0]):
            self._enter("head")
        else:
            self._enter(None)

    def _enter(self, phase: Phase | None) -> None:
        if phase == self.phase:
            return
        if self._timer is not None:
            self._timer.cancel()
        self.phase, self.since, self.received, self._timer = phase, monotonic(), 0, None
        if phase is not None:
            seconds = {"head": HEAD_SECONDS, "body": BODY_SECONDS, "rest": REST_SECONDS}[phase]
            self._timer = self.loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        self.refuse(
            problem_response(
                408,
                "request_timeout",
                "Yêu cầu không gửi đến đủ trong thời gian cho phép: kiểm tra đường truyền rồi gửi lại, chia nhỏ tệp lớn.",
                "The request did not arrive whole in time: check the connection and send it again, split a large file.",
            )
        )

    def _make_room(self) -> None:
        if len(self.connections) <= MOST_CONNECTIONS:
            return
        held = [
            each for each in self.connections if isinstance(each, BoundedProtocol) and not each.is_closing
        ]
        if len(held) <= MOST_CONNECTIONS:
            return
        waiting = [
            each for each in held if each.phase is not None or not each.is_answering or each.is_untaken
        ]
        most_overdue = max(waiting, key=lambda each: (each.is_untaken, each.overdue))
        if most_overdue.is_untaken:
            most_overdue.transport.abort()
            return
        most_overdue.refuse(
            problem_response(
                503,
                "too_many_connections",
                "Máy chủ đang giữ quá nhiều kết nối: gửi lại sau ít giây, và đóng kết nối không dùng.",
                "The server holds too many connections: send the request again in a few seconds, and close unused ones.",
            )
        )

    def refuse(self, answer: Response) -> None:
        """Answer, where something was asked and no answer has begun, and close."""
        asked_nothing = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE} and not asked_nothing:
            headers = [*answer.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=answer.status_code, headers=headers),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event))
        if self.is_answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
