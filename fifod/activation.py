"""What a socket unit of systemd passes on: the request FIFO that it holds open (sd_listen_fds(3)).

It is known by what it is, not by its number: all FIFOs of a socket unit have the same name, and their order is the
unit's. A descriptor that is something else is a fault of the units, and serving all the same would hide it.
"""

from __future__ import annotations

import fcntl
import os
import stat

from systemd.daemon import listen_fds

from fifod.errors import StartError
from fifod.fifos import is_same
from fifod.log import FIFO_REPLACED, fields, log


def passed_fifo(path: str) -> int | None:
    """The descriptor of the request FIFO at a path that systemd passed, if it passed one.

    Raises StartError if something else was passed.
    """
    passed = _descriptors()
    if len(passed) > 1:
        raise StartError(
            f"systemd passed {len(passed)} descriptors: fifod.socket must have {path} as its one ListenFIFO="
        )
    return _checked(passed[0], path) if passed else None


def _descriptors() -> list[int]:
    given = os.environ.get("LISTEN_FDS", "")
    try:
        # Takes the variables out of the environment, and sets close-on-exec, which systemd leaves off.
        return list(listen_fds())
    except OSError as error:
        raise StartError(
            f"cannot take the descriptors that systemd passed (LISTEN_FDS={given[:20]!r}): {error.strerror}"
        ) from None


def _checked(descriptor: int, path: str) -> int | None:
    found = os.fstat(descriptor)
    if is_same(path, descriptor):
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDWR:
            raise StartError(f"cannot use the FIFO {path} that systemd passed: it is not open for reading and writing")
        return descriptor
    os.close(descriptor)
    if stat.S_ISFIFO(found.st_mode) and not found.st_nlink:
        log.error(
            "somebody removed the request FIFO %s that systemd holds; going on with another, whose requests a stop of "
            "the daemon loses: systemctl restart fifod.socket",
            path,
            extra=fields(FIFO_REPLACED),
        )
        return None
    what = "another FIFO" if stat.S_ISFIFO(found.st_mode) else "no FIFO"
    raise StartError(
        f"cannot use descriptor {descriptor} that systemd passed: it is {what}, not {path}; "
        "see ListenFIFO= in fifod.socket"
    )
