"""The socket that a process serves on."""

import socket

UNTAKEN_SECONDS = 60  # as long as a proxy waits for a caller that takes nothing of an answer


def open_listener(host: str, port: int) -> socket.socket:
    """A TCP socket bound to the address; port 0 takes a free one. Raises OSError; UnicodeError for a name no DNS can hold."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    # asyncio turns Nagle's algorithm off only for a socket whose protocol is IPPROTO_TCP; with it each answer over a
    # kept-alive connection waits 44 ms for Linux's delayed acknowledgement
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # of Linux; what it accepts has it too
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_SECONDS * 1000)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
