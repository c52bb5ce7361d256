"""Places: where the two FIFOs are, where the bridge keeps what it publishes, and which process it is."""

from __future__ import annotations

import os
import pwd
import stat

from fifod import names
from fifod.errors import NotRunning, StartError

MAX_PID = 2**22
"""The highest that /proc/sys/kernel/pid_max can be, proc(5)."""


def fifo1() -> str:
    """The FIFO of questions."""
    return os.environ.get("FIFOD_CLASSIC_FIFO1") or "/tmp/fifo1"


def fifo2() -> str:
    """The FIFO of answers."""
    return os.environ.get("FIFOD_CLASSIC_FIFO2") or "/tmp/fifo2"


def pid_file(directory: str) -> str:
    """Where a bridge writes its PID."""
    return os.path.join(directory, "classic.pid")


def trace_file(directory: str) -> str:
    """Where a bridge writes what it does, step by step."""
    return os.path.join(directory, "classic.trace")


# --- the bridge's side ---


def directory() -> str:
    """The bridge's runtime directory: the one it is told, or the first that it may write to.

    Raises StartError if /tmp/fifod-classic-UID is needed and is not one's own.
    """
    # systemd names several directories with colons between; fifod-classic@.service has one.
    told = os.environ.get("FIFOD_CLASSIC_DIR") or os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if told:
        return told
    for place in (names.runtime_dir(), os.environ.get("XDG_RUNTIME_DIR")):
        if place and os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK):
            return place
    return _own_directory(_directory_in_tmp())


def _directory_in_tmp() -> str:
    return f"/tmp/fifod-classic-{os.geteuid()}"


def _own_directory(path: str) -> str:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise StartError(f"cannot make the runtime directory {path}: {error.strerror}") from None
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        what = "a directory" if stat.S_ISDIR(found.st_mode) else "something else"
        raise StartError(
            f"cannot use the runtime directory {path}: it is {what} of uid {found.st_uid}; set FIFOD_CLASSIC_DIR"
        )
    os.chmod(path, 0o700)
    return path


def leave(directory: str) -> None:
    """Remove the runtime directory, if it was made for one bridge and holds nothing more."""
    if directory == _directory_in_tmp():
        try:
            os.rmdir(directory)
        except OSError:
            pass


# --- the client's side ---


def running_pid() -> int:
    """The PID of the bridge that serves this user; raises NotRunning."""
    places = _places_to_look()
    for place in places:
        if (pid := _living_bridge(pid_file(place))) is not None:
            return pid
    looked = ", ".join(places)
    raise NotRunning(not_running(f"no classic.pid of a living one in {looked}", "or name it by --pid PID"))


def not_running(reason: str, otherwise: str = "") -> str:
    """The message for a bridge that is not there."""
    advice = "start it (fifod-classic, or FIFOD_CLASSIC=1 ./deploy/try)"
    return f"the classic bridge is not running: {reason}; {advice} {otherwise}".rstrip()


def _places_to_look() -> list[str]:
    if told := os.environ.get("FIFOD_CLASSIC_DIR"):
        return [told]
    places = [f"/run/fifod-classic/{_user()}", names.runtime_dir()]
    if own := os.environ.get("XDG_RUNTIME_DIR"):
        places.append(own)
    return [*places, _directory_in_tmp()]


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _living_bridge(path: str) -> int | None:
    """The process that a PID file of oneself or of root names, if it lives."""
    try:
        # Anybody may put something into /tmp: follow nothing, and wait for nothing.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid not in (os.geteuid(), 0):
            return None
        text = os.read(descriptor, 16).strip()
    finally:
        os.close(descriptor)
    pid = int(text) if text.isdigit() else 0
    return pid if 1 < pid <= MAX_PID and _lives(pid) else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
