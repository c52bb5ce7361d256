"""Whose turn it is: uids one after the other, and the channels of a uid one after the other."""

from __future__ import annotations

from collections import OrderedDict, deque

from fifod.channel import Channel


class Rota:
    """Channels that have something to do. One that is taken out has had its turn until it is added again."""

    def __init__(self) -> None:
        self._by_uid: OrderedDict[int, deque[Channel]] = OrderedDict()
        self._members: set[int] = set()

    def __len__(self) -> int:
        return len(self._members)

    def add(self, channel: Channel) -> None:
        """Put a channel at the end of its uid's queue, unless it waits there already."""
        if channel.descriptor not in self._members:
            self._members.add(channel.descriptor)
            self._by_uid.setdefault(channel.uid, deque()).append(channel)

    def take(self) -> Channel:
        """The channel whose turn it is."""
        uid, queue = self._by_uid.popitem(last=False)
        channel = queue.popleft()
        if queue:
            self._by_uid[uid] = queue
        self._members.remove(channel.descriptor)
        return channel

    def remove(self, channel: Channel) -> None:
        """Forget a channel that is being closed."""
        if channel.descriptor in self._members:
            self._members.remove(channel.descriptor)
            queue = self._by_uid[channel.uid]
            queue.remove(channel)
            if not queue:
                del self._by_uid[channel.uid]
