"""Log lines: plain, on stderr, and no more of one kind than a person can read."""

from __future__ import annotations

import logging
import sys
from collections import Counter

log = logging.getLogger("fifod")


def to_stderr() -> None:
    """Send log lines to stderr."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="fifod: %(levelname)s: %(message)s")
    logging.addLevelName(logging.INFO, "info")
    logging.addLevelName(logging.WARNING, "warning")
    logging.addLevelName(logging.ERROR, "error")


class CountedLog:
    """Says a thing at once the first time in each interval, and how often more at the interval's end.

    What it says must not come from a client: it is also what is counted by.
    """

    INTERVAL_NS = 10_000_000_000

    def __init__(self) -> None:
        self._said: Counter[str] = Counter()
        self._since = 0

    def warn(self, text: str, now: int) -> None:
        """Log a warning; `now` in monotonic nanoseconds."""
        self.flush(now)
        self._said[text] += 1
        if self._said[text] == 1:
            log.warning("%s", text)

    def flush(self, now: int) -> None:
        """Say what was counted, if the interval is over."""
        if now - self._since < self.INTERVAL_NS:
            return
        for text, count in self._said.items():
            if count > 1:
                log.warning("%s: %d more times", text, count - 1)
        self._said.clear()
        self._since = now
