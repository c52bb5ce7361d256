"""Delivery: replies on their way out, channel by channel in turn, as fast as each client reads and no faster."""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Callable

from fifod.channel import STALL_NS, Channel, Lost
from fifod.draw import Reply
from fifod.errors import FifodError
from fifod.rota import Rota

log = logging.getLogger(__name__)

SLICE_NS = 2_000_000
RETRY_NS = 100_000_000


class Delivery:
    """The channels that have output: ready ones wait for their turn, stuck ones for room."""

    def __init__(self, poll: select.epoll, close: Callable[[Channel, str], None]) -> None:
        """`close` is called with a channel that cannot be written to any more, and the reason."""
        self._poll = poll
        self._close = close
        self._ready = Rota()
        self._stuck: set[Channel] = set()

    @property
    def is_ready(self) -> bool:
        """Whether anything can be written now."""
        return bool(self._ready)

    @property
    def is_stuck(self) -> bool:
        """Whether anything waits for room."""
        return bool(self._stuck)

    def send(self, channel: Channel, reply: Reply, now: int) -> None:
        """Take on a reply; `now` in monotonic nanoseconds."""
        channel.send(reply, now)
        if channel not in self._stuck:
            self._ready.add(channel)

    def push(self, until: int) -> None:
        """Let ready channels write, each for a slice of time, until all have or a monotonic nanosecond has come.

        Each that is ready now has its slice in any case: no more requests are read while small replies wait here.
        """
        turns = len(self._ready)
        while self._ready:
            channel = self._ready.take()
            turns -= 1
            now = time.monotonic_ns()
            if fault := self._write(channel, now + SLICE_NS if turns >= 0 else min(until, now + SLICE_NS)):
                self._close(channel, fault)
            elif channel.is_blocked:
                self._stuck.add(channel)
                self._poll.modify(channel.descriptor, select.EPOLLOUT)
            elif channel.is_held:
                self._stuck.add(channel)
            elif channel.has_output:
                self._ready.add(channel)
            if now > until and turns <= 0:
                return

    @staticmethod
    def _write(channel: Channel, until: int) -> str | None:
        """Why the channel must be closed, if it must."""
        try:
            channel.push(until)
        except Lost as lost:
            return str(lost)
        except FifodError as error:
            # A reply that is made piece by piece reads the ledger, which may be damaged or gone.
            log.error("cannot finish a reply: %s", error.message)
            return "the ledger cannot be read"
        except Exception:
            # The boundary that must survive: a fault in one reply costs its client, not the others.
            log.exception("a fault of fifod while making a reply")
            return "a fault of fifod"
        return None

    def free(self, channel: Channel) -> None:
        """There may be room: the channel gets its turn."""
        self._stuck.discard(channel)
        self._poll.modify(channel.descriptor, 0)
        self._ready.add(channel)

    def tend(self, now: int) -> None:
        """Give up clients that have read nothing for ten seconds, and try the other stuck ones again."""
        for channel in list(self._stuck):
            if now - channel.progress >= STALL_NS:
                self._close(channel, "nothing was read for ten seconds")
            elif now - channel.tried >= RETRY_NS:
                # The kernel says there is room only when a whole page is free, though less may do.
                self.free(channel)

    def forget(self, channel: Channel) -> None:
        """Drop a channel that is being closed."""
        self._ready.remove(channel)
        self._stuck.discard(channel)
