"""The lock that lets one recorder at a time write into a database, and shows whether one is running."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

# A page that asks whether a recorder runs holds the lock shared for microseconds; a starting recorder outlasts that.
_PATIENCE = 1.0
_PAUSE = 0.02


class Taken(Exception):
    """Another recorder holds the lock."""


def lock_file() -> Path:
    """The file beside the database that a running recorder keeps locked."""
    database = Path(settings.DATABASES["default"]["NAME"])
    return database.with_name(f"{database.name}.recorder")


@contextmanager
def held() -> Iterator[None]:
    """Hold the lock; the kernel lets it go when the process ends, however it ends."""
    descriptor = os.open(lock_file(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _take(descriptor)
        yield
    finally:
        os.close(descriptor)


def is_held() -> bool:
    """Whether a recorder is running."""
    try:
        descriptor = os.open(lock_file(), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Taken from None
        time.sleep(_PAUSE)
