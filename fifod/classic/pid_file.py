"""The file that tells clients the bridge's PID, and keeps a second bridge out of its directory."""

from __future__ import annotations

import fcntl
import os

from fifod.errors import AlreadyRunning, StartError
from fifod.fifos import is_same

_MODE = 0o644


class PidFile:
    """Locked as long as the bridge runs."""

    def __init__(self, path: str) -> None:
        """Raises AlreadyRunning if another bridge has it, and StartError if it cannot be written."""
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
        except OSError as error:
            raise StartError(f"cannot write the PID file {path}: {error.strerror}; set FIFOD_CLASSIC_DIR") from None
        try:
            self._write()
        except BaseException:
            os.close(self._descriptor)
            raise

    def _write(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._descriptor, 16, 0).decode(errors="replace").strip()
            raise AlreadyRunning(
                f"another fifod-classic (pid {holder or 'unknown'}) has {self._path}; "
                "stop it, or give this one a FIFOD_CLASSIC_DIR of its own"
            ) from None
        try:
            os.fchmod(self._descriptor, _MODE)
            size = os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
            os.ftruncate(self._descriptor, size)
        except OSError as error:
            raise StartError(f"cannot write the PID file {self._path}: {error.strerror}") from None

    def remove(self) -> None:
        """Remove it, if it is still this one."""
        if is_same(self._path, self._descriptor):
            try:
                os.unlink(self._path)
            except OSError:
                pass
        os.close(self._descriptor)
