"""The request FIFO: held for life, shared by everybody, one line a request."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import threading
from pathlib import Path

import pytest

from fifod.client import Client, NotRunning
from tests import needs
from tests.children import in_child
from tests.daemons import Daemon
from tests.pipes import Neighbour, Pipe, result
from tests.process.conftest import QUICK
from tests.waiting import DEADLINE, pace, until

STRANGER = 61001


def lines_of(daemon: Daemon) -> int:
    return len(daemon.log.splitlines())


# --- held for life (pitfalls 1, 12, 14, 20) ---


def test_writers_that_come_and_go_cost_nothing(daemon: Daemon) -> None:
    """The last writer's end is no end of file: a daemon that saw one would spin from then on."""
    for _ in range(1000):
        os.close(os.open(daemon.run / "requests", os.O_WRONLY))
    with Pipe(daemon.run) as pipe:
        pipe.status()
    before = daemon.cpu_ticks(), switches(daemon)
    pace(1)  # in which a spin would use 100 ticks
    ticks, woken = daemon.cpu_ticks() - before[0], switches(daemon) - before[1]
    assert ticks <= 5 and woken <= 20


def switches(daemon: Daemon) -> int:
    """How often it has gone to sleep and been woken."""
    lines = Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("voluntary_ctxt_switches")))


def test_it_outlives_its_writers_and_keeps_what_they_wrote(daemon: Daemon, pipe: Pipe) -> None:
    daemon.tell(signal.SIGSTOP)
    with Pipe(daemon.run) as other:
        other.write(pipe.line("generateIntegers", {"n": 1, "min": 3, "max": 3}))
    daemon.tell(signal.SIGCONT)
    assert result(pipe.receive())["random"]["data"] == [3]


def test_it_stays_the_same_file_over_restarts(daemon: Daemon) -> None:
    path = daemon.run / "requests"
    inode = path.stat().st_ino
    assert daemon.stop() == 0
    assert path.stat().st_ino == inode
    daemon.start()
    assert path.stat().st_ino == inode
    daemon.kill()
    daemon.start()
    assert path.stat().st_ino == inode
    with Pipe(daemon.run) as pipe:
        pipe.draw()


def test_a_writer_that_waits_in_open_is_served_after_the_start(daemon: Daemon, pipe: Pipe) -> None:
    daemon.stop()
    line = pipe.line("generateIntegers", {"n": 1, "min": 3, "max": 3})
    opened = threading.Event()

    def write() -> None:
        descriptor = os.open(daemon.run / "requests", os.O_WRONLY)  # blocks: nobody reads
        opened.set()
        os.write(descriptor, line)
        os.close(descriptor)

    os.close(pipe._requests)
    pipe._requests = os.open(os.devnull, os.O_WRONLY)
    writer = threading.Thread(target=write)
    writer.start()
    daemon.start()
    writer.join(DEADLINE)
    assert opened.is_set()
    assert result(pipe.receive())["random"]["data"] == [3]


