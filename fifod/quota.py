"""How much each drawer may draw in a minute."""

from __future__ import annotations

from fifod.config import Limits
from fifod.errors import QuotaExceeded

MINUTE = 60_000_000_000


class Quotas:
    """Draws and values left to each drawer; everything is given back when a minute has passed since the first one."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._since = 0
        self._used: dict[str, tuple[int, int]] = {}

    def left(self, drawer: str, now: int) -> tuple[int, int]:
        """Draws and values that a drawer has left; `now` in nanoseconds of a clock that never goes back."""
        if now - self._since >= MINUTE:
            self._since = now
            self._used.clear()
        draws, values = self._used.get(drawer, (0, 0))
        return self.limits.draws_per_minute - draws, self.limits.values_per_minute - values

    def spend(self, drawer: str, values: int, now: int) -> None:
        """Take one draw of so many values. Raises QuotaExceeded, and then takes nothing."""
        draws_left, values_left = self.left(drawer, now)
        if draws_left < 1:
            raise QuotaExceeded("no draws left this minute; try again in a minute", [1, draws_left])
        if values_left < values:
            message = f"{values} values asked for, {values_left} left this minute; try again in a minute"
            raise QuotaExceeded(message, [values, values_left])
        limits = self.limits
        self._used[drawer] = (limits.draws_per_minute - draws_left + 1, limits.values_per_minute - values_left + values)
