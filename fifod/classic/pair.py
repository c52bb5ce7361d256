"""The exercise's two FIFOs: questions come in through the first, answers go out through the second.

The rules:

1. Both are opened O_RDWR and non-blocking, for life. So there is never an end of file and never SIGPIPE, whoever comes
   and goes; how much lies unread can be asked; and an answer that nobody will read can be taken back.
2. They are this user's and nobody else may use them. What is somebody else's, or no FIFO, is never used or removed.
3. Who serves them holds a lock on the first: two bridges would take each other's questions. The exercise's own server
   locks nothing, so it is also looked whether anybody reads.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import stat

from fifod.errors import AlreadyRunning, StartError
from fifod.fifos import bytes_waiting, is_same, make_fifo

MODE = 0o600
_EVERYTHING = 1 << 20
_TAKEN = (
    "cannot serve {path}: another bridge or server reads it; stop it, "
    "or set FIFOD_CLASSIC_FIFO1 and FIFOD_CLASSIC_FIFO2 to other paths"
)


class Pair:
    """Both FIFOs, open."""

    def __init__(self, fifo1: str, fifo2: str) -> None:
        """Make them or take over those that are there.

        Raises StartError if one is not this user's FIFO, and AlreadyRunning if somebody reads the first.
        """
        self.paths = (fifo1, fifo2)
        _check_that_nobody_reads(fifo1)
        self.questions = _take(fifo1)
        try:
            _lock(self.questions, fifo1)
            self._answers = _take(fifo2)
        except StartError as error:
            if not isinstance(error, AlreadyRunning):
                _remove(fifo1, self.questions)
            os.close(self.questions)
            raise
        self.take_back()

    def read(self, size: int) -> bytes:
        """At most so many bytes of questions; b"" if there are none now."""
        try:
            return os.read(self.questions, size)
        except BlockingIOError:
            return b""

    @property
    def has_questions(self) -> bool:
        """Whether questions, or parts of them, lie unread."""
        return bytes_waiting(self.questions) > 0

    def answer(self, answer: bytes) -> bool:
        """Write one answer in the place of whatever lies there; False if somebody else fills the FIFO."""
        self.take_back()
        try:
            os.write(self._answers, answer)
        except BlockingIOError:
            return False
        return True

    @property
    def is_answer_read(self) -> bool:
        """Whether nothing lies unread in the second FIFO."""
        return bytes_waiting(self._answers) == 0

    def take_back(self) -> None:
        """Take what lies unread out of the second FIFO, so that the next client does not get it."""
        try:
            os.read(self._answers, _EVERYTHING)
        except BlockingIOError:
            pass

    def is_held_by(self, found: os.stat_result) -> bool:
        """Whether a descriptor, of which this is known, is one of the two FIFOs."""
        return any(os.path.samestat(found, os.fstat(ours)) for ours in (self.questions, self._answers))

    @property
    def is_in_place(self) -> bool:
        """Whether both paths still lead to the FIFOs that are open here."""
        return all(map(is_same, self.paths, (self.questions, self._answers)))

    def close(self) -> None:
        """Remove both, as far as they are still the ones opened here; may be called twice."""
        if self.questions < 0:
            return
        for path, descriptor in zip(self.paths, (self.questions, self._answers), strict=True):
            _remove(path, descriptor)
            os.close(descriptor)
        self.questions = self._answers = -1


def _take(path: str) -> int:
    try:
        make_fifo(path, MODE)
    except FileExistsError:
        _check(path, os.lstat(path))
    except OSError as error:
        raise StartError(f"cannot make the FIFO {path}: {error.strerror}") from None
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise StartError(f"cannot open the FIFO {path}: {error.strerror}") from None
    try:
        # Once more: what was looked at by name could have been exchanged before it was opened.
        _check(path, os.fstat(descriptor))
        os.fchmod(descriptor, MODE)
    except StartError:
        os.close(descriptor)
        raise
    return descriptor


def _check(path: str, found: os.stat_result) -> None:
    advice = "set FIFOD_CLASSIC_FIFO1 and FIFOD_CLASSIC_FIFO2 to paths of your own"
    if found.st_uid != os.geteuid():
        raise StartError(f"cannot use {path}: it belongs to {_name(found.st_uid)}; {advice}")
    if not stat.S_ISFIFO(found.st_mode):
        raise StartError(f"cannot use {path}: it is not a FIFO; remove it, or {advice}")


def _name(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


def _check_that_nobody_reads(path: str) -> None:
    try:
        found = os.lstat(path)
        if not stat.S_ISFIFO(found.st_mode) or found.st_uid != os.geteuid():
            return  # what it is then is said later
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC))
    except OSError:
        return  # nobody does
    raise AlreadyRunning(_TAKEN.format(path=path))


def _lock(descriptor: int, path: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise AlreadyRunning(_TAKEN.format(path=path)) from None


def _remove(path: str, descriptor: int) -> None:
    if is_same(path, descriptor):
        try:
            os.unlink(path)
        except OSError:
            pass
