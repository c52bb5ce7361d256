"""How much each drawer may draw in a minute."""

from __future__ import annotations

from fifod.config import Limits
from fifod.errors import QuotaExceeded

MINUTE = 60_000_000_000


class Quotas:
    """Draws and values left to each drawer; everything is given back when a minute has passed since the first one."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._since = 0
        self._left: dict[str, tuple[int, int]] = {}

    def left(self, drawer: str, now: int) -> tuple[int, int]:
        """Draws and values that a drawer has left; `now` in nanoseconds of a clock that never goes back."""
        if now - self._since >= MINUTE:
            self._since = now
            self._left.clear()
        return self._left.get(drawer) or (self._limits.draws_per_minute, self._limits.values_per_minute)

    def spend(self, drawer: str, values: int, now: int) -> None:
        """Take one draw of so many values. Raises QuotaExceeded, and then takes nothing."""
        draws_left, values_left = self.left(drawer, now)
        if draws_left < 1:
            raise QuotaExceeded("no draws left this minute; try again in a minute", [1, draws_left])
        if values_left < values:
            message = f"{values} values asked for, {values_left} left this minute; try again in a minute"
            raise QuotaExceeded(message, [values, values_left])
        self._left[drawer] = draws_left - 1, values_left - values

    def give_back(self, drawer: str, values: int) -> None:
        """Undo a draw of so many values that came to nothing."""
        if drawer in self._left:
            draws_left, values_left = self._left[drawer]
            self._left[drawer] = draws_left + 1, values_left + values
