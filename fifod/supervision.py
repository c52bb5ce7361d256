"""Telling who started the daemon how it is: that it is ready, reloads, ends and lives."""

from __future__ import annotations

import os
import time

from fifod.log import LastError, log
from fifod.notify import notify

_LONGEST_STATUS = 500
_PATIENCE = 1.0


class Supervisor:
    """Whoever supervises this process. One that is gone is no reason to stop serving: that is said once."""

    def __init__(self, errors: LastError) -> None:
        self._errors = errors
        self._can_hear = True
        self._status = ""
        self.interval_ns = _watchdog_interval()

    def failed(self) -> None:
        """The daemon ends with the error just logged."""
        self._tell("", "cannot start")

    def ready(self, status: str) -> None:
        """Every request can be answered from now on; also the end of reloading."""
        self._tell("READY=1", status)

    def reloading(self) -> None:
        """The configuration is being read again."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}", self._status)

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1", "stopping: answering what has been sent")

    def alive(self, status: str) -> None:
        """The serving loop goes round; to be called at least every `interval_ns`, if that is not 0."""
        if self.interval_ns or status != self._status:
            self._tell("WATCHDOG=1" if self.interval_ns else "", status, patience=0)

    def _tell(self, states: str, status: str, patience: float = _PATIENCE) -> None:
        self._status = status
        error = f"; last error: {self._errors.text}" if self._errors.text else ""
        text = f"{states}\nSTATUS={' '.join((status + error).split())[:_LONGEST_STATUS]}"
        try:
            notify(text.lstrip(), patience)
        except OSError as error:
            if self._can_hear:
                reason = error.strerror or "it does not listen"
                log.warning("cannot tell the supervisor how it is: %s; going on", reason)
            self._can_hear = False
        else:
            self._can_hear = True


def _watchdog_interval() -> int:
    """Half of the time after which a silent daemon is killed, in nanoseconds; 0 if nobody watches.

    As sd_watchdog_enabled(3), which python-systemd does not have.
    """
    given, pid = os.environ.get("WATCHDOG_USEC", "0"), os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if pid != str(os.getpid()):
        return 0
    if not given.isascii() or not given.isdigit():
        log.warning("cannot tell the watchdog anything: WATCHDOG_USEC is %.20r, no number", given)
        return 0
    return int(given) * 500
