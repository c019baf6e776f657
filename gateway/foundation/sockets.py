"""Listening sockets: taken ports are stepped over or named, never crashed into."""

import socket

from gateway.foundation.errors import SettingsError

_TRIES = 50


def listen(host: str, port: int, *, step_over: bool = False) -> socket.socket:
    """Bind a TCP socket; with `step_over` the next free port is taken instead of a busy one.

    The protocol is named, because asyncio sets TCP_NODELAY only on sockets that say they are TCP: without it a
    small answer waits some 40 ms. Raises SettingsError naming the port.
    """
    for candidate in range(port, port + (_TRIES if step_over else 1)):
        try:
            return _bind(host, candidate)
        except OSError:
            continue
    raise SettingsError(f"port {port} on {host} is in use: set another one, or stop what listens there")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(512)
    except OSError:
        made.close()
        raise
    made.setblocking(False)  # noqa: FBT003 – the socket module has no other way
    return made


def port_of(bound: socket.socket) -> int:
    """Give the port a socket is bound to."""
    return int(bound.getsockname()[1])
