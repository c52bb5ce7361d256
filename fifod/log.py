"""Log lines: to the journal if that is where stderr leads, with fields to ask for, else plain lines on stderr.

And no more of one kind than a person can read. Nothing here may hold values, seeds or names of reply FIFOs.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import Counter

log = logging.getLogger("fifod")

# MESSAGE_ID= of the events that somebody may want to be told of (journalctl MESSAGE_ID=…); see deploy/README.md.
STARTED = "3666e03dac834d22aa0aadec6471bfc0"
STOPPED = "9ef46114729a483db61c9ef2c0c76a3a"
CANNOT_START = "2ed45e675b4047ada8c98f9b155b4752"
RELOADED = "159fa27194fd4f3fa7df5c10b09f1d37"
NOT_RELOADED = "6bb25823ecaa428d9ed191c4895e30d1"
REFUSING = "5eba3b2784b049b6889a15c5442ad56a"
DRAWING_AGAIN = "1db0a76aff3c48de9d9a2322a5dfb760"
HEAD = "190254a42c224feba4c5897b5880273b"
LEDGER_CUT = "fa50eee314ff44cb91e3a6c18c943f37"
FIFO_REPLACED = "c01b006bfbcf4e9cbe2f3de863c5e3a5"
UNDELIVERED = "b6d35c86957a42a996990b44a8980650"

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}

Fields = dict[str, dict[str, object]]


def fields(message_id: str | None = None, **about: object) -> Fields:
    """For `extra=` of a log call: the journal's fields of a line; `serial=5` becomes FIFOD_SERIAL=5."""
    found = {f"FIFOD_{name.upper()}": value for name, value in about.items()}
    return {"fields": {"MESSAGE_ID": message_id, **found} if message_id else found}


def start(program: str = "fifod") -> LastError:
    """Send a program's log lines where they belong; returns what remembers the last error."""
    logging.addLevelName(logging.INFO, "info")
    logging.addLevelName(logging.WARNING, "warning")
    logging.addLevelName(logging.ERROR, "error")
    last = LastError(logging.ERROR)
    logging.basicConfig(level=logging.INFO, handlers=[_lines(program), last])
    return last


def _lines(program: str) -> logging.Handler:
    if _stderr_is_the_journal():
        return _Journal(program)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"{program}: %(levelname)s: %(message)s"))
    return handler


def _stderr_is_the_journal() -> bool:
    # systemd says device and inode of the stream that it made (systemd.exec(5)); whoever redirects it has others.
    try:
        found = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class _Journal(logging.Handler):
    """Writes to the journal itself: lines on stderr would have no fields. Tells nothing of the code (CODE_*)."""

    def __init__(self, program: str) -> None:
        super().__init__()
        from systemd.journal import sendv

        self._program = program
        self._send = sendv
        self.setFormatter(logging.Formatter("%(message)s"))  # else basicConfig gives it one with names of Python's

    def emit(self, record: logging.LogRecord) -> None:
        line = {"MESSAGE": self.format(record), "PRIORITY": _PRIORITIES[record.levelno]}
        line |= {"SYSLOG_IDENTIFIER": self._program} | getattr(record, "fields", {})
        try:
            self._send(*(f"{name}={value}" for name, value in line.items()))
        except OSError:
            print(f"{self._program}: {record.levelname}: {line['MESSAGE']}", file=sys.stderr)


class LastError(logging.Handler):
    """Remembers the last error, for those who look at the daemon and not at its log."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(record.created))
        self.text = f"{record.getMessage()} ({when} UTC)"


class CountedLog:
    """Says a thing at once the first times in each interval, and how often more at the interval's end.

    What it says must not come from a client: it is also what is counted by.
    """

    INTERVAL_NS = 10_000_000_000

    def __init__(self, at_once: int = 1) -> None:
        self._at_once = at_once
        self._said: Counter[str] = Counter()
        self._since = 0

    def warn(self, text: str, now: int, extra: Fields | None = None, detail: str = "") -> None:
        """Log a warning; `now` in monotonic nanoseconds, `extra` from `fields`; `detail` is told but not counted by."""
        self.flush(now)
        self._said[text] += 1
        if self._said[text] <= self._at_once:
            log.warning("%s%s", text, detail, extra=extra)

    def flush(self, now: int) -> None:
        """Say what was counted, if the interval is over."""
        if now - self._since < self.INTERVAL_NS:
            return
        for text, count in self._said.items():
            if count > self._at_once:
                log.warning("%s: %d more times", text, count - self._at_once)
        self._said.clear()
        self._since = now
