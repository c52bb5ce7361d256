"""Bridges that misbehave on purpose: processes with real FIFOs and signals, which share no code with fifod.

A behaviour is one of the functions below: it serves one question. What it sees it says on standard output, one JSON
value a line.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.waiting import DEADLINE, pace, readable

TOP = Path(__file__).parents[2]
FIFOS = "FIFOD_CLASSIC_FIFO1", "FIFOD_CLASSIC_FIFO2"


# --- the process ---


def frame(values: list[int], count: int | None = None) -> bytes:
    return struct.pack("101i", len(values) if count is None else count, *values, *[0] * (100 - len(values)))


def wake(pid: int) -> None:
    os.kill(pid, signal.SIGUSR1)


def wait_until_taken(pid: int) -> None:
    """Wait until no signal to the client is pending any more."""

    def pending() -> int:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("ShdPnd:")), 16)

    while pending():
        pace(0.001)


def wait_for_acknowledgement(pid: int) -> None:
    found = signal.sigtimedwait({signal.SIGUSR1}, DEADLINE)
    say({"acknowledged": found is not None and found.si_pid == pid})


def say(value: object) -> None:
    print(json.dumps(value), flush=True)


def strange_process(pid: int) -> None:
    """Another process of this user wakes the client."""
    stranger = os.fork()
    if stranger == 0:
        wake(pid)
        os._exit(0)
    os.waitpid(stranger, 0)
    say({"stranger": stranger})


def good(fifo2: int, pid: int, n: int) -> None:
    os.write(fifo2, frame(list(range(1, n + 1)) if n <= 100 else []))
    wake(pid)
    wait_for_acknowledgement(pid)


def silent(fifo2: int, pid: int, n: int) -> None:
    pass


def hasty(fifo2: int, pid: int, n: int) -> None:
    """Signals first, writes the answer behind that, and signals again when the client has gone back to sleep."""
    wake(pid)
    wait_until_taken(pid)
    good(fifo2, pid, n)


def only_signals(fifo2: int, pid: int, n: int) -> None:
    wake(pid)


def only_answers(fifo2: int, pid: int, n: int) -> None:
    os.write(fifo2, frame([1] * n))


def answers_nonsense(data: bytes) -> Callable[[int, int, int], None]:
    def behave(fifo2: int, pid: int, n: int) -> None:
        os.write(fifo2, data)
        wake(pid)

    return behave


def strangers_first(fifo2: int, pid: int, n: int) -> None:
    strange_process(pid)
    wait_until_taken(pid)
    good(fifo2, pid, n)


def strangers_only(fifo2: int, pid: int, n: int) -> None:
    os.write(fifo2, frame([1] * n))
    strange_process(pid)


def dies(fifo2: int, pid: int, n: int) -> None:
    os._exit(0)


def dies_after_the_signal(fifo2: int, pid: int, n: int) -> None:
    os.write(fifo2, frame([1] * n))
    wake(pid)
    os._exit(0)


def signals_on(fifo2: int, pid: int, n: int) -> None:
    """Never stops to signal: not when it was acknowledged, nor when the client has given up."""
    os.write(fifo2, frame([1] * n))
    try:
        while True:
            wake(pid)
            pace(0.0005)
    except ProcessLookupError:
        pass


BEHAVIOURS: dict[str, Callable[[int, int, int], None]] = {
    "good": good,
    "silent": silent,
    "hasty": hasty,
    "only signals": only_signals,
    "only answers": only_answers,
    "an impossible count": answers_nonsense(frame([], 101)),
    "a negative count": answers_nonsense(frame([], -1)),
    "three bytes": answers_nonsense(b"abc"),
    "another's answer": answers_nonsense(frame([1] * 9)),
    "values out of range": answers_nonsense(frame([0, 1, 2, 3, 101])),
    "strangers first": strangers_first,
    "strangers only": strangers_only,
    "dies": dies,
    "dies after the signal": dies_after_the_signal,
    "signals on": signals_on,
}


def main() -> None:
    fifo1, fifo2 = (os.open(os.environ[name], os.O_RDWR) for name in FIFOS)
    say("ready")
    while True:
        pid, n = struct.unpack("ii", os.read(fifo1, 8))
        say({"question": [pid, n]})
        BEHAVIOURS[sys.argv[1]](fifo2, pid, n)


# --- the test's side ---


def block_acknowledgements() -> None:
    """For the child: one that nobody waits for then harms nothing."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})


class Standin:
    """A stand-in for the bridge, at work in a directory."""

    def __init__(self, place: Path, behaviour: str) -> None:
        self.fifos = place / "fifo1", place / "fifo2"
        for path in self.fifos:
            os.mkfifo(path, 0o600)
        self.paths = dict(zip(FIFOS, map(str, self.fifos), strict=True)) | {"FIFOD_CLASSIC_DIR": str(place)}
        self._said = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.client.classic_standin", behaviour],
            env={**os.environ, **self.paths},
            cwd=TOP,
            stdout=subprocess.PIPE,
            preexec_fn=block_acknowledgements,
        )
        self.pid = self._process.pid
        (place / "classic.pid").write_text(f"{self.pid}\n")
        assert self.hear() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate(timeout=DEADLINE)

    def hear(self) -> Any:
        """The next that it says."""
        assert self._process.stdout
        while b"\n" not in self._said:
            assert readable(self._process.stdout.fileno()), "the stand-in says nothing"
            more = os.read(self._process.stdout.fileno(), 4096)
            assert more, "the stand-in has ended"
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return json.loads(line)


if __name__ == "__main__":
    main()
