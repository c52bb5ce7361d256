"""The library against the real daemon, which is killed and started again under its hands."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fifod.client import Client, Reply
from tests.daemons import Daemon
from tests.waiting import DEADLINE

IN_FLIGHT = 16
DRAWS = 600


class Drawer:
    """Draws in a thread of its own with many requests in flight, and tells of each reply."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self.replies: list[Reply] = []
        self.failure: BaseException | None = None
        self._told: queue.Queue[None] = queue.Queue()
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def _work(self) -> None:
        try:
            with Client(str(self._run), timeout=2 * DEADLINE) as client:
                pending = [client.submit("generateUUIDs", {"n": 1}) for _ in range(IN_FLIGHT)]
                for number in range(DRAWS):
                    self.replies.append(pending.pop(0).wait())
                    self._told.put(None)
                    if number < DRAWS - IN_FLIGHT:
                        pending.append(client.submit("generateUUIDs", {"n": 1}, secret=number % 2 == 0))
        except BaseException as error:
            self.failure = error
            for _ in range(DRAWS):
                self._told.put(None)

    def wait_for(self, replies: int) -> None:
        """Wait for some more replies."""
        for _ in range(replies):
            self._told.get(timeout=2 * DEADLINE)


@pytest.mark.parametrize("durability", ["process", "disk"])
@pytest.mark.parametrize("end", [Daemon.kill, Daemon.stop], ids=["kill", "stop"])
def test_no_request_fails_and_none_is_drawn_twice(
    place: Path, end: Callable[[Daemon], object], durability: str
) -> None:
    with Daemon(place, f'durability = "{durability}"\n') as daemon:
        drawer = Drawer(daemon.run)
        for _ in range(5):
            drawer.wait_for(DRAWS // 10)
            end(daemon)
            daemon.start()
        drawer.thread.join(2 * DEADLINE)
        assert drawer.failure is None, drawer.failure
        heads = {head["serial"]: body for head, body, _ in daemon.records() if head["kind"] == "draw"}
    received = [reply.serial_number for reply in drawer.replies]
    assert sorted(received) == list(range(1, DRAWS + 1)) == sorted(heads)
    assert len({body["key"] for body in heads.values()}) == DRAWS
    assert len({reply.data[0] for reply in drawer.replies}) == DRAWS


def test_a_long_reply_is_given_whole_after_a_kill(place: Path) -> None:
    with Daemon(place, 'durability = "process"\n') as daemon, Client(str(daemon.run), timeout=2 * DEADLINE) as client:
        pending = client.submit("generateIntegers", {"n": 300_000, "min": 1, "max": 9})
        # One reply is there when the daemon is half-way with the other.
        client.uuids(1)
        daemon.kill()
        daemon.start()
        drawn = pending.wait()
        assert len(drawn.data) == 300_000 and drawn.serial_number == 1
        assert client.result(1).data == drawn.data
        assert client.uuids(1).serial_number == 3


def test_a_repeated_key_gives_the_same_draw(place: Path) -> None:
    key = "5" * 32
    with Daemon(place, 'durability = "process"\n') as daemon, Client(str(daemon.run), timeout=DEADLINE) as client:
        first = client.strings(3, secret=True, key=key)
        daemon.stop()
        daemon.start()
        again = client.strings(3, secret=True, key=key)
    assert first.result == again.result and first.seed is not None


def test_a_stream_tells_when_the_daemon_ends(place: Path) -> None:
    with Daemon(place) as daemon, Client(str(daemon.run), timeout=DEADLINE) as client, client.stream() as stream:
        assert stream.read(10)
        daemon.kill()
        while stream.read():
            pass
