"""How a long catch-up shows its progress: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Protocol

from tqdm import tqdm

_WORTH_SHOWING = 1 << 20
_SECONDS_BETWEEN_LINES = 5.0


class Out(Protocol):
    """Takes lines."""

    def write(self, text: str) -> object:
        """Write a text."""

    def flush(self) -> object:
        """Let it out."""


class Progress(Protocol):
    """Is told what has been done."""

    def add(self, records: int, bytes_left: int) -> None:
        """Count so many more records; so many bytes are left."""

    def close(self) -> None:
        """Say how it went."""


def for_bytes(total: int, out: Out) -> Progress:
    """What suits the amount of work and where it is shown."""
    if total < _WORTH_SHOWING:
        return _Silent()
    return _Bar(total) if sys.stderr.isatty() else _Lines(total, out)


class _Silent:
    def add(self, records: int, bytes_left: int) -> None:
        pass

    def close(self) -> None:
        pass


class _Bar:
    def __init__(self, total: int) -> None:
        self._total = total
        self._records = 0
        self._bar = tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1024, desc="recording")

    def add(self, records: int, bytes_left: int) -> None:
        self._records += records
        self._bar.set_postfix_str(f"{self._records:,} records", refresh=False)
        self._bar.update(self._total - bytes_left - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class _Lines:
    def __init__(self, total: int, out: Out) -> None:
        self._total = total
        self._out = out
        self._records = 0
        self._started = self._said = time.monotonic()

    def add(self, records: int, bytes_left: int) -> None:
        self._records += records
        now = time.monotonic()
        if now - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = now
            done = max(0, self._total - bytes_left)
            self._say(f"recording: {self._records:,} records, {100 * done // self._total} %")

    def close(self) -> None:
        seconds = time.monotonic() - self._started
        self._say(f"recorded {self._records:,} records in {seconds:.1f} s ({self._records / seconds:,.0f} a second)")

    def _say(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()
