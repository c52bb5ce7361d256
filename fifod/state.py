"""The daemon's own files: directories, the lock, the host key, the PID file, and the head that was last noted."""

from __future__ import annotations

import errno
import fcntl
import os

from fifod.errors import AlreadyRunning, StartError
from fifod.ledger.reader import LedgerReader
from fifod.log import log

LEDGER_MODE = 0o2750
HEAD_MODE = 0o640
PID_FILE_MODE = 0o644
_PRIVATE = 0o600
KEY_BYTES = 32


class State:
    """The state directory, held by a lock as long as this object lives."""

    def __init__(self, path: str) -> None:
        """Raises AlreadyRunning, or StartError for what cannot be made or opened."""
        self.path = path
        self.ledger_path = os.path.join(path, "ledger")
        make_directory(path, 0o755)
        make_directory(self.ledger_path, LEDGER_MODE)
        self._lock = _take_lock(os.path.join(self.ledger_path, "lock"))
        # What the last holder of the lock left in it: nothing, if it stopped cleanly.
        self.did_crash = os.fstat(self._lock).st_size > 0
        try:
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            # A full disk: it serves all the same, to say so to each who asks.
            log.warning("cannot note in the lock in %s that a daemon runs: %s", self.ledger_path, error.strerror)
        self._head_path = os.path.join(path, "head")

    def release(self) -> None:
        """Note a clean stop and give the lock back."""
        os.ftruncate(self._lock, 0)
        os.close(self._lock)

    def host_key(self) -> bytes:
        """The key that repeatable draws follow from; made when there is none."""
        path = os.path.join(self.path, "host.key")
        if os.path.lexists(path):
            return _read_key(path)
        key = os.urandom(KEY_BYTES)
        try:
            _write_key(f"{path}.new", key)
            os.rename(f"{path}.new", path)
        except OSError as error:
            raise StartError(f"cannot make the host key {path}: {error.strerror}") from None
        return key

    def note_head(self, serial: int, hash_: str) -> None:
        """Note how far the ledger has come, outside the ledger."""
        path = self._head_path
        try:
            with open(f"{path}.new", "w") as file:
                os.fchmod(file.fileno(), HEAD_MODE)
                file.write(f"{serial}:{hash_}\n")
            os.rename(f"{path}.new", path)
        except OSError:
            pass  # the disk is full: the note that is there still holds

    def check_head(self, ledger: LedgerReader) -> bool:
        """Whether there is a note; raises StartError if the ledger does not hold the draw that was noted last.

        Without this, a ledger whose newest segment was lost would give the same serial numbers to new draws.
        """
        try:
            with open(self._head_path, encoding="ascii", errors="replace") as file:
                note = file.read().strip()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StartError(f"cannot read the noted head {self._head_path}: {error.strerror}") from None
        if not note or note.startswith("0:"):
            return True  # a power cut came between its name and its text; or nothing had been drawn yet
        serial, _, noted = note.partition(":")
        line = ledger.find_line(int(serial)) if serial.isdigit() else None
        if line is None or line.record().hash != noted:
            raise StartError(
                f"the ledger in {self.ledger_path} no longer holds draw {serial} with hash {noted}, which "
                f"{self._head_path} notes: restore the ledger, or remove that note to go on without what is missing"
            )
        return True


def make_directory(path: str, mode: int) -> None:
    """Make a directory with a mode, or take the one there is as it is."""
    if os.path.isdir(path):
        return  # before mkdir: where RestrictSUIDSGID= holds, that fails for a mode with setgid, whatever is there
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        os.mkdir(path, mode)
        os.chmod(path, mode)
    except FileExistsError:
        raise StartError(f"cannot use {path}: it is not a directory") from None
    except OSError as error:
        raise StartError(f"cannot make the directory {path}: {error.strerror}") from None


def _take_lock(path: str) -> int:
    # Mode 0600 in a private directory: a lock file that others can open, others can lock.
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)
    except OSError as error:
        raise StartError(f"cannot open the lock {path}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise AlreadyRunning(f"another fifod (pid {holder or 'unknown'}) has the lock {path}") from None
    return descriptor


def _write_key(path: str, key: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)
    try:
        if os.write(descriptor, key) != len(key):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_key(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            key = file.read(KEY_BYTES + 1)
    except OSError as error:
        raise StartError(f"cannot read the host key {path}: {error.strerror}") from None
    if len(key) != KEY_BYTES:
        raise StartError(f"cannot use the host key {path}: it must hold {KEY_BYTES} bytes; restore it from a back-up")
    return key


class PidFile:
    """A file with the daemon's process number, there while it runs."""

    def __init__(self, path: str) -> None:
        """Written under another name first, so that nobody reads half a number. Raises StartError."""
        self.path = path
        temporary = f"{path}.new"
        try:
            with open(temporary, "w") as file:
                os.fchmod(file.fileno(), PID_FILE_MODE)
                file.write(f"{os.getpid()}\n")
            os.rename(temporary, path)
        except OSError as error:
            raise StartError(f"cannot write the PID file {path}: {error.strerror}") from None

    def remove(self) -> None:
        """Remove it, if it is still this process's."""
        try:
            with open(self.path) as file:
                if file.read() == f"{os.getpid()}\n":
                    os.unlink(self.path)
        except OSError:
            pass
