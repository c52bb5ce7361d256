"""The servers that are measured: fifod in directories of its own, and the textbook's."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.bench import Bench, running

READY_DEADLINE = 120.0
CONFIGURATION = """\
durability = "{durability}"
{more}
[limits]
draws_per_minute = 1_000_000_000
values_per_minute = 1_000_000_000_000
clients = 2000
clients_per_uid = 2000
"""


@dataclass(frozen=True)
class Server:
    """A server that runs: its process and the paths that clients need."""

    pid: int
    requests: Path
    replies: Path
    start_up: float = 0.0
    environment: dict[str, str] | None = None

    @property
    def runtime_dir(self) -> str:
        """The directory that clients of fifod are told."""
        return str(self.requests.parent)


@contextmanager
def fifod(
    bench: Bench,
    *,
    durability: str = "process",
    more: str = "",
    state: Path | None = None,
    prefix: Sequence[str] = ("-m", "fifod"),
) -> Iterator[Server]:
    """A fifod that serves, with `more` in its configuration; with `state` it continues the ledger that is there."""
    # The socket has a directory of its own: its path must be short, and that of the bench may be long.
    with bench.directory() as directory, TemporaryDirectory(prefix="fifod-benchmarks-") as short:
        (directory / "fifod.toml").write_text(CONFIGURATION.format(durability=durability, more=more))
        environment = bench.environment | {
            "FIFOD_RUNTIME_DIR": str(directory / "run"),
            "FIFOD_STATE_DIR": str(state or directory / "state"),
            "FIFOD_CONFIG": str(directory / "fifod.toml"),
            "NOTIFY_SOCKET": f"{short}/notify",
        }
        with _started([sys.executable, *prefix], environment, Path(short, "notify")) as (pid, start_up):
            run = directory / "run"
            yield Server(pid, run / "requests", run / "replies", start_up, environment)


@contextmanager
def _started(command: Sequence[str], environment: dict[str, str], notify: Path) -> Iterator[tuple[int, float]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(notify))
        start = time.perf_counter()
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _wait_until_ready(listener, child)
            yield child.pid, time.perf_counter() - start
        finally:
            _stop(child)


def _wait_until_ready(listener: socket.socket, child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + READY_DEADLINE
    listener.settimeout(0.2)
    while time.monotonic() < deadline:
        try:
            if b"READY=1" in listener.recv(4096):
                return
        except TimeoutError:
            if child.poll() is not None:
                assert child.stderr is not None
                raise RuntimeError(f"fifod did not start: {child.stderr.read()[-800:]}") from None
    raise RuntimeError("fifod was not ready in time")


def _stop(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()


@contextmanager
def textbook(bench: Bench) -> Iterator[Server]:
    """The textbook's server: opens the client's FIFO for each reply, and records nothing."""
    with bench.directory() as directory:
        requests, replies = directory / "requests", directory / "replies"
        replies.mkdir()
        replies.chmod(0o1777)
        with running([bench.program("textbook"), requests, replies]) as child:
            _wait_for_fifo(requests, child)
            yield Server(child.pid, requests, replies)


def _wait_for_fifo(path: Path, child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 10
    while not path.is_fifo():
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the textbook server did not start")
        time.sleep(0.002)


def processor_seconds(pid: int) -> float:
    """The processor time that a process has used."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