def test_its_mode_lets_everybody_write_and_nobody_else_read(daemon: Daemon) -> None:
    found = (daemon.run / "requests").stat()
    assert stat.S_ISFIFO(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o622


def test_a_stranger_cannot_read_other_peoples_requests(daemon: Daemon) -> None:
    needs.root()

    def steal() -> str:
        try:
            os.open(daemon.run / "requests", os.O_RDONLY | os.O_NONBLOCK)
        except PermissionError:
            return "refused"
        return "opened"

    assert in_child(steal, STRANGER) == "refused"


def test_it_refuses_a_fifo_that_others_may_read(daemon: Daemon) -> None:
    daemon.stop()
    (daemon.run / "requests").chmod(0o666)
    daemon.spawn()
    assert daemon.wait() == 3
    assert "0666 lets anyone read other people's requests" in daemon.log


@pytest.mark.parametrize("replacement", ["nothing", "another FIFO"])
def test_it_notices_that_its_fifo_is_gone_and_recovers(daemon: Daemon, replacement: str) -> None:
    path = daemon.run / "requests"
    with Pipe(daemon.run) as honest:
        if replacement == "another FIFO":
            another = path.with_name("another")
            os.mkfifo(another)
            another.chmod(0o622)
            another.rename(path)
        else:
            path.unlink()
        daemon.wait_for_log("the request FIFO was removed or replaced")
        until(lambda: has_reader(path), "the daemon reads the new FIFO")
        with Pipe(daemon.run) as fresh:
            fresh.draw()
            assert fresh.status()["pid"] == daemon.process.pid
        assert honest.descriptor >= 0


def has_reader(path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        pace(0.05)
        return False
    return True


def test_what_was_sent_before_its_fifo_was_replaced_is_answered(daemon: Daemon, pipe: Pipe) -> None:
    daemon.tell(signal.SIGSTOP)
    pipe.submit("generateIntegers", {"n": 1, "min": 3, "max": 3})
    (daemon.run / "requests").unlink()
    daemon.tell(signal.SIGCONT)
    assert result(pipe.receive())["random"]["data"] == [3]


def test_a_file_in_its_place_is_left_alone_and_the_old_one_served(daemon: Daemon, pipe: Pipe) -> None:
    path = daemon.run / "requests"
    notes = path.with_name("notes")
    notes.write_text("somebody's notes")
    notes.rename(path)
    daemon.wait_for_log("it is not a FIFO")
    assert path.read_text() == "somebody's notes"
    pipe.draw()
    path.unlink()
    until(lambda: has_reader(path), "the daemon has made its FIFO again")
    with Pipe(daemon.run) as fresh:
        fresh.draw()


def test_the_directory_of_reply_fifos_may_be_made_anew(daemon: Daemon) -> None:
    replies = daemon.run / "replies"
    replies.rename(daemon.run / "former")
    daemon.wait_for_log("the directory of reply FIFOs was removed or replaced")
    until(lambda: replies.exists() and stat.S_IMODE(replies.stat().st_mode) == 0o3733, "it is there again, for all")
    with Pipe(daemon.run) as pipe:
        pipe.draw()


# --- lines (pitfalls 8, 10) ---


def test_half_a_line_does_not_swallow_the_next(daemon: Daemon, pipe: Pipe) -> None:
    with Pipe(daemon.run) as other:
        other.write(b'{"jsonrpc":"2.0","method":"gen')
    assert len(pipe.draw()["random"]["data"]) == 5
    assert pipe.status()["unanswerable"] == 1


def padded(pipe: Pipe, size: int) -> bytes:
    """A request of exactly so many bytes with its newline, and no newline before it."""
    line = pipe.line("generateIntegers", {"n": 1, "min": 1, "max": 6})[1:]
    return line[:-2] + b" " * (size - len(line)) + line[-2:]


def test_4096_bytes_are_a_request_and_4097_are_not(daemon: Daemon, pipe: Pipe) -> None:
    assert len(padded(pipe, 4096)) == 4096
    result(pipe.ask_raw(padded(pipe, 4096)))
    pipe.write(padded(pipe, 4097))
    assert pipe.status()["unanswerable"] == 1
    daemon.wait_for_log("a line is longer than 4096 bytes")


def test_lines_of_4096_bytes_from_many_writers_stay_whole(daemon: Daemon) -> None:
    def write_and_read() -> None:
        with Pipe(daemon.run) as pipe:
            for _ in range(25):
                for _ in range(4):
                    line = padded(pipe, 4096)
                    assert os.write(pipe._requests, line) == len(line)
                answered.extend(len(result(pipe.receive())["random"]["data"]) for _ in range(4))

    answered: list[int] = []
    threads = [threading.Thread(target=write_and_read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert answered == [1] * 400
    with Pipe(daemon.run) as pipe:
        assert pipe.status()["unanswerable"] == 0


def test_small_pipes_are_enough(daemon: Daemon) -> None:
    """A user with many pipes gets new ones of one page (pipe(7), pipe-user-pages-soft); nothing may rely on more."""
    with Neighbour(daemon.run), Pipe(daemon.run) as pipe:
        fcntl.fcntl(pipe._requests, fcntl.F_SETPIPE_SZ, 4096)
        fcntl.fcntl(pipe.descriptor, fcntl.F_SETPIPE_SZ, 4096)
        assert fcntl.fcntl(pipe.descriptor, fcntl.F_GETPIPE_SZ) == 4096
        for _ in range(20):
            pipe.submit("generateIntegers", {"n": 100, "min": 1, "max": 10**9})
        assert all(len(result(pipe.receive())["random"]["data"]) == 100 for _ in range(20))
        assert len(pipe.draw(100_000)["random"]["data"]) == 100_000
        with Client(str(daemon.run), timeout=DEADLINE) as library:
            pending = [library.submit("generateUUIDs", {"n": 20}) for _ in range(100)]
            assert all(len(one.wait().data) == 20 for one in pending)


# --- one daemon at a time, or none (pitfalls 13, 14, 15) ---


def test_a_second_daemon_ends_at_once_and_takes_nothing(daemon: Daemon, pipe: Pipe) -> None:
    pid_file, inode = (daemon.run / "fifod.pid").read_text(), (daemon.run / "requests").stat().st_ino
    second = Daemon(daemon.place, QUICK)
    second.spawn()
    assert second.wait() == 75
    assert second.log.splitlines() == [
        f"fifod: error: another fifod (pid {daemon.process.pid}) has the lock {daemon.ledger}/lock"
    ]
    assert (daemon.run / "fifod.pid").read_text() == pid_file
    assert (daemon.run / "requests").stat().st_ino == inode
    for _ in range(50):
        pipe.draw()


def test_a_dead_daemon_is_named_by_the_library_at_once(daemon: Daemon) -> None:
    daemon.kill()
    with Client(str(daemon.run), timeout=DEADLINE) as library, pytest.raises(NotRunning, match="nobody reads"):
        library.status()


def test_getstatus_tells_that_it_lives(daemon: Daemon, pipe: Pipe) -> None:
    status = pipe.status()
    assert (status["pid"], status["state"], status["durability"]) == (daemon.process.pid, "serving", "process")
    assert (status["clients"], status["queued"], status["draws"]) == (1, 0, 0)


def test_it_never_reads_more_than_it_can_queue(daemon: Daemon) -> None:
    """What a flood sends beyond a bounded backlog stays in the kernel: the writers wait, not the daemon's memory."""
    with Neighbour(daemon.run), Pipe(daemon.run) as flood:
        before = daemon.memory()
        flood.hang_up()
        for _ in range(200):
            flood.write(b"".join(flood.line("generateIntegers", {"n": 100, "min": 1, "max": 9}) for _ in range(50)))
        with Pipe(daemon.run) as pipe:
            assert pipe.status()["queued"] <= 3000
        assert daemon.memory() < before + 16384


@pytest.mark.parametrize("mode", ["0", "1", "2"])
def test_it_works_with_every_setting_of_protected_fifos(daemon: Daemon, mode: str) -> None:
    """With 1 or 2 the kernel refuses O_CREAT on other users' FIFOs in the directory of reply FIFOs, even to root."""
    needs.root()
    setting = Path("/proc/sys/fs/protected_fifos")
    before = setting.read_text()
    try:
        setting.write_text(mode)
    except OSError:
        needs.require(False, "leave to set fs.protected_fifos")
    try:
        assert in_child(lambda: draw_as_anyone(daemon), STRANGER) == 5
    finally:
        setting.write_text(before)


def draw_as_anyone(daemon: Daemon) -> int:
    with Pipe(daemon.run) as pipe:
        return len(pipe.draw()["random"]["data"])
