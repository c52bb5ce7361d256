"""FIFOs: the only module that makes, opens, reads or writes them, but for the exercise's two (classic/pair, client).

The rules that everything here follows:

1. The request FIFO is opened O_RDWR and non-blocking, once, for life: there is never an end of file. It is never
   removed or made anew while it is right: a client blocked in open() on an unlinked FIFO waits for ever.
2. A reply FIFO is opened by its bare name relative to the directory: O_WRONLY (with O_RDWR nobody would learn that
   the reader left), O_NONBLOCK (a client that never opens its end must not stop the daemon), O_NOFOLLOW, and never
   O_CREAT. What was opened is looked at with fstat before anything is written: a FIFO with exactly one link.
3. The owner of a reply FIFO says who *receives* the reply. It is an identity because the name is a secret that only
   its maker knows.
4. A mode is set on the descriptor or by mkfifo under a cleared umask, never by path afterwards. A client may have
   threads, so it does the former: two that clear and restore the process's umask at once leave a FIFO that the daemon
   cannot open, and no umask at all.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import sys
import termios

from fifod.errors import AlreadyRunning, NoPermission, NotRunning, StartError
from fifod.names import REPLY_NAME

REQUEST_MODE = 0o622
REPLIES_MODE = 0o3733
REPLY_MODE = 0o620
STALE_SECONDS = 60
STREAM_PIPE_BYTES = 1 << 20


def request_path(runtime_dir: str) -> str:
    """Where the request FIFO of a runtime directory is."""
    return os.path.join(runtime_dir, "requests")


def replies_path(runtime_dir: str) -> str:
    """Where the reply FIFOs of a runtime directory are."""
    return os.path.join(runtime_dir, "replies")


# --- the daemon's side ---


def open_request_fifo(path: str) -> int:
    """Open the request FIFO, making it if there is none; returns a descriptor to keep for life.

    Raises StartError if something else stands there, it is another user's, or others may read it.
    """
    try:
        make_fifo(path, REQUEST_MODE)
    except FileExistsError:
        pass
    except OSError as error:
        raise StartError(f"cannot make the request FIFO {path}: {error.strerror}") from None
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise StartError(f"cannot open the request FIFO {path}: {error.strerror}") from None
    return _checked(path, descriptor)


def take_request_fifo(path: str, descriptor: int) -> int:
    """Take over the request FIFO at a path that systemd holds open too. Raises StartError like open_request_fifo."""
    os.set_blocking(descriptor, False)  # for systemd too, which shares the flags; so they are never cleared
    return _checked(path, descriptor)


def _checked(path: str, descriptor: int) -> int:
    if fault := _fault_of_request_fifo(os.fstat(descriptor)):
        os.close(descriptor)
        raise StartError(f"cannot use {path} as request FIFO: {fault}; remove it or choose another runtime directory")
    return descriptor


def _fault_of_request_fifo(found: os.stat_result) -> str | None:
    if not stat.S_ISFIFO(found.st_mode):
        return "it is not a FIFO"
    if found.st_uid not in (os.geteuid(), 0):
        return f"it belongs to uid {found.st_uid}"
    mode = stat.S_IMODE(found.st_mode)
    return f"its mode {mode:04o} lets anyone read other people's requests" if mode & stat.S_IROTH else None


def make_fifo(path: str, mode: int) -> None:
    """Make a FIFO with exactly this mode at once, whatever the umask; for processes that have one thread."""
    umask = os.umask(0)
    try:
        os.mkfifo(path, mode)
    finally:
        os.umask(umask)


def is_same(path: str, descriptor: int) -> bool:
    """Whether the path still leads to the FIFO or directory that the descriptor holds."""
    try:
        there = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))


def open_replies_directory(path: str) -> int:
    """Make the directory of reply FIFOs or take the one there is; returns a descriptor to open names relative to.

    Anyone may create in it, nobody but its owner may list it, and its group is inherited, so that the daemon may write
    what clients make. It is locked, which others cannot do since they cannot read it: of two daemons on one request
    FIFO each would take some of the requests into a ledger of its own.
    """
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise StartError(f"cannot make the directory of reply FIFOs {path}: {error.strerror}") from None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise StartError(f"cannot use the directory of reply FIFOs {path}: {error.strerror}") from None
    try:
        found = os.fstat(descriptor)
        if found.st_uid not in (os.geteuid(), 0):
            raise PermissionError(errno.EPERM, f"it belongs to uid {found.st_uid}")
        if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != REPLIES_MODE:
            os.fchmod(descriptor, REPLIES_MODE)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise AlreadyRunning(f"another fifod serves {os.path.dirname(path)}; see its fifod.pid") from None
        raise StartError(f"cannot use the directory of reply FIFOs {path}: {error.strerror}") from None
    return descriptor


class NoReader(Exception):
    """The client has not opened its end of the reply FIFO (yet)."""


class NotAReplyFifo(Exception):
    """What stands at the name given must not be written to; the text says why."""


def open_reply_fifo(replies: int, name: str) -> tuple[int, int]:
    """Open a client's reply FIFO for writing; returns the descriptor and the owner's uid.

    Raises NoReader, which may pass within milliseconds, NotAReplyFifo, which will not, and OSError EMFILE or ENFILE.
    """
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=replies)
    except OSError as error:
        if error.errno == errno.ENXIO and _is_fifo(replies, name):
            raise NoReader from None
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        raise NotAReplyFifo(os.strerror(error.errno or 0)) from None
    found = os.fstat(descriptor)
    if not stat.S_ISFIFO(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise NotAReplyFifo("not a FIFO" if not stat.S_ISFIFO(found.st_mode) else f"{found.st_nlink} links")
    return descriptor, found.st_uid


def _is_fifo(directory: int, name: str) -> bool:
    # A socket gives ENXIO too, and no retry will help it.
    try:
        return stat.S_ISFIFO(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except OSError:
        return False


def sweep_replies(replies: int, now: float) -> int:
    """Remove reply FIFOs whose client died: ours by name, no reader, older than a minute; returns how many."""
    return sum(_remove_if_stale(replies, name, now) for name in os.listdir(replies) if REPLY_NAME.fullmatch(name))


def _remove_if_stale(replies: int, name: str, now: float) -> bool:
    try:
        found = os.stat(name, dir_fd=replies, follow_symlinks=False)
        if not stat.S_ISFIFO(found.st_mode) or now - found.st_ctime < STALE_SECONDS:
            return False
        os.close(os.open(name, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=replies))
        return False
    except OSError as error:
        if error.errno != errno.ENXIO:
            return False
    try:
        os.unlink(name, dir_fd=replies)
        return True
    except OSError:
        return False


def bytes_waiting(descriptor: int) -> int:
    """How many bytes lie unread in a FIFO."""
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


# --- the client's side ---

_own: set[str] = set()
"""The paths of this process's reply FIFOs; a child's are others."""
os.register_at_fork(after_in_child=_own.clear)


def remove_own_replies() -> None:
    """Remove all reply FIFOs of this process by name: threads that wait at one keep their descriptors."""
    for path in _own.copy():
        _unlink(path)


def _unlink(path: str) -> None:
    _own.discard(path)
    try:
        os.unlink(path)
    except OSError:
        pass


class ReplyFifo:
    """A client's own reply FIFO: made under a secret name, open for reading until closed, then removed."""

    def __init__(self, runtime_dir: str) -> None:
        """Raises NotRunning if there is no such directory and NoPermission if the user may not create in it."""
        self._runtime_dir = runtime_dir
        self._make()

    def _make(self) -> None:
        self.name = os.urandom(16).hex()
        self._path = os.path.join(replies_path(self._runtime_dir), self.name)
        try:
            os.mkfifo(self._path, REPLY_MODE)
            _own.add(self._path)
            self.descriptor = self._open()
        except (FileNotFoundError, NotADirectoryError):
            raise NotRunning(not_running(self._runtime_dir, "it has no replies directory")) from None
        except OSError as error:
            _unlink(self._path)
            directory = replies_path(self._runtime_dir)
            raise NoPermission(f"cannot make a reply FIFO in {directory}: {error.strerror}") from None
        os.fchmod(self.descriptor, REPLY_MODE)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def renew(self) -> None:
        """Open it anew, which clears the end of file that the daemon left; if it was removed, make another.

        That one has another name.
        """
        former = self.descriptor
        try:
            # Before the old descriptor is closed: what is in a FIFO goes with its last descriptor.
            self.descriptor = self._open()
        except FileNotFoundError:
            _own.discard(self._path)
            self._make()
        os.close(former)

    def read(self, size: int = 65536) -> bytes | None:
        """What is there now: None if nothing is, b"" if the daemon has closed its end."""
        try:
            return os.read(self.descriptor, size)
        except BlockingIOError:
            return None

    def enlarge(self) -> None:
        """Ask for a larger pipe, for streams; a refusal costs only speed."""
        try:
            fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, STREAM_PIPE_BYTES)
        except OSError:
            pass

    def close(self) -> None:
        """Close and remove it; may be called twice."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
            _unlink(self._path)


def not_running(runtime_dir: str, reason: str) -> str:
    """The message for a daemon that is not there."""
    return (
        f"fifod is not running in {runtime_dir}: {reason}; start it (systemctl start fifod, or ./deploy/try) "
        "or set FIFOD_RUNTIME_DIR"
    )


def open_request_writer(runtime_dir: str) -> int:
    """Open the request FIFO to write to; raises NotRunning, also when nobody reads it, or NoPermission."""
    path = request_path(runtime_dir)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise NoPermission(f"cannot write to the request FIFO {path}: {error.strerror}") from None
        reason = "nobody reads its request FIFO" if error.errno == errno.ENXIO else f"{path}: {error.strerror}"
        raise NotRunning(not_running(runtime_dir, reason)) from None
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRunning(not_running(runtime_dir, f"{path} is not a FIFO"))
    return descriptor


def write_request(descriptor: int, line: bytes) -> bool:
    """Write one line of at most PIPE_BUF bytes in one piece; False if the FIFO is full.

    Raises NotRunning if nobody reads it any more.
    """
    try:
        os.write(descriptor, line)
    except BlockingIOError:
        return False
    except BrokenPipeError:
        raise NotRunning(
            "cannot send the request: fifod has stopped; start it again (systemctl start fifod, or ./deploy/try)"
        ) from None
    return True
