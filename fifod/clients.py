"""The clients: which reply FIFOs are open, and which requests wait for their client to open its end."""

from __future__ import annotations

import heapq
import os
import resource
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from fifod.channel import Channel, Slots
from fifod.config import Limits
from fifod.fifos import NoReader, is_same, open_replies_directory, open_reply_fifo, sweep_replies
from fifod.wire import Event

_RESERVED_DESCRIPTORS = 24
_IMPATIENCE_NS = 1_000_000_000
_MAX_PARKED = 2000
_FIRST_RETRY_NS = 1_000_000
_RETRIES = 11  # 1 ms, 2 ms, 4 ms … 1 s: two seconds in all


class NoRoom(Exception):
    """As many reply FIFOs are open as may be, and all of them are in use."""


class Clients:
    """The open channels by name, least recently used first, so that idle and stuck ones can make room."""

    def __init__(self, path: str, limits: Limits, owner_of: Callable[[int], int]) -> None:
        """Raises StartError if the directory of reply FIFOs cannot be made or used."""
        self._path = path
        self._directory = open_replies_directory(path)
        self.owner_of = owner_of
        self._by_name: OrderedDict[str, Channel] = OrderedDict()
        self._per_uid: Counter[int] = Counter()
        self._slots = Slots()
        self.configure(limits)

    def __len__(self) -> int:
        return len(self._by_name)

    def configure(self, limits: Limits) -> None:
        """Take over limits; the number of descriptors that the process may have limits too."""
        self._limit = min(limits.clients, _raise_descriptor_limit() - _RESERVED_DESCRIPTORS)
        self._limit_per_uid = limits.clients_per_uid

    @property
    def is_in_place(self) -> bool:
        """Whether the path still leads to the directory in which reply FIFOs are looked up."""
        return is_same(self._path, self._directory)

    def reopen(self) -> None:
        """Go over to the directory that is at the path now. Raises StartError."""
        fresh = open_replies_directory(self._path)
        os.close(self._directory)
        self._directory = fresh

    def sweep(self, now: float) -> None:
        """Remove the reply FIFOs of clients that died; `now` in seconds since 1970."""
        sweep_replies(self._directory, now)

    def close_directory(self) -> None:
        """Close the directory, at the end."""
        os.close(self._directory)

    def all(self) -> list[Channel]:
        """Every open channel."""
        return list(self._by_name.values())

    def find(self, name: str) -> Channel | None:
        """The open channel of a name."""
        channel = self._by_name.get(name)
        if channel is not None:
            self._by_name.move_to_end(name)
        return channel

    def open(self, name: str) -> tuple[Channel, list[Channel]]:
        """Open a client's reply FIFO; also returns channels, idle or stuck, to be closed now to make room.

        Raises NoReader, NotAReplyFifo, or NoRoom if nothing can make room.
        """
        try:
            descriptor, uid = open_reply_fifo(self._directory, name)
        except NoReader:
            raise
        except OSError:
            raise NoRoom from None
        uid = self.owner_of(uid)
        surplus = self._surplus(uid)
        if surplus is None:
            os.close(descriptor)
            raise NoRoom
        channel = Channel(descriptor, name, uid, self._slots)
        self._by_name[name] = channel
        self._per_uid[uid] += 1
        return channel, surplus

    def _surplus(self, uid: int) -> list[Channel] | None:
        """Which channel to close for one more of this uid; None if there is none."""
        if self._per_uid[uid] >= self._limit_per_uid:
            candidates = [one for one in self._by_name.values() if one.uid == uid]
        elif len(self._by_name) >= self._limit:
            candidates = self.all()
        else:
            return []
        # Those that nobody reads must not keep the places for as long as they may stay when there is room.
        long_ago = time.monotonic_ns() - _IMPATIENCE_NS
        idle = (one for one in candidates if one.is_idle)
        stuck = (one for one in candidates if one.is_blocked and one.progress < long_ago)
        found = next(idle, None) or next(stuck, None)
        return [found] if found else None

    def close(self, channel: Channel) -> None:
        """Close a channel and forget it."""
        del self._by_name[channel.name]
        self._per_uid[channel.uid] -= 1
        if not self._per_uid[channel.uid]:
            del self._per_uid[channel.uid]
        os.close(channel.descriptor)


def _raise_descriptor_limit() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 65536) if hard != resource.RLIM_INFINITY else 65536
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


class _Parked(NamedTuple):
    when: int
    number: int
    retries: int
    event: Event


class Parking:
    """Requests whose client has not opened its reply FIFO yet, each tried again a bounded number of times."""

    def __init__(self) -> None:
        self._heap: list[_Parked] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._heap)

    def park(self, event: Event, retries: int, now: int) -> bool:
        """Keep a request for its next try; False if it has had its tries or there are too many."""
        if retries >= _RETRIES or len(self._heap) >= _MAX_PARKED:
            return False
        self._number += 1
        heapq.heappush(self._heap, _Parked(now + (_FIRST_RETRY_NS << retries), self._number, retries, event))
        return True

    def next_time(self) -> int | None:
        """When the next one is due, in monotonic nanoseconds."""
        return self._heap[0].when if self._heap else None

    def due(self, now: int) -> list[tuple[Event, int]]:
        """Those whose time has come, with how often they have been tried."""
        found = []
        while self._heap and self._heap[0].when <= now:
            parked = heapq.heappop(self._heap)
            found.append((parked.event, parked.retries + 1))
        return found
