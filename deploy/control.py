"""Where the web site asks how the trial's programs are and tells them to start or stop, as it asks systemd elsewhere.

A stream socket in the abstract name space, for processes of the same user: one JSON line in, one JSON line out.
"""

import json
import os
import secrets
import selectors
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

CREDENTIALS = struct.Struct("3i")
LONGEST_ORDER = 1024
MOST_CLIENTS = 16
SECONDS_FOR_A_CLIENT = 5.0

Answer = dict[str, Any]
Obey = Callable[[dict[str, Any]], Answer]


@dataclass(eq=False)
class Client:
    """One connection: what has come, what must go, and until when."""

    socket: socket.socket
    heard: bytes = b""
    to_say: bytes = b""
    end: float = field(default_factory=lambda: time.monotonic() + SECONDS_FOR_A_CLIENT)


class ControlSocket:
    """Takes orders inside the supervisor's loop, where nobody may keep it waiting."""

    def __init__(self, events: selectors.BaseSelector, obey: Obey) -> None:
        self._events = events
        self._obey = obey
        self._clients: set[Client] = set()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        name = f"fifod-control-{secrets.token_hex(16)}"
        self._listener.bind(f"\0{name}")
        self._listener.listen(MOST_CLIENTS)
        self._events.register(self._listener, selectors.EVENT_READ, self._accept)
        self.address = f"@{name}"

    def close(self) -> None:
        """Take no more orders."""
        for client in list(self._clients):
            self._drop(client)
        self._events.unregister(self._listener)
        self._listener.close()

    def expire(self) -> None:
        """Leave the clients whose time is over."""
        for client in list(self._clients):
            if client.end <= time.monotonic():
                self._drop(client)

    @property
    def ends(self) -> list[float]:
        """When the time of each client is over."""
        return [client.end for client in self._clients]

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        if len(self._clients) >= MOST_CLIENTS or not is_own(connection):
            connection.close()
            return
        client = Client(connection)
        self._clients.add(client)
        self._events.register(connection, selectors.EVENT_READ, partial(self._hear, client))

    def _hear(self, client: Client) -> None:
        try:
            more = client.socket.recv(LONGEST_ORDER)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        client.heard += more
        line, newline, _ = client.heard.partition(b"\n")
        if newline and len(line) < LONGEST_ORDER:
            client.to_say = json.dumps(self._answer(line)).encode() + b"\n"
            self._events.modify(client.socket, selectors.EVENT_WRITE, partial(self._say, client))
        elif not more or len(client.heard) >= LONGEST_ORDER:
            self._drop(client)

    def _answer(self, line: bytes) -> Answer:
        try:
            order = json.loads(line)
        except (ValueError, RecursionError):
            return {"error": "an order is one line of JSON"}
        if not isinstance(order, dict):
            return {"error": "an order is a JSON object"}
        return self._obey(order)

    def _say(self, client: Client) -> None:
        try:
            client.to_say = client.to_say[client.socket.send(client.to_say) :]
        except BlockingIOError:
            return
        except OSError:
            client.to_say = b""
        if not client.to_say:
            self._drop(client)

    def _drop(self, client: Client) -> None:
        self._clients.discard(client)
        self._events.unregister(client.socket)
        client.socket.close()


def is_own(connection: socket.socket) -> bool:
    """Whether the other end is a process of this user, by the kernel's word."""
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    uid: int = CREDENTIALS.unpack(peer)[1]
    return uid == os.getuid()
