"""The last lines that the trial's programs said, for the service page."""

import secrets
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

KEPT = 500


@dataclass(frozen=True)
class Line:
    """Who said what, when."""

    time: float
    program: str
    text: str


class Lines:
    """A window over all lines, each of which has a number; a cursor says up to which number one has read."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._count = 0
        self._name = secrets.token_hex(8)  # a cursor of another trial is none of this one's

    def add(self, program: str, text: str) -> None:
        """Take another line."""
        self._lines.append(Line(time.time(), program, text))
        self._count += 1

    def behind(self, cursor: str | None, count: int) -> dict[str, Any]:
        """At most so many lines behind a cursor, or the newest if it is none or those are gone."""
        first = self._count - len(self._lines)
        name, _, number = (cursor or "").partition(":")
        is_known = name == self._name and number.isdecimal() and first <= int(number) <= self._count
        begin = int(number) if is_known else max(first, self._count - count)
        found = list(self._lines)[begin - first :][:count]
        lines = [{"time": line.time, "program": line.program, "text": line.text} for line in found]
        return {"lines": lines, "cursor": f"{self._name}:{begin + len(found)}", "whole": not is_known}
