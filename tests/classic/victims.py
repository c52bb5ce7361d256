"""Processes that questions name, each of which tells when it is signalled; and questions, whatever is in them."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.waiting import DEADLINE, readable

_PR_SET_DUMPABLE = 4
READY, SIGNALLED = b"r", b"s"


def question(pid: int, n: int) -> bytes:
    """A question's bytes, without the code that is tested."""
    return struct.pack("@ii", pid, n)


def write(fifo: Path, data: bytes) -> None:
    """Write something into a FIFO that somebody reads."""
    descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    try:
        assert os.write(descriptor, data) == len(data)
    finally:
        os.close(descriptor)


class Victim:
    """A child that sleeps, with a handler for SIGUSR1 unless told otherwise, and perhaps with a FIFO open."""

    def __init__(self, fifo: Path | None = None, *, uid: int | None = None, handles: bool = True) -> None:
        self._reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._live(writer, fifo, uid, handles)
        os.close(writer)
        self._pidfd = os.pidfd_open(self.pid)
        assert self.says() == READY

    def _live(self, writer: int, fifo: Path | None, uid: int | None, handles: bool) -> None:
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            signal.signal(signal.SIGUSR1, self._teller(writer) if handles else signal.SIG_DFL)
            if fifo is not None:
                os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            if uid is not None:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                # Who has changed his user hides what he has open until he is another program; clients are.
                ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
            os.write(writer, READY)
            while True:
                signal.pause()
        finally:
            os._exit(1)

    @staticmethod
    def _teller(writer: int) -> Callable[..., object]:
        return lambda *_: os.write(writer, SIGNALLED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    def says(self) -> bytes:
        """What it says next: that it is ready, or was signalled."""
        assert readable(self._reader), "a victim says nothing"
        return os.read(self._reader, 1)

    @property
    def is_unharmed(self) -> bool:
        """Whether it lives and was not signalled, as far as can be told now."""
        return not readable(self._reader, self._pidfd, seconds=0)

    def end(self) -> None:
        """Kill it and wait for it."""
        if self._pidfd < 0:
            return
        signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        assert readable(self._pidfd, seconds=DEADLINE)
        os.waitpid(self.pid, 0)
        os.close(self._pidfd)
        os.close(self._reader)
        self._pidfd = -1
