"""A gate: where the pages of another process tell a test what they do, and wait until it lets them on."""

import os
import socket
from pathlib import Path

from tests.waiting import DEADLINE, readable

VARIABLE = "FIFOD_TEST_GATE"
"""The environment variable with the gate's address."""


def tell(text: str) -> None:
    """Tell the test something, and wait until it lets this page on."""
    with socket.socket(socket.AF_UNIX) as gate:
        gate.connect(os.environ[VARIABLE])
        gate.sendall(text.encode())
        gate.shutdown(socket.SHUT_WR)
        gate.recv(1)


class Gate:
    """Where the odd pages tell what they do, and wait to be let on."""

    def __init__(self, place: Path) -> None:
        self.address = str(place / "gate")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen(64)
        self._listener.settimeout(DEADLINE)
        self._held: list[socket.socket] = []

    def hear(self, text: str) -> None:
        """Wait until a page says this; it goes on when the gate opens."""
        page, _ = self._listener.accept()
        page.settimeout(DEADLINE)
        self._held.append(page)
        assert page.makefile().read() == text

    def let_on(self) -> None:
        """Let those on that were heard."""
        for page in self._held:
            page.close()
        self._held.clear()

    def has_news(self) -> bool:
        """Whether a page wants to say something now."""
        return bool(readable(self._listener.fileno(), seconds=0))

    def close(self) -> None:
        """Let everybody on, for good."""
        self.let_on()
        self._listener.close()
