"""Two hundred people watch: each sees every draw, and the daemon notices none of them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fifod.client import Client
from tests.daemons import Daemon
from tests.web.conftest import CONFIG
from tests.web.sites import Site
from tests.web.visitors import Listener, Visitor, make_people

pytestmark = pytest.mark.timeout(300)

ACCOUNTS, OF_EACH = 10, 20


def crowd(site: Site, address: str, stack: ExitStack) -> Iterator[Listener]:
    people = [f"person{number}" for number in range(ACCOUNTS)]
    make_people(site, **{name: ["member"] for name in people})
    for name in people:
        visitor = Visitor(address, name)
        for _ in range(OF_EACH):
            yield stack.enter_context(visitor.listening())


def asked(client: Client) -> int:
    """How many requests the daemon has answered so far."""
    count: int = client.status()["latency"]["count"]
    return count


def test_two_hundred_watchers_cost_the_daemon_nothing(place: Path) -> None:
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    with Daemon(place, CONFIG) as daemon, site.serving() as address, ExitStack() as stack:
        client = stack.enter_context(Client(str(daemon.run)))
        before, descriptors = asked(client), daemon.descriptors()
        listeners = list(crowd(site, address, stack))
        for listener in listeners:
            listener.wait_for("hello")
        serials = [client.integers(1).serial_number for _ in range(3)]
        for listener in listeners:
            assert [draw["serial"] for draw in listener.draws(3)] == serials
        assert asked(client) - before == len(serials) + 1  # the draws, and the question before
        assert daemon.descriptors() == descriptors


def test_who_does_not_read_slows_nobody(place: Path) -> None:
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    make_people(site, alice=["member"])
    with Daemon(place, CONFIG) as daemon, site.serving() as address, ExitStack() as stack:
        alice = Visitor(address, "alice")
        deaf = stack.enter_context(socket.socket())
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, _, port = alice.host.partition(":")
        deaf.connect((host, int(port)))
        cookies = "; ".join(f"{name}={value}" for name, value in alice.cookies.items())
        deaf.sendall(f"GET /live/events HTTP/1.1\r\nHost: {alice.host}\r\nCookie: {cookies}\r\n\r\n".encode())
        assert deaf.recv(12) == b"HTTP/1.1 200"
        listener = stack.enter_context(alice.listening())
        listener.wait_for("hello")
        client = stack.enter_context(Client(str(daemon.run)))
        serial = 0
        for _ in range(20):
            pendings = [client.submit("generateUUIDs", {"n": 1}) for _ in range(40)]
            serial = max(pending.wait().serial_number for pending in pendings)
        seen = 0
        while seen < serial:
            seen = listener.wait_for("draws").data["draws"][-1]["serial"]
