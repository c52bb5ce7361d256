"""Reply FIFOs: opened safely, written without ever waiting for their reader, and closed in time."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fifod import fifos
from fifod.client import Client
from fifod.errors import NoPermission
from fifod.fifos import ReplyFifo
from tests import needs
from tests.children import in_child
from tests.daemons import Daemon, limited
from tests.pipes import Neighbour, Pipe, Unharmed, result
from tests.process.conftest import QUICK
from tests.waiting import DEADLINE, pace, until

STRANGER, OTHER = 61001, 61002


# --- how they are opened (pitfalls 2, 3, 6, 27, 28; decision 4) ---


def test_it_opens_them_for_writing_only_never_creating_never_following_never_waiting(place: Path) -> None:
    needs.commands("strace")
    trace = place / "trace"
    daemon = Daemon(place, QUICK)
    try:
        daemon.start(prefix=("strace", "-f", "-qq", "-e", "trace=openat,open,creat", "-o", str(trace)))
        names = [os.urandom(16).hex() for _ in range(3)]
        for name in names:
            with Pipe(daemon.run, name) as pipe:
                pipe.draw()
        os.symlink(place, daemon.run / "replies" / ("s" * 32))
        with Pipe(daemon.run) as pipe:
            pipe.submit(reply="s" * 32)
            assert pipe.status()["unanswerable"] == 1
        os.kill(daemon.pid, signal.SIGTERM)
        assert daemon.wait() == 0
        opened = trace.read_text()
    finally:
        daemon.end()
    for name in [*names, "s" * 32]:
        found = re.findall(rf'openat\((\S+), "{name}", (\S+?)\)', opened)
        assert found, f"{name} was not opened by its bare name"
        for directory, flags in found:
            assert directory.isdigit()
            assert set(flags.split("|")) == {"O_WRONLY", "O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC"}
    request_flags = re.search(rf'"{daemon.run}/requests", (\S+?)\)', opened)
    assert request_flags and set(request_flags[1].split("|")) == {"O_RDWR", "O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC"}


def make_link(path: Path, run: Path) -> None:
    path.symlink_to(run / "requests")


def make_dangling_link(path: Path, run: Path) -> None:
    path.symlink_to("/nonexistent")


def make_file(path: Path, run: Path) -> None:
    path.write_text("precious")


def make_directory(path: Path, run: Path) -> None:
    path.mkdir()


def make_socket(path: Path, run: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            listener.bind(f"/proc/self/fd/{directory}/{path.name}")
        finally:
            os.close(directory)


def make_device(path: Path, run: Path) -> None:
    needs.root()
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))


def make_hard_link(path: Path, run: Path) -> None:
    os.link(run / "requests", path)


def make_nothing(path: Path, run: Path) -> None:
    pass


@pytest.mark.parametrize(
    "make",
    [make_link, make_dangling_link, make_file, make_directory, make_socket, make_device, make_hard_link, make_nothing],
    ids=lambda make: make.__name__.removeprefix("make_"),
)
def test_it_writes_to_nothing_but_fifos(shared: Daemon, client: Pipe, make: Callable[[Path, Path], None]) -> None:
    name = os.urandom(16).hex()
    path = shared.run / "replies" / name
    make(path, shared.run)
    before, serial = client.status()["unanswerable"], client.draw()["serialNumber"]
    with Unharmed(shared):
        client.submit("generateIntegers", {"n": 1, "min": 1, "max": 6}, reply=name)
        until(lambda: client.status()["unanswerable"] == before + 1, "the request is counted as unanswerable")
    if make is make_file:
        assert path.read_text() == "precious"
    drawn = [
        body
        for head, body, _ in shared.records()
        if head.get("serial", 0) > serial and body.get("params", {}).get("n") == 1
    ]
    assert not drawn, "a draw was made that nobody can be told"
    shared.wait_for_log("request dropped: a reply FIFO cannot be opened")
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../requests",
        "/etc/passwd",
        "a/b",
        "short",
        "x" * 21,
        "x" * 65,
        "x" * 300,
        "é" * 32,
        "x" * 31 + "\n",
        "x" * 31 + "\0",
        5,
        None,
        ["x" * 32],
        {},
        True,
    ],
    ids=lambda name: repr(name)[:12],
)
def test_it_refuses_wild_reply_names(shared: Daemon, client: Pipe, name: object) -> None:
    before = client.status()["unanswerable"]
    with Unharmed(shared):
        client.submit(reply=name)
        assert client.status()["unanswerable"] == before + 1
    shared.wait_for_log("request dropped: a request has no usable reply name")


def test_a_request_without_a_reply_name_is_counted(shared: Daemon, client: Pipe) -> None:
    before = client.status()["unanswerable"]
    client.write(b'\n{"jsonrpc":"2.0","method":"getStatus","id":1}\n')
    assert client.status()["unanswerable"] == before + 1


def test_a_client_that_never_opens_its_fifo_delays_nobody(shared: Daemon, client: Pipe) -> None:
    """And its name is given up after a bounded number of tries."""
    before = client.status()["unanswerable"]
    with Unharmed(shared):
        path = shared.run / "replies" / ("n" * 32)
        os.mkfifo(path, 0o620)
        client.submit(reply=path.name)
        for _ in range(100):
            client.draw()
        until(lambda: client.status()["unanswerable"] == before + 1, "the request is given up")
    path.unlink()
    shared.wait_for_log("request dropped: a reply FIFO is not opened by its client")


def test_a_client_that_opens_its_fifo_just_after_the_request_is_answered(shared: Daemon, client: Pipe) -> None:
    with Pipe(shared.run) as late:
        late.hang_up()
        late.submit("generateIntegers", {"n": 1, "min": 3, "max": 3})
        # Answered behind the late one's request, so that one has been looked at and found without a reader.
        assert client.status()["queued"] == 1
        late.descriptor = os.open(late.path, os.O_RDONLY | os.O_NONBLOCK)
        assert result(late.receive())["random"]["data"] == [3]


def test_mkfifo_echo_and_head_are_enough(shared: Daemon) -> None:
    needs.commands("sh", "mkfifo", "timeout", "head", "od")
    script = r"""
        reply=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
        mkfifo -m 620 "$RUN/replies/$reply"
        timeout 20 head -n1 "$RUN/replies/$reply" &
        request='{"jsonrpc":"2.0","method":"generateIntegers","params":{"n":1,"min":3,"max":3},"id":1,"reply":"'$reply'"}'
        export request
        timeout 20 sh -c 'echo "$request" >"$RUN/requests"'
        wait
        rm "$RUN/replies/$reply"
    """
    done = subprocess.run(
        ["sh", "-c", script], env={**os.environ, "RUN": str(shared.run)}, capture_output=True, timeout=DEADLINE
    )
    assert b'"data":[3]' in done.stdout and done.stderr == b""


# --- clients that leave (pitfalls 4, 5, 7, 16) ---


def test_a_client_that_leaves_before_its_answer_costs_nothing(shared: Daemon, client: Pipe) -> None:
    """The daemon gets EPIPE; SIGPIPE would end it."""
    with Unharmed(shared):
        for _ in range(50):
            with Pipe(shared.run) as gone:
                gone.status()
                shared.tell(signal.SIGSTOP)
                gone.submit("generateIntegers", {"n": 1, "min": 1, "max": 6})
                gone.hang_up()
                shared.tell(signal.SIGCONT)


def test_an_answer_that_does_not_arrive_is_recorded_as_undelivered(daemon: Daemon, pipe: Pipe) -> None:
    with Pipe(daemon.run) as gone:
        gone.submit("generateIntegers", {"n": 1_000_000, "min": 1, "max": 10**9})
        gone.read(10)  # some of it has come
        gone.hang_up()
        until(lambda: pipe.status()["undelivered"] == 1, "the daemon notices")
    assert daemon.bodies("undelivered") == [{"draw": 1, "reason": "the client left"}]


def test_one_fifo_serves_many_requests_without_an_early_end(shared: Daemon) -> None:
    with Client(str(shared.run), timeout=DEADLINE) as library:
        for count in range(2000):
            assert library.integers(1, count, count).data == [count]


def test_the_library_loses_no_request(shared: Daemon) -> None:
    with Client(str(shared.run), timeout=DEADLINE) as library:
        pending = [library.submit("generateIntegers", {"n": 1, "min": i, "max": i}) for i in range(10_000)]
        assert [one.wait().data[0] for one in pending] == list(range(10_000))


def test_a_client_waits_before_the_first_writer_and_sees_the_end_after_the_last(shared: Daemon) -> None:
    """A read before any writer has come must not be taken for the end."""
    library = fifos.ReplyFifo(str(shared.run))
    try:
        poll = select.poll()
        poll.register(library.descriptor, select.POLLIN)
        assert poll.poll(0) == []
        descriptor = os.open(library._path, os.O_WRONLY | os.O_NONBLOCK)
        assert library.read() is None
        os.write(descriptor, b"x")
        assert library.read() == b"x"
        os.close(descriptor)
        assert library.read() == b""
        assert poll.poll(0)[0][1] & select.POLLHUP
    finally:
        library.close()


def test_what_dead_clients_leave_is_swept_and_the_living_are_spared(daemon: Daemon) -> None:
    needs.root()

    def leave_fifos() -> list[str]:
        pipes = [Pipe(daemon.run) for _ in range(200)]
        return [pipe.name for pipe in pipes]

    names = in_child(leave_fifos, STRANGER)
    replies = daemon.run / "replies"
    assert sorted(os.listdir(replies)) == sorted(names)
    (replies / ("f" * 32)).write_text("not a FIFO")
    os.mkfifo(replies / "other-name")
    with Pipe(daemon.run) as living:
        descriptor = os.open(replies, os.O_RDONLY)
        later = (replies / living.name).stat().st_ctime + fifos.STALE_SECONDS + 1
        assert fifos.sweep_replies(descriptor, later - fifos.STALE_SECONDS - 2) == 0
        assert fifos.sweep_replies(descriptor, later) == 200
        os.close(descriptor)
        assert set(os.listdir(replies)) == {living.name, "f" * 32, "other-name"}
        living.draw()


# A FIFO's age cannot be set, so the daemon's clock is two minutes ahead; and a minute passes when a file appears.
AHEAD = """
import os, time
now, monotonic_ns = time.time, time.monotonic_ns
time.time = lambda: now() + 120
time.monotonic_ns = lambda: monotonic_ns() + os.path.exists(os.environ["MINUTE"]) * 60_000_000_000
"""


@pytest.fixture
def restarted(daemon: Daemon) -> Daemon:
    """A daemon that has stopped, and whose next start is two minutes later."""
    daemon.stop()
    ahead = daemon.place / "ahead"
    ahead.mkdir()
    (ahead / "sitecustomize.py").write_text(AHEAD)
    daemon.environment |= {"PYTHONPATH": str(ahead), "MINUTE": str(daemon.place / "minute")}
    return daemon


def test_it_sweeps_a_minute_after_its_start(restarted: Daemon) -> None:
    left = restarted.run / "replies" / ("d" * 32)
    os.mkfifo(left, 0o620)
    restarted.start()
    with Pipe(restarted.run) as pipe:
        pipe.draw()
        pipe.draw()
        assert left.exists()
        (restarted.place / "minute").touch()
        until(lambda: pipe.status() and not left.exists(), "the dead client's FIFO is swept")


def test_who_waited_for_its_start_like_a_shell_gets_the_reply(restarted: Daemon) -> None:
    """They read only after other bytes, so that they are unread still when the daemon has made its first turn."""
    requests = os.open(restarted.run / "requests", os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(requests, fcntl.F_SETPIPE_SZ, 1 << 20)
    os.write(requests, (b"x" * 1000 + b"\n") * 1000)
    readers = [shell_reader(restarted, requests) for _ in range(10)]
    try:
        restarted.start()
        replies = [reader.communicate(timeout=DEADLINE)[0] for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
        os.close(requests)
    assert [b'"result"' in reply for reply in replies] == [True] * 10


def shell_reader(daemon: Daemon, requests: int) -> subprocess.Popen[bytes]:
    """What reads one reply from a FIFO of its own and ends, its request sent."""
    name = os.urandom(16).hex()
    fifo = daemon.run / "replies" / name
    os.mkfifo(fifo)
    fifo.chmod(0o620)
    request = {"jsonrpc": "2.0", "method": "getStatus", "params": {}, "id": 1, "reply": name}
    os.write(requests, json.dumps(request).encode() + b"\n")
    return subprocess.Popen(["head", "-n1", fifo], stdout=subprocess.PIPE)


# --- clients that do not read (pitfall 17) ---


def test_a_stopped_client_with_many_requests_delays_nobody(shared: Daemon) -> None:
    with Unharmed(shared, slack_kib=16384), Pipe(shared.run) as stopped, Pipe(shared.run) as other:
        for _ in range(500):
            stopped.submit("generateIntegers", {"n": 500, "min": 1, "max": 10**9})
        for _ in range(100):
            other.draw()
    shared.wait_for_log("request dropped: a client sends requests faster than it reads replies")


def test_ten_seconds_without_progress_end_it_and_are_recorded(daemon: Daemon) -> None:
    with Neighbour(daemon.run), Pipe(daemon.run) as stuck, Pipe(daemon.run) as slow, Pipe(daemon.run) as pipe:
        stuck.submit("generateIntegers", {"n": 1_000_000, "min": 1, "max": 10**9}, purpose="stuck")
        slow.submit("generateIntegers", {"n": 1_000_000, "min": 1, "max": 10**9}, purpose="slow")
        until(lambda: slow_read(slow) and pipe.status()["undelivered"] == 1, "the stuck one is given up")
    given_up = daemon.bodies("undelivered")[0]
    assert given_up["reason"] == "nothing was read for ten seconds"
    [body] = [body for head, body, _ in daemon.records() if head.get("serial") == given_up["draw"]]
    assert body["purpose"] == "stuck"


def slow_read(pipe: Pipe) -> bytes:
    pace(0.1)
    return pipe.read(4096)


# --- many clients (pitfall 18) ---


def test_sixty_four_descriptors_are_enough_for_two_hundred_clients(place: Path) -> None:
    with Daemon(place, QUICK).start(prepare=limited(resource.RLIMIT_NOFILE, 64)) as daemon, Neighbour(daemon.run):
        pipes = [Pipe(daemon.run) for _ in range(200)]
        for _ in range(3):
            for pipe in pipes:
                pipe.submit("generateIntegers", {"n": 1, "min": 1, "max": 6})
            assert all(len(result(pipe.receive())["random"]["data"]) == 1 for pipe in pipes)
        assert daemon.descriptors() <= 64
        for pipe in pipes:
            pipe.close()
    assert "Traceback" not in daemon.log


def test_a_thousand_fifos_that_nobody_reads_leave_other_users_in_peace(place: Path) -> None:
    needs.root()
    waiter, releaser = os.pipe()

    def flood() -> None:
        os.close(releaser)
        pipes = [Pipe(place / "run") for _ in range(1000)]
        for pipe in pipes:
            pipe.submit("generateIntegers", {"n": 20_000, "min": 1, "max": 10**9})
        os.read(waiter, 1)

    with many_descriptors(), Daemon(place, QUICK) as daemon, Unharmed(daemon, slack_kib=98304):
        flooder = threading.Thread(target=in_child, args=(flood, STRANGER))
        flooder.start()
        try:
            with Pipe(daemon.run) as pipe:
                until(lambda: pipe.status()["clients"] > 500, "the flood is there")
                for _ in range(20):
                    pipe.draw()
        finally:
            os.close(releaser)
            flooder.join(DEADLINE)
            os.close(waiter)


@contextmanager
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needs.require(hard == resource.RLIM_INFINITY or hard >= 4096, "leave to open 4096 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_one_user_cannot_take_all_places(place: Path) -> None:
    """Those of his own clients that are stuck make room for his next ones."""
    needs.root()
    waiter, releaser = os.pipe()

    def hoard() -> None:
        os.close(releaser)
        pipes = [Pipe(place / "run") for _ in range(12)]
        for pipe in pipes:
            pipe.submit("generateIntegers", {"n": 20_000, "min": 1, "max": 10**9})
        os.read(waiter, 1)

    with Daemon(place, QUICK + "[limits]\nclients = 10\nclients_per_uid = 5\n") as daemon, Pipe(daemon.run) as pipe:
        hoarder = threading.Thread(target=in_child, args=(hoard, STRANGER))
        hoarder.start()
        try:
            until(lambda: pipe.status()["clients"] == 6, "the hoarder has five places")
            until(lambda: pipe.draw() and pipe.status()["undelivered"] == 7, "seven of his twelve have made room")
            assert pipe.status()["clients"] == 6
        finally:
            os.close(releaser)
            hoarder.join(DEADLINE)
            os.close(waiter)
    assert {body["reason"] for body in daemon.bodies("undelivered")[:7]} == {"room for others"}


# --- who may do what in the directory (decision 5; pitfall 29) ---


def test_nobody_but_the_daemon_lists_reply_fifos_or_removes_other_peoples(shared: Daemon, client: Pipe) -> None:
    needs.root()

    def meddle() -> list[str]:
        return [
            denied(lambda: os.listdir(client.path.parent)),
            denied(client.path.unlink),
            denied(lambda: client.path.rename(client.path.with_name("mine"))),
        ]

    assert stat.S_IMODE(client.path.parent.stat().st_mode) == 0o3733
    assert in_child(meddle, STRANGER) == ["PermissionError"] * 3


def denied(act: Callable[[], object]) -> str:
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "allowed"


def test_it_answers_the_owner_of_the_fifo_and_nobody_else(shared: Daemon) -> None:
    """Whoever knows a name can have an answer sent there, but the answer is its owner's, and so is the draw."""
    needs.root()
    with Pipe(shared.run) as owner:

        def name_another() -> None:
            with Pipe(shared.run) as stranger:
                stranger.submit("generateIntegers", {"n": 1, "min": 3, "max": 3}, reply=owner.name)
                assert stranger.status()["clients"] >= 1

        in_child(name_another, STRANGER)
        serial = result(owner.receive())["serialNumber"]
    assert next(body["drawer"] for head, body, _ in shared.records() if head.get("serial") == serial) == "unix:0"


