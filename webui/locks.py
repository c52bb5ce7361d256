"""Locks that processes hold: files beside the database.

The kernel lets go of a lock when the process that holds it ends, however it ends.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

# Whoever asks whether a lock is held has it shared for microseconds; who takes it outlasts that.
_PATIENCE = 1.0
_PAUSE = 0.02


class Taken(Exception):
    """Another process holds the lock."""


@dataclass(frozen=True)
class Lock:
    """What one process at a time does; the file's name ends with it."""

    name: str
    mode: int = 0o600

    @property
    def file(self) -> Path:
        """The file that is locked."""
        database = Path(settings.DATABASES["default"]["NAME"])
        return database.with_name(f"{database.name}.{self.name}")

    def take(self) -> int:
        """Take it, and hold it as long as the descriptor that is returned is open somewhere; raises Taken."""
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, self.mode)
        try:
            _lock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it during a block; raises Taken."""
        descriptor = self.take()
        try:
            yield
        finally:
            os.close(descriptor)

    def is_held(self) -> bool:
        """Whether somebody holds it."""
        try:
            descriptor = os.open(self.file, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Taken from None
        time.sleep(_PAUSE)


RECORDER = Lock("recorder", 0o640)
VERIFICATION = Lock("verification")
