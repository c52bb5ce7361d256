"""How long a client may take to be ready and to read: less after each answer that it let lie.

A client that asks many questions and reads no answer would hold up the others for the full time with each of them.
"""

from __future__ import annotations

PATIENCE = 2.0
"""Seconds that a client has to read its answer."""
_LEAST = 0.1
_MOST_COUNTED = 10
_MOST_KNOWN = 100


class Patience:
    """Remembers which processes let answers lie; one that reads has all the time again."""

    def __init__(self) -> None:
        self._in_vain: dict[str, int] = {}

    def seconds(self, process: str) -> float:
        """How long an answer to this process may lie."""
        return max(_LEAST, PATIENCE / (1 << self._in_vain.get(process, 0)))

    def has_read(self, process: str) -> None:
        """It has read an answer."""
        self._in_vain.pop(process, None)

    def has_not_read(self, process: str) -> None:
        """It has let an answer lie, or could not be woken."""
        # Who did so last stands last.
        self._in_vain[process] = min(self._in_vain.pop(process, 0) + 1, _MOST_COUNTED)
        if len(self._in_vain) > _MOST_KNOWN:
            del self._in_vain[next(iter(self._in_vain))]
