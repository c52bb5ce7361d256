"""A real daemon for tests, and clients that speak its protocol with nothing but os calls: they share no code with fifod."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

DEADLINE = 30.0
"""Seconds that anything may take; far more than it needs, so that only a fault reaches it."""

Answer = dict[str, Any]
Record = tuple[dict[str, Any], dict[str, Any], bytes]
"""A line of the ledger: head, body, and the bytes of the head."""


def until(condition: Callable[[], object], what: str) -> None:
    """Evaluate a condition, which waits for something itself, until it holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"waited in vain until {what}"


def readable(*descriptors: int, seconds: float = DEADLINE) -> set[int]:
    """Which descriptors can be read from, or have been hung up, as soon as one can."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(max(0.0, seconds) * 1000)}


def pace(seconds: float) -> None:
    """Let time pass: never to wait for something, only to be slow on purpose or not to spin."""
    readable(seconds=seconds)


def reachable_directory() -> Path:
    """A fresh directory that every user can enter."""
    place = Path(tempfile.mkdtemp(prefix="fifod-test-"))
    place.chmod(0o755)
    return place


class Daemon:
    """A daemon with its directories below `place`, as a child process in a session of its own."""

    def __init__(self, place: Path, config: str = "", **environment: str) -> None:
        self.place = place
        self.run, self.state = place / "run", place / "state"
        self.ledger = self.state / "ledger"
        self.config = place / "fifod.toml"
        self.config.write_text(config)
        self.environment = {
            **os.environ,
            "FIFOD_RUNTIME_DIR": str(self.run),
            "FIFOD_STATE_DIR": str(self.state),
            "FIFOD_CONFIG": str(self.config),
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._log = ""
        self._logged = threading.Condition()

    def __enter__(self) -> Self:
        return self if self._process else self.start()

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if kind is not None:
            print(f"--- the daemon's log ---\n{self.log}", file=sys.stderr)
        self.end()

    def start(
        self,
        *,
        prefix: tuple[str, ...] = (),
        prepare: Callable[[], None] | None = None,
        arguments: tuple[str, ...] = (),
    ) -> Self:
        """Start it and wait until it says that it is ready."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            address = f"\0fifod-test-{os.urandom(8).hex()}"
            notifications.bind(address)
            notifications.settimeout(DEADLINE)
            self.spawn(prefix, prepare, arguments, {"NOTIFY_SOCKET": "@" + address[1:]})
            self._wait_for_ready(notifications)
        return self

    def spawn(
        self,
        prefix: tuple[str, ...] = (),
        prepare: Callable[[], None] | None = None,
        arguments: tuple[str, ...] = (),
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Start it without waiting for anything."""
        self._log = ""
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "fifod", *arguments],
            env={**self.environment, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=prepare,
            cwd=Path(__file__).parent.parent,
        )
        self._reader = threading.Thread(target=self._read_log, args=(self._process,))
        self._reader.start()

    def _read_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        with process.stdout as stream:
            for line in stream:
                with self._logged:
                    self._log += line.decode(errors="replace")
                    self._logged.notify_all()
        process.wait()
        with self._logged:
            self._logged.notify_all()

    def _wait_for_ready(self, notifications: socket.socket) -> None:
        # A daemon that ends instead sends nothing, so its end is turned into a message too.
        assert self._process
        descriptor = os.pidfd_open(self._process.pid)
        try:
            ready = readable(notifications.fileno(), descriptor)
            if notifications.fileno() in ready and b"READY=1" in notifications.recv(4096):
                return
        finally:
            os.close(descriptor)
        self.end()
        raise AssertionError(f"the daemon did not get ready:\n{self.log}")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process, "the daemon was not started"
        return self._process

    @property
    def pid(self) -> int:
        """The daemon's process number, also behind strace."""
        return int((self.run / "fifod.pid").read_text())

    @property
    def log(self) -> str:
        """What it has logged so far."""
        with self._logged:
            return self._log

    def wait_for_log(self, text: str) -> None:
        """Wait until it has logged a text."""
        with self._logged:
            found = self._logged.wait_for(lambda: text in self._log, DEADLINE)
            assert found, f"not logged: {text!r}, but\n{self._log}"

    def tell(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def wait(self) -> int:
        """Wait for its end; returns the exit status."""
        status = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return status

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop and wait; returns the exit status."""
        self.tell(number)
        return self.wait()

    def kill(self) -> None:
        """End it like a power failure."""
        self.process.kill()
        self.wait()

    def end(self) -> None:
        """End it and what belongs to it, whatever state it is in."""
        if self._process is None:
            return
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.wait()

    # --- what can be seen from outside ---

    def descriptors(self) -> int:
        """How many descriptors it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self) -> int:
        """Its resident memory in KiB."""
        return int(self._status_line("VmRSS").split()[0])

    def cpu_ticks(self) -> int:
        """Clock ticks of processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def _status_line(self, name: str) -> str:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(line.partition(":")[2] for line in lines if line.startswith(name + ":"))

    def segments(self) -> list[Path]:
        """The files of the ledger, oldest first."""
        return sorted(self.ledger.glob("*.jsonl"))

    def records(self) -> Iterator[Record]:
        """Every record, read without the ledger's own reader; the chain is checked on the way."""
        prev = "0" * 64
        for segment in self.segments():
            for line in segment.read_bytes().splitlines(keepends=True):
                assert line.endswith(b"\n"), f"a torn line: {line!r}"
                head_bytes, _, body_bytes = line[:-1].partition(b"\t")
                head = json.loads(head_bytes)
                assert head["prev"] == prev, f"the chain breaks at {head}"
                assert head["body"] == hashlib.sha256(body_bytes).hexdigest()
                prev = hashlib.sha256(head_bytes).hexdigest()
                yield head, json.loads(body_bytes), head_bytes

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of all records of a kind."""
        return [body for head, body, _ in self.records() if head["kind"] == kind]


class Pipe:
    """A client: a reply FIFO of its own, requests written by hand, replies read line by line."""

    def __init__(self, run: Path, name: str | None = None) -> None:
        self.name = name or os.urandom(16).hex()
        self.path = run / "replies" / self.name
        umask = os.umask(0)
        os.mkfifo(self.path, 0o620)
        os.umask(umask)
        self.descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self._requests = os.open(run / "requests", os.O_WRONLY)
        self._buffer = b""
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close and remove it."""
        self.hang_up()
        os.close(self._requests)
        self.path.unlink(missing_ok=True)

    def hang_up(self) -> None:
        """Close the reading end only."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def write(self, data: bytes) -> None:
        """Write bytes to the request FIFO as they are."""
        while data:
            data = data[os.write(self._requests, data) :]

    def line(self, method: object = "getStatus", params: object = None, **members: object) -> bytes:
        """A request with the next number as its id, as bytes."""
        self._number += 1
        request = {"jsonrpc": "2.0", "method": method, "params": params or {}, "id": self._number, "reply": self.name}
        return b"\n" + json.dumps({**request, **members}).encode() + b"\n"

    def submit(self, method: object = "getStatus", params: object = None, **members: object) -> None:
        """Send a request."""
        line = self.line(method, params, **members)
        assert os.write(self._requests, line) == len(line)

    def ask(self, method: object = "getStatus", params: object = None, **members: object) -> Answer:
        """Send a request and wait for its answer."""
        self.submit(method, params, **members)
        return self.receive()

    def ask_raw(self, line: bytes) -> Answer:
        """Send bytes and wait for an answer."""
        self.write(line)
        return self.receive()

    def draw(self, n: int = 5, low: int = 1, high: int = 100, **members: object) -> Answer:
        """Draw integers; returns the result."""
        return result(self.ask("generateIntegers", {"n": n, "min": low, "max": high}, **members))

    def status(self) -> Answer:
        return result(self.ask())

    def receive(self) -> Answer:
        """The next answer."""
        while b"\n" not in self._buffer:
            self._buffer += self._read(1 << 20)
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: Answer = json.loads(line)
        assert answer["jsonrpc"] == "2.0" and ("result" in answer) != ("error" in answer), answer
        return answer

    def read(self, size: int = 1 << 20) -> bytes:
        """Some bytes, as soon as there are any."""
        if self._buffer:
            found, self._buffer = self._buffer[:size], self._buffer[size:]
            return found
        return self._read(size)

    def _read(self, size: int) -> bytes:
        end = time.monotonic() + DEADLINE
        while True:
            assert self._is_readable(end - time.monotonic()), "no answer came"
            try:
                if found := os.read(self.descriptor, size):
                    return found
            except BlockingIOError:
                continue
            # The daemon has closed its end, to make room or because it stops. It may open it again.
            self._open_anew()

    def read_to_end(self) -> bytes:
        """Everything up to the daemon's closing of its end."""
        found, self._buffer = self._buffer, b""
        while self._is_readable(DEADLINE):
            more = os.read(self.descriptor, 1 << 20)
            if not more:
                return found
            found += more
        raise AssertionError("the daemon did not close its end")

    def _is_readable(self, seconds: float) -> bool:
        return bool(readable(self.descriptor, seconds=seconds))

    def _open_anew(self) -> None:
        # Poll reports the hang-up for ever on a descriptor that has seen it; a fresh one waits for the next writer.
        fresh = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        os.close(self.descriptor)
        self.descriptor = fresh


def result(answer: Answer) -> Answer:
    """The result of an answer, which must not be an error."""
    assert "result" in answer, answer
    found: Answer = answer["result"]
    return found


def code(answer: Answer) -> int:
    """The error code of an answer, which must be a well-formed error."""
    assert "error" in answer, answer
    error = answer["error"]
    assert set(error) == {"code", "message", "data"} and isinstance(error["message"], str) and error["message"]
    number: int = error["code"]
    return number


class Neighbour:
    """An honest client in a thread of its own, which draws one thing after another and must get every answer."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._stop = threading.Event()
        self.serials: list[int] = []
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        self._stop.set()
        self._thread.join(2 * DEADLINE)
        if kind is None:
            assert not self._thread.is_alive() and self._failure is None, (
                f"an honest client suffered: {self._failure!r}"
            )
            assert self.serials

    def _work(self) -> None:
        try:
            with Pipe(self._run) as pipe:
                while not self._stop.is_set():
                    self._draw(pipe)
                self._draw(pipe)
        except BaseException as error:
            self._failure = error

    def _draw(self, pipe: Pipe) -> None:
        drawn = pipe.draw(3, 1, 6)
        assert len(drawn["random"]["data"]) == 3
        self.serials.append(drawn["serialNumber"])


class Unharmed:
    """Around bad input: the same process, no more descriptors, no more memory, and an honest client served all the while.

    Clients that are there at its beginning may stay to its end; the test's own may come in between.
    """

    def __init__(self, daemon: Daemon, slack_kib: int = 6144, newcomers: int = 1) -> None:
        self._daemon = daemon
        self._slack = slack_kib
        self._newcomers = newcomers
        self._neighbour = Neighbour(daemon.run)

    def __enter__(self) -> Self:
        with Pipe(self._daemon.run) as pipe:
            pipe.draw()
        with Pipe(self._daemon.run) as pipe:
            self._clients = pipe.status()["clients"]
            self._pid, self._descriptors, self._memory = self._vitals()
        self._neighbour.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        self._neighbour.__exit__(kind, *exception)
        if kind is not None:
            return
        with Pipe(self._daemon.run) as pipe:
            until(lambda: self._is_quiet(pipe), "the daemon has forgotten those who left")
            clients = pipe.status()["clients"]
            pid, descriptors, memory = self._vitals()
        assert pid == self._pid
        assert descriptors - clients == self._descriptors - self._clients
        assert memory <= self._memory + self._slack
        assert "Traceback" not in self._daemon.log, self._daemon.log

    def _is_quiet(self, pipe: Pipe) -> bool:
        status = pipe.status()
        return bool(status["queued"] == 0 and status["clients"] <= self._clients + self._newcomers)

    def _vitals(self) -> tuple[int, int, int]:
        return self._daemon.pid, self._daemon.descriptors(), self._daemon.memory()


def in_child(work: Callable[[], object], uid: int | None = None, deadline: float = 2 * DEADLINE) -> Any:
    """Do something in a process of its own, perhaps as another user; returns what it returned, by way of JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _work_and_exit(work, uid, writer)
    os.close(writer)
    descriptor = os.pidfd_open(child)
    try:
        with os.fdopen(reader, "rb") as stream:
            found = _read_all(stream.fileno(), deadline)
        assert readable(descriptor), "a child does not end"
    finally:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(descriptor)
    told = json.loads(found or b'{"failure": "the child ended without a word"}')
    assert "failure" not in told, told["failure"]
    return told["value"]


def _work_and_exit(work: Callable[[], object], uid: int | None, writer: int) -> None:
    try:
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        told: dict[str, object] = {"value": work()}
    except BaseException as error:
        told = {"failure": f"{type(error).__name__}: {error}"}
    try:
        data = json.dumps(told).encode()
        while data:
            data = data[os.write(writer, data) :]
    finally:
        os._exit(0)


def _read_all(descriptor: int, seconds: float) -> bytes:
    end, found = time.monotonic() + seconds, b""
    while readable(descriptor, seconds=end - time.monotonic()):
        if not (more := os.read(descriptor, 65536)):
            return found
        found += more
    return found


def limited(kind: int, number: int) -> Callable[[], None]:
    """For Daemon.start: a resource limit that the daemon cannot raise again."""
    return lambda: resource.setrlimit(kind, (number, number))


def remove(place: Path) -> None:
    """Remove a test's directory."""
    shutil.rmtree(place, ignore_errors=True)
