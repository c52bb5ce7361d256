"""Messages of an event stream, as bytes (the WHATWG's server-sent events)."""

import json
from collections.abc import Sequence

from webui.live.tail import Drawn

HEARTBEAT = b": still here\n\n"
MOST_IN_A_BUNDLE = 50
RETRY = 2000
"""Milliseconds after which a browser comes back."""


def message(event: str, data: dict[str, object], number: int | None = None) -> bytes:
    """One event. JSON has no raw line breaks, so one `data` line holds it."""
    mark = "" if number is None else f"id: {number}\n"
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return f"{mark}event: {event}\ndata: {text}\n\n".encode()


class Bundle:
    """Draws that were found together, encoded once for everybody and once for each of their drawers."""

    def __init__(self, draws: Sequence[Drawn]) -> None:
        self.draws = draws
        self._drawers = {draw.drawer for draw in draws}
        self._encoded: dict[str, bytes] = {}

    def for_watcher(self, drawer: str) -> bytes:
        """What somebody may see of them: all, or of very many the newest and how many more there were."""
        key = drawer if drawer in self._drawers else ""
        if key not in self._encoded:
            self._encoded[key] = message("draws", self._data(key), self.draws[-1].serial)
        return self._encoded[key]

    def _data(self, drawer: str) -> dict[str, object]:
        shown = self.draws[-MOST_IN_A_BUNDLE:]
        return {"draws": seen_by(drawer, shown), "more": len(self.draws) - len(shown)}


def seen_by(drawer: str, draws: Sequence[Drawn]) -> list[dict[str, object]]:
    """Draws as one account may see them."""
    return [draw.for_drawer() if drawer and draw.drawer == drawer else draw.for_anybody() for draw in draws]