def forbid_everything() -> None:
    os.umask(0o077)


def test_fifos_get_their_mode_whatever_the_umask(place: Path) -> None:
    umask = os.umask(0o077)
    try:
        with Daemon(place, QUICK).start(prepare=forbid_everything) as daemon:
            assert stat.S_IMODE((daemon.run / "requests").stat().st_mode) == 0o622
            with Client(str(daemon.run)) as library:
                assert library.integers(1, 3, 3).data == [3]
                [made] = (daemon.run / "replies").iterdir()
                assert stat.S_IMODE(made.stat().st_mode) == 0o620
    finally:
        os.umask(umask)


THREADS = """
import os, sys, threading
from fifod.fifos import ReplyFifo

os.umask(0o077)
sys.setswitchinterval(1e-6)
modes = set()

def make_some():
    for _ in range(300):
        fifo = ReplyFifo(sys.argv[1])
        modes.add(os.fstat(fifo.descriptor).st_mode & 0o777)
        fifo.close()

threads = [threading.Thread(target=make_some) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*map(oct, modes), oct(os.umask(0)))
"""


def test_threads_that_make_reply_fifos_at_once_leave_each_other_mode_and_umask(shared: Daemon) -> None:
    command = [sys.executable, "-c", THREADS, str(shared.run)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=DEADLINE)
    assert (done.stdout, done.stderr) == ("0o620 0o77\n", "")


