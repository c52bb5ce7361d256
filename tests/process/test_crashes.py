"""Kill -9 at any moment: what any client was told is in the ledger, and what it repeats gives the same draw."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from fifod import checker
from tests import needs
from tests.daemons import Daemon
from tests.pipes import Answer, Pipe, result
from tests.process.conftest import QUICK
from tests.waiting import DEADLINE, pace

KILLS = 100
IN_FLIGHT = 8
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("generateIntegers", {"n": 5, "min": 1, "max": 100}),
    ("generateIntegers", {"n": 3000, "min": 1, "max": 10**9}),
    ("generateIntegers", {"n": 6, "min": 1, "max": 49, "replacement": False}),
    ("generateUUIDs", {"n": 2}),
    ("generateStrings", {"n": 2, "length": 8, "characters": "abc"}),
]


class Drawer:
    """A client in a thread: several requests in flight, each repeated with its key until it is answered."""

    def __init__(self, run: Path, seed: int) -> None:
        self._run = run
        self._chance = random.Random(seed)
        self._stop = threading.Event()
        self.results: dict[str, Answer] = {}
        self.asked: dict[str, tuple[str, dict[str, Any]]] = {}
        self.repeats = 0
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.thread.join(2 * DEADLINE)
        assert not self.thread.is_alive() and self.failure is None, repr(self.failure)

    def _work(self) -> None:
        try:
            with Pipe(self._run, os.urandom(16).hex()) as pipe:
                while not self._stop.is_set():
                    self._round(pipe)
        except BaseException as error:
            self.failure = error

    def _round(self, pipe: Pipe) -> None:
        waiting = {os.urandom(16).hex(): self._chance.choice(REQUESTS) for _ in range(IN_FLIGHT)}
        self.asked.update(waiting)
        end = time.monotonic() + DEADLINE
        while waiting:
            assert time.monotonic() < end, "no answer, however often it was asked"
            self._send(pipe, waiting)
            while (line := next_line(pipe)) is not None:
                self._take(line, waiting)
                if not waiting:
                    break
            self.repeats += len(waiting)
        key = self._chance.choice(list(self.results))
        self._again(pipe, key)

    def _again(self, pipe: Pipe, key: str) -> None:
        """Ask once more for a draw of any time before; its answer may be lost, but not be another."""
        self._send(pipe, {key: self.asked[key]})

    def _send(self, pipe: Pipe, waiting: dict[str, tuple[str, dict[str, Any]]]) -> None:
        for key, (method, params) in waiting.items():
            try:
                pipe.submit(method, params, id=key, key=key)
            except BrokenPipeError:
                return

    def _take(self, line: bytes, waiting: dict[str, Any]) -> None:
        try:
            answer = json.loads(line)
        except ValueError:
            return  # half a reply of a daemon that was killed, and the next one's behind it
        found = result(answer)
        known = self.results.setdefault(answer["id"], found)
        assert known == found, "a repeated key gave another draw"
        waiting.pop(answer["id"], None)


def next_line(pipe: Pipe) -> bytes | None:
    """The next line, or None if none comes soon: the daemon may have been killed with what was in its pipes."""
    while b"\n" not in pipe.buffer:
        more = pipe.read_soon(0.25)
        if more is None:
            return None
        pipe.buffer += more
    line, _, pipe.buffer = pipe.buffer.partition(b"\n")
    return line


@pytest.mark.timeout(200)
def test_a_hundred_kills_under_load_lose_and_repeat_nothing(place: Path) -> None:
    chance = random.Random(2026)
    with Daemon(place, QUICK) as daemon:
        # Held open, so that requests outlive the daemon as they do under systemd.
        holder = os.open(daemon.run / "requests", os.O_RDWR | os.O_NONBLOCK)
        drawers = [Drawer(daemon.run, seed) for seed in range(4)]
        for _ in range(KILLS):
            pace(chance.random() * 0.15)  # the moment of the kill is what varies
            daemon.kill()
            daemon.start()
        for drawer in drawers:
            drawer.stop()
        os.close(holder)
        assert daemon.stop() == 0
        check(daemon, drawers)


def check(daemon: Daemon, drawers: list[Drawer]) -> None:
    recorded = {}
    for head, body, head_bytes in daemon.records():
        if head["kind"] == "draw":
            recorded[head["serial"]] = (body, checker.sha256(head_bytes))
    assert list(recorded) == list(range(1, len(recorded) + 1)), "serial numbers have gaps or repeat"
    received = [found for drawer in drawers for found in drawer.results.values()]
    assert len({found["serialNumber"] for found in received}) == len(received) > 200
    assert sum(drawer.repeats for drawer in drawers) > 0, "no kill hit a request: the test shows nothing"
    for found in received:
        body, digest = recorded[found["serialNumber"]]
        assert digest == found["hash"]
        data = checker.values(body["method"], body["params"], bytes.fromhex(body["seed"]))
        assert data == found["random"]["data"]
    assert len(daemon.bodies("note")) > 0


@pytest.mark.parametrize("durability", ["disk", "process"])
def test_a_reply_is_written_only_after_its_record(place: Path, durability: str) -> None:
    """Stopped by the tracer at every write to a reply FIFO, the record is always there already."""
    with Daemon(place, f'durability = "{durability}"\n') as daemon, Pipe(daemon.run) as pipe:
        for _ in range(50):
            drawn = pipe.draw()
            daemon.tell(signal.SIGSTOP)
            assert f'"serial":{drawn["serialNumber"]},'.encode() in daemon.segments()[-1].read_bytes()
            daemon.tell(signal.SIGCONT)


def test_the_order_of_calls_is_record_disk_reply(place: Path) -> None:
    needs.commands("strace")
    trace = place / "trace"
    daemon = Daemon(place, 'durability = "disk"\n')
    try:
        daemon.start(prefix=("strace", "-f", "-qq", "-s", "60", "-e", "trace=write,writev,fdatasync", "-o", str(trace)))
        with Pipe(daemon.run) as pipe:
            for _ in range(5):
                pipe.draw()
        os.kill(daemon.pid, signal.SIGTERM)
        assert daemon.wait() == 0
    finally:
        daemon.end()
    calls = []
    for line in trace.read_text().splitlines():
        call = line.split(maxsplit=1)[1]
        if '\\"kind\\":\\"draw\\"' in call:
            calls.append("record")
        elif call.startswith("fdatasync"):
            calls.append("disk")
        elif '\\"result\\"' in call:
            calls.append("reply")
    calls = calls[calls.index("record") :]
    assert calls == ["record", "disk", "reply"] * 5
