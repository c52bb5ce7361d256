"""The marker: a file in the runtime directory that tells people without the database how far the recorder has come."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from fifod import names


class Marker:
    """Holds the serial number of the newest draw that is recorded. The recorder gets on without it too."""

    def __init__(self, directory: Path, complain: Callable[[str], object]) -> None:
        """`complain` is given one line, once, if the file cannot be written."""
        self._path = directory / names.RECORDED
        self._complain = complain
        self._has_complained = False

    def move_to(self, serial: int) -> None:
        """Note a serial number."""
        try:
            self._write(b"%d\n" % serial)
        except FileNotFoundError:
            pass  # without its directory there is no daemon, and nobody to ask
        except OSError as error:
            if not self._has_complained:
                self._complain(
                    f"recorder: cannot note in {self._path} how far it has come: {error.strerror}; "
                    "it records all the same, but fifod-client status cannot tell how far behind it is"
                )
            self._has_complained = True

    def _write(self, text: bytes) -> None:
        # In place: where fifod is installed, the recorder's user may write this file, but make none beside it.
        flags = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o644)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            os.pwrite(descriptor, text, 0)
            os.ftruncate(descriptor, len(text))
        finally:
            os.close(descriptor)
