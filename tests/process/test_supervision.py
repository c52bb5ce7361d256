"""What the daemon tells its supervisor, heard by a real NOTIFY_SOCKET."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import Daemon
from tests.pipes import Pipe
from tests.process.conftest import QUICK
from tests.waiting import DEADLINE, until

SILENT = 'durability = "nonsense"\n'


class Listener:
    """The supervisor's end."""

    def __init__(self) -> None:
        name = f"fifod-test-{os.urandom(8).hex()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{name}")
        self._socket.settimeout(DEADLINE)
        self.address = f"@{name}"
        self.heard: list[dict[str, str]] = []

    def next(self) -> dict[str, str]:
        """The next message."""
        lines = self._socket.recv(4096).decode().splitlines()
        self.heard.append({name: value for name, _, value in (line.partition("=") for line in lines)})
        return self.heard[-1]

    def wait_for(self, name: str) -> dict[str, str]:
        """The next message with this variable."""
        until(lambda: name in self.next(), f"it tells {name}")
        return self.heard[-1]

    def wait_for_status(self, text: str) -> None:
        until(lambda: text in self.next().get("STATUS", ""), f"it tells {text!r}")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def daemon(place: Path, listener: Listener) -> Iterator[Daemon]:
    daemon = Daemon(place, QUICK, NOTIFY_SOCKET=listener.address)
    daemon.spawn()
    listener.wait_for("READY")
    yield daemon
    daemon.end()


def test_ready_means_that_a_request_is_answered(daemon: Daemon, listener: Listener) -> None:
    assert listener.heard[-1]["READY"] == "1"
    assert listener.heard[-1]["STATUS"] == "serving; 0 draws since the start, 0 clients, newest draw 0"
    with Pipe(daemon.run) as pipe:
        assert pipe.draw()["serialNumber"] == 1


def test_the_status_tells_draws_clients_and_the_newest_draw(daemon: Daemon, listener: Listener) -> None:
    with Pipe(daemon.run) as pipe:
        pipe.draw()
        pipe.draw()
        listener.wait_for_status("serving; 2 draws since the start, 1 clients, newest draw 2")


def test_nothing_is_told_while_nothing_changes(daemon: Daemon, listener: Listener) -> None:
    """Without a watchdog an idle daemon has nothing to say: the next word after a draw is about that draw."""
    with Pipe(daemon.run) as pipe:
        pipe.draw()
    assert listener.next()["STATUS"].startswith("serving; 1 draws")


def test_a_ledger_that_cannot_be_written_shows(daemon: Daemon, listener: Listener) -> None:
    [segment] = daemon.segments()
    with Pipe(daemon.run) as pipe:
        segment.rename(daemon.place / "away")
        assert pipe.ask("generateIntegers", {"n": 1, "min": 1, "max": 6})["error"]["code"] == 101
        listener.wait_for_status("refusing: cannot write the ledger")
        (daemon.place / "away").rename(segment)
        pipe.draw()
        listener.wait_for_status(
            "serving; 1 draws since the start, 1 clients, newest draw 1; last error: refusing draws"
        )


def test_reloading_begins_and_ends(daemon: Daemon, listener: Listener) -> None:
    daemon.tell(signal.SIGHUP)
    assert int(listener.wait_for("RELOADING")["MONOTONIC_USEC"]) > 0
    assert listener.wait_for("READY")["STATUS"].startswith("serving")
    daemon.wait_for_log("configuration read again")


def test_a_configuration_that_is_wrong_stays_out_and_shows(daemon: Daemon, listener: Listener) -> None:
    daemon.config.write_text(SILENT)
    daemon.tell(signal.SIGHUP)
    listener.wait_for("RELOADING")
    assert "the configuration in use stays" in listener.wait_for("READY")["STATUS"]
    with Pipe(daemon.run) as pipe:
        pipe.draw()


def test_stopping_is_told_first(daemon: Daemon, listener: Listener) -> None:
    daemon.tell(signal.SIGTERM)
    assert listener.wait_for("STOPPING")["STATUS"] == "stopping: answering what has been sent"
    assert daemon.wait() == 0


def test_why_it_cannot_start_is_told(place: Path, listener: Listener) -> None:
    daemon = Daemon(place, SILENT, NOTIFY_SOCKET=listener.address)
    daemon.spawn()
    assert daemon.wait() == 3
    assert listener.next()["STATUS"].startswith("cannot start; last error: cannot use the configuration")


def test_the_watchdog_hears_from_the_serving_loop(place: Path, listener: Listener) -> None:
    daemon = Daemon(place, QUICK, NOTIFY_SOCKET=listener.address, WATCHDOG_USEC="200000")
    daemon.spawn()
    for _ in range(3):
        listener.wait_for("WATCHDOG")
    daemon.tell(signal.SIGSTOP)
    silent_from = len(listener.heard)
    drain(listener)
    daemon.tell(signal.SIGCONT)
    listener.wait_for("WATCHDOG")
    assert len(listener.heard) > silent_from
    daemon.end()


def drain(listener: Listener) -> None:
    """Hear everything that was said before a daemon was stopped; then there is silence."""
    listener._socket.settimeout(1)
    with pytest.raises(TimeoutError):
        while True:
            listener.next()
    listener._socket.settimeout(DEADLINE)


def test_a_watchdog_of_another_process_is_not_served(place: Path, listener: Listener) -> None:
    daemon = Daemon(place, QUICK, NOTIFY_SOCKET=listener.address, WATCHDOG_USEC="200000", WATCHDOG_PID="1")
    daemon.spawn()
    listener.wait_for("READY")
    with Pipe(daemon.run) as pipe:
        pipe.draw()
        listener.wait_for_status("1 draws")
    assert not any("WATCHDOG" in message for message in listener.heard)
    daemon.end()


def test_a_watchdog_time_that_is_no_number_is_told_and_costs_nothing(place: Path) -> None:
    with Daemon(place, QUICK, WATCHDOG_USEC="soon").start() as daemon, Pipe(daemon.run) as pipe:
        pipe.draw()
        daemon.wait_for_log("WATCHDOG_USEC is 'soon', no number")


def test_a_supervisor_that_does_not_listen_stops_nothing(place: Path, listener: Listener) -> None:
    """What it has not read fills its socket (net.unix.max_dgram_qlen); the next word would wait for ever."""
    daemon = Daemon(place, QUICK, NOTIFY_SOCKET=listener.address, WATCHDOG_USEC="4000")
    daemon.spawn()
    daemon.wait_for_log("cannot tell the supervisor how it is: Resource temporarily unavailable")
    with Pipe(daemon.run) as pipe:
        for _ in range(3):
            pipe.draw()
    assert daemon.stop() == 0
    assert daemon.log.count("cannot tell the supervisor") == 1


def test_a_supervisor_that_is_gone_costs_one_line(place: Path, listener: Listener) -> None:
    daemon = Daemon(place, QUICK, NOTIFY_SOCKET=listener.address, WATCHDOG_USEC="200000")
    daemon.spawn()
    listener.wait_for("READY")
    listener.close()
    daemon.wait_for_log("cannot tell the supervisor how it is: Connection refused")
    with Pipe(daemon.run) as pipe:
        for _ in range(3):
            pipe.draw()
    assert daemon.stop() == 0
    assert daemon.log.count("cannot tell the supervisor") == 1
