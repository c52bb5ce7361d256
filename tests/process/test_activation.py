"""What a socket unit passes: the request FIFO, which outlives the daemon; and anything else, which is refused."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.daemons import Daemon
from tests.pipes import Pipe, result
from tests.process.conftest import QUICK

# Opens what it is told to, puts it where systemd puts descriptors, and becomes the daemon with the same process number.
LAUNCHER = """
import os, socket, sys
count, opened, *command = sys.argv[1:]
for number, what in enumerate(opened.split(",") if opened else [], 3):
    kind, _, path = what.partition("=")
    if kind == "socket":
        source = socket.socket(socket.AF_UNIX).detach()
    else:
        source = os.open(path, {"both": os.O_RDWR, "read": os.O_RDONLY | os.O_NONBLOCK}[kind])
    os.dup2(source, number + 100)
for number in range(3, 3 + len(opened.split(",")) if opened else 3):
    os.dup2(number + 100, number)
    os.close(number + 100)
os.environ |= {"LISTEN_FDS": count, "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "fifod.socket"}
os.execv(command[0], command)
"""


class Unit:
    """The socket unit's half: makes the request FIFO and keeps it open."""

    def __init__(self, run: Path) -> None:
        self.path = run / "requests"
        run.mkdir()
        os.mkfifo(self.path)
        self.path.chmod(0o622)
        self.descriptor = os.open(self.path, os.O_RDWR)

    def passes(self, *opened: str, count: str | None = None) -> tuple[str, ...]:
        """The start of a command line: what comes behind it is passed these."""
        return (sys.executable, "-c", LAUNCHER, count or str(len(opened)), ",".join(opened))

    @property
    def itself(self) -> tuple[str, ...]:
        return self.passes(f"both={self.path}")


@pytest.fixture
def unit(place: Path) -> Iterator[Unit]:
    unit = Unit(place / "run")
    yield unit
    os.close(unit.descriptor)


@pytest.fixture
def daemon(place: Path, unit: Unit) -> Iterator[Daemon]:
    with Daemon(place, QUICK).start(prefix=unit.itself) as daemon:
        yield daemon


def refuses(daemon: Daemon, prefix: tuple[str, ...], *words: str) -> None:
    daemon.spawn(prefix)
    assert daemon.wait() == 3, daemon.log
    [line] = daemon.log.splitlines()
    assert line.startswith("fifod: error: ")
    assert all(word in line for word in words), line


def test_it_serves_the_fifo_that_was_passed(daemon: Daemon, unit: Unit) -> None:
    before = os.fstat(unit.descriptor).st_ino
    with Pipe(daemon.run) as pipe:
        assert pipe.draw()["serialNumber"] == 1
    assert os.stat(unit.path).st_ino == before


def test_it_takes_a_blocking_descriptor_and_never_blocks_on_it(daemon: Daemon) -> None:
    """Only getStatus after a request that was alone in the FIFO shows that the loop goes round."""
    with Pipe(daemon.run) as pipe:
        for _ in range(3):
            assert result(pipe.ask("getStatus"))["state"] == "serving"


def test_no_child_or_later_program_sees_what_was_passed(daemon: Daemon) -> None:
    environment = Path(f"/proc/{daemon.pid}/environ").read_bytes()
    assert b"LISTEN_FDS=1" in environment  # the kernel shows what it was started with
    flags = Path(f"/proc/{daemon.pid}/fdinfo/3").read_text().splitlines()[1].split()[1]
    assert int(flags, 8) & os.O_CLOEXEC


def test_what_waits_in_the_fifo_outlives_a_daemon_that_is_killed(daemon: Daemon, unit: Unit) -> None:
    with Pipe(daemon.run) as pipe:
        assert pipe.draw()["serialNumber"] == 1
        daemon.tell(signal.SIGSTOP)
        for _ in range(50):
            pipe.submit("generateIntegers", {"n": 1, "min": 1, "max": 6})
        daemon.kill()
        daemon.start(prefix=unit.itself)
        assert [result(pipe.receive())["serialNumber"] for _ in range(50)] == list(range(2, 52))


def test_more_than_one_read_takes_is_answered_before_the_end(daemon: Daemon, unit: Unit) -> None:
    """A read takes 64 KiB and cuts a line in two."""
    fcntl.fcntl(unit.descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
    with Pipe(daemon.run) as pipe:
        daemon.tell(signal.SIGSTOP)
        about = {"count": 1000, "sha256": "0" * 64}
        for number in range(110):
            pipe.submit("generateIntegers", {"n": 1, "min": 1, "max": 6}, purpose="p" * (393 + number % 7), input=about)
        daemon.tell(signal.SIGTERM)
        daemon.tell(signal.SIGCONT)
        assert daemon.wait() == 0
        assert sorted(result(pipe.receive())["serialNumber"] for _ in range(110)) == list(range(1, 111))


def test_no_line_of_a_shell_is_lost_when_the_daemon_is_restarted(daemon: Daemon, unit: Unit) -> None:
    """Each request has a reply FIFO of its own, as in a script, and some are opened only behind the request."""
    stop = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        counts = [pool.submit(ask_until, stop, daemon, opens_late=number % 2 == 1) for number in range(4)]
        for _ in range(5):
            assert daemon.stop() == 0
            daemon.start(prefix=unit.itself)
        stop.set()
        asked = sum(count.result() for count in counts)
    assert [head["serial"] for head, _, _ in daemon.records() if head["kind"] == "draw"] == list(range(1, asked + 1))


def ask_until(stop: threading.Event, daemon: Daemon, opens_late: bool) -> int:
    """Draw again and again, each time as a stranger; how often."""
    count = 0
    while not stop.is_set():
        with Pipe(daemon.run) as pipe:
            if opens_late:
                pipe.hang_up()
                pipe.submit("generateIntegers", {"n": 1, "min": 1, "max": 6})
                pipe.descriptor = os.open(pipe.path, os.O_RDONLY | os.O_NONBLOCK)
                assert "result" in pipe.receive()
            else:
                assert pipe.draw(1)
        count += 1
    return count


def test_a_removed_fifo_is_told_and_served_anew(place: Path, unit: Unit) -> None:
    daemon = Daemon(place, QUICK)
    other = place / "run" / "other"
    unit.path.rename(other)
    # The launcher must still find the FIFO to pass; its name goes before the daemon looks.
    launcher = LAUNCHER.replace("os.execv", f"os.unlink({str(other)!r}); os.execv")
    with daemon.start(prefix=(sys.executable, "-c", launcher, "1", f"both={other}")):
        daemon.wait_for_log("systemctl restart fifod.socket")
        with Pipe(daemon.run) as pipe:
            assert pipe.draw()["serialNumber"] == 1


def test_another_fifo_is_refused(place: Path, unit: Unit) -> None:
    os.mkfifo(place / "another")
    refuses(Daemon(place, QUICK), unit.passes(f"both={place}/another"), "another FIFO", str(unit.path), "ListenFIFO=")


def test_a_socket_is_refused(place: Path, unit: Unit) -> None:
    refuses(Daemon(place, QUICK), unit.passes("socket"), "no FIFO", str(unit.path))


def test_an_ordinary_file_is_refused(place: Path, unit: Unit) -> None:
    (place / "file").touch()
    refuses(Daemon(place, QUICK), unit.passes(f"both={place}/file"), "no FIFO", str(unit.path))


def test_a_fifo_that_is_open_for_reading_only_is_refused(place: Path, unit: Unit) -> None:
    refuses(Daemon(place, QUICK), unit.passes(f"read={unit.path}"), "not open for reading and writing")


def test_more_than_one_descriptor_is_refused(place: Path, unit: Unit) -> None:
    refuses(Daemon(place, QUICK), unit.passes(f"both={unit.path}", "socket"), "passed 2 descriptors")


def test_a_descriptor_that_is_closed_is_refused(place: Path, unit: Unit) -> None:
    refuses(Daemon(place, QUICK), unit.passes(count="1"), "LISTEN_FDS='1'", "Bad file descriptor")


@pytest.mark.parametrize("count", ["x", "-1", "99999999999999999999"])
def test_a_count_that_is_none_is_refused(place: Path, unit: Unit, count: str) -> None:
    refuses(Daemon(place, QUICK), unit.passes(count=count), f"LISTEN_FDS='{count}'"[:30])


def test_what_was_passed_to_another_process_is_left_alone(place: Path, unit: Unit) -> None:
    with Daemon(place, QUICK, LISTEN_FDS="1", LISTEN_PID="1").start() as daemon, Pipe(daemon.run) as pipe:
        assert pipe.draw()["serialNumber"] == 1


def test_a_fifo_that_others_may_read_is_refused(place: Path, unit: Unit) -> None:
    unit.path.chmod(0o666)
    refuses(Daemon(place, QUICK), unit.itself, "lets anyone read other people's requests")
