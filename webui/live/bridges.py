"""Classic bridges: found by what they publish, and followed step by step.

A bridge's directory belongs to the user whose bridge it is, who may put anything there: nothing is followed, waited for
or believed. Of the steps, counts of values stay here: they are part of other people's draws.
"""

import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from fifod.classic import places
from fifod.classic.trace import FORMER, MOST_BYTES, MOST_REASON, STARTED, Step

INSTALLED = Path("/run/fifod-classic")
LOOK_EVERY = 0.5
MOST_BRIDGES = 16
MOST_STEPS = 50
_MOST_PATH = 200

_decode = msgspec.json.Decoder(Step).decode


@dataclass(frozen=True)
class Told:
    """What one bridge did lately, and where it is."""

    place: str
    pid: int | None
    fifo1: str
    fifo2: str
    steps: Sequence[Step]
    is_there: bool = True

    def onto(self, before: "Told | None") -> "Told":
        """This, behind what was told before."""
        return replace(self, steps=[*(before.steps if before else ()), *self.steps][-MOST_STEPS:])

    def as_json(self) -> dict[str, object]:
        """What watchers are told."""
        return {
            "place": self.place,
            "pid": self.pid,
            "fifo1": self.fifo1,
            "fifo2": self.fifo2,
            "isThere": self.is_there,
            "steps": [_step_as_json(step) for step in self.steps],
        }


def _step_as_json(step: Step) -> dict[str, object]:
    members = {
        "number": step.number,
        "micros": step.time,
        "time": _wall_clock(step.time),
        "step": step.step[:40],
        "exchange": step.exchange,
        "pid": step.pid,
        "serial": step.serial,
        "bytes": step.bytes,
        "reason": step.reason and step.reason[:MOST_REASON],
    }
    return {name: value for name, value in members.items() if value is not None}


def _wall_clock(micros: int) -> float:
    """Seconds since 1970 of a moment on the kernel's monotonic clock."""
    return round(time.time() - time.monotonic() + micros / 1e6, 6)


class Follower:
    """Follows one trace by name, into each new file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._path = places.trace_file(str(directory))
        self._descriptor = -1
        self._inode = 0
        self._rest = b""
        self._fifos = _fifos_of(_read_former(directory))

    def read(self) -> Told | None:
        """What is new: steps, or that the bridge has gone."""
        steps = [*self._steps()]
        found = self._stat()
        if found is None:
            was_open = self._descriptor >= 0
            self.close()
            return self._gone(steps) if was_open else None
        if found.st_ino != self._inode or self._descriptor < 0:
            self._open()
            steps += self._steps()
        return self._told(steps) if steps else None

    def _gone(self, steps: list[Step]) -> Told:
        return Told(str(self.directory), None, *(self._fifos or ("", "")), steps, False)

    def _told(self, steps: list[Step]) -> Told:
        self._fifos = _fifos_of(steps) or self._fifos
        return Told(str(self.directory), self._pid(), *(self._fifos or ("", "")), steps[-MOST_STEPS:])

    def _stat(self) -> os.stat_result | None:
        try:
            found = os.lstat(self._path)
        except OSError:
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def _open(self) -> None:
        self.close()
        try:
            self._descriptor = _open_regular(self._path)
            self._inode = os.fstat(self._descriptor).st_ino
        except OSError:
            pass

    def _steps(self) -> Iterator[Step]:
        if self._descriptor < 0:
            return
        *lines, self._rest = (self._rest + os.read(self._descriptor, MOST_BYTES)).split(b"\n")
        self._rest = self._rest[:4096]
        yield from _decoded(lines)

    def _pid(self) -> int | None:
        try:
            descriptor = _open_regular(places.pid_file(str(self.directory)))
        except OSError:
            return None
        try:
            text = os.read(descriptor, 16).strip()
        finally:
            os.close(descriptor)
        return int(text) if text.isdigit() and 1 < int(text) <= places.MAX_PID else None

    def close(self) -> None:
        """Follow no more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._inode, self._rest = -1, 0, b""


def _decoded(lines: Sequence[bytes]) -> Iterator[Step]:
    for line in lines:
        try:
            yield _decode(line)
        except ValueError:
            continue


def _fifos_of(steps: Iterable[Step]) -> tuple[str, str] | None:
    """Where a bridge said at its start that its FIFOs are."""
    told = [(step.fifo1, step.fifo2) for step in steps if step.step == STARTED]
    return next(((one[:_MOST_PATH], two[:_MOST_PATH]) for one, two in told if one and two), None)


def _read_former(directory: Path) -> Iterator[Step]:
    try:
        descriptor = _open_regular(str(directory / FORMER))
    except OSError:
        return
    try:
        yield from _decoded(os.read(descriptor, 2 * MOST_BYTES).split(b"\n"))
    finally:
        os.close(descriptor)


def _open_regular(path: str) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(f"{path} is no file")


class Bridges:
    """All bridges of this machine: users' services, and that of a trial, which is in the daemon's runtime directory."""

    def __init__(self, runtime_dir: Path) -> None:
        self._runtime_dir = runtime_dir
        self._followers: dict[Path, Follower] = {}
        self._look_at = 0.0

    def read(self) -> list[Told]:
        """What is new at each."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            self._find()
        told = [(follower, follower.read()) for follower in self._followers.values()]
        for follower, news in told:
            if news and not news.is_there:
                del self._followers[follower.directory]
        return [news for _, news in told if news]

    def _find(self) -> None:
        for directory in (self._runtime_dir, *_directories(INSTALLED)):
            is_new = directory not in self._followers and len(self._followers) < MOST_BRIDGES
            if is_new and os.path.lexists(places.trace_file(str(directory))):
                self._followers[directory] = Follower(directory)

    def close(self) -> None:
        """Follow none any more."""
        for follower in self._followers.values():
            follower.close()


def _directories(parent: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(parent) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