def test_a_reply_fifo_that_its_own_maker_cannot_open_is_told_and_removed(shared: Daemon) -> None:
    def make_one() -> str:
        os.umask(0o777)
        with pytest.raises(NoPermission) as told:
            ReplyFifo(str(shared.run))
        return told.value.message

    before = set((shared.run / "replies").iterdir())
    assert in_child(make_one, STRANGER) == f"cannot make a reply FIFO in {shared.run}/replies: Permission denied"
    assert set((shared.run / "replies").iterdir()) == before


def test_the_library_writes_each_request_with_one_call(place: Path, shared: Daemon) -> None:
    needs.commands("strace")
    trace = place / "trace"
    program = (
        "from fifod.client import Client\nwith Client() as c:\n    [c.integers(1, purpose='p' * 300) for _ in range(5)]"
    )
    command = ["strace", "-qq", "-e", "trace=write,writev,openat", "-o", str(trace), sys.executable, "-c", program]
    environment = {**shared.environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert in_child(lambda: os.spawnvpe(os.P_WAIT, "strace", command, environment)) == 0
    calls = trace.read_text()
    opened = re.search(rf'"{shared.run}/requests", (\S+)\) = (\d+)', calls)
    assert opened and "O_WRONLY" in opened[1] and "O_NONBLOCK" in opened[1] and "O_CREAT" not in opened[1]
    written = re.findall(rf'^write\({opened[2]}, "(..).*, (\d+)\) += (\d+)$', calls, re.MULTILINE)
    assert len(written) == 5 and all(start == "\\n" and asked == done for start, asked, done in written)
