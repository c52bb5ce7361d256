"""Channels for tests: real FIFOs with both ends open."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from fifod.channel import Channel, Slots

NEVER = 1 << 62
PAGE = 4096
_names = itertools.count()


class Line:
    """A channel and its client's end of the FIFO."""

    def __init__(self, place: Path, uid: int = 1000, slots: Slots | None = None) -> None:
        name = f"{next(_names):032d}"
        path = place / name
        os.mkfifo(path)
        self.client = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        self.channel = Channel(self.descriptor, name, uid, slots or Slots())

    def read(self, size: int = 1 << 20) -> bytes:
        """What lies in the FIFO."""
        try:
            return os.read(self.client, size)
        except BlockingIOError:
            return b""

    def hang_up(self) -> None:
        """The client goes."""
        if self.client >= 0:
            os.close(self.client)
            self.client = -1

    def close(self) -> None:
        self.hang_up()
        os.close(self.descriptor)
