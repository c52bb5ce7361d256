"""The daemon.

One loop that reads requests, lets the service answer them in turn, and writes replies as there is room.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

from fifod import fifos, wire
from fifod.channel import Channel
from fifod.clients import Clients, NoRoom, Parking
from fifod.config import Config
from fifod.delivery import RETRY_NS, Delivery
from fifod.draw import Reply
from fifod.errors import StartError
from fifod.intake import Intake
from fifod.latency import Latency
from fifod.log import FIFO_REPLACED, UNDELIVERED, fields
from fifod.names import MAX_IN_FLIGHT
from fifod.owners import Owners
from fifod.rota import Rota
from fifod.service import Asked, Service
from fifod.state import make_directory
from fifod.supervision import Supervisor
from fifod.types import BadRequest, Caller, Request
from fifod.upkeep import Upkeep
from fifod.wire import Event

BACKLOG = 512
BATCH = 64
SHARED_BATCH = 8  # as long as more than one uid asks: each waits for less of the others' work
SHARED_NS = 1_000_000_000
DURABLE_BATCH = 512  # the disk's time is shared by all of a batch
TURN = 16  # requests of one channel in a batch: replies written together wake their reader once
TURN_NS = 4_000_000
TAKE_IN_NS = 2_000_000_000
DRAIN_NS = 7_000_000_000


class Daemon:
    """Serves one runtime directory until told to stop."""

    def __init__(
        self,
        runtime_dir: str,
        config: Config,
        service: Service,
        supervisor: Supervisor,
        *,
        wakeup: int,
        passed: int | None = None,
    ) -> None:
        """`wakeup` is a descriptor that becomes readable when a signal has come, `passed` the request FIFO if systemd
        holds it open too. Raises StartError.
        """
        self._runtime_dir = runtime_dir
        self._service = service
        self._wakeup = wakeup
        self._clients = Clients(fifos.replies_path(runtime_dir), config.limits, Owners().owner)
        self._intake = Intake(fifos.request_path(runtime_dir), passed)
        self._parking = Parking()
        self._waiting = Rota()
        self._backlog = 0
        self._newest_uid, self._shared_until = -1, 0
        self._by_descriptor: dict[int, Channel] = {}
        self._poll = select.epoll()
        self._delivery = Delivery(self._poll, self._close)
        self._poll.register(self._intake.descriptor, select.EPOLLIN)
        self._poll.register(wakeup, select.EPOLLIN)
        self.upkeep = Upkeep(service, self._clients, supervisor)
        self._counted = self.upkeep.counted
        self._latency = Latency()
        self._unanswerable = self._undelivered = 0
        self.should_stop = False
        self.on_signal: Callable[[], None] = lambda: None
        service.live = self._live_status
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take over a configuration."""
        is_durable = config.durability == "disk"
        self._batch_size, self._shared_size = (DURABLE_BATCH, DURABLE_BATCH) if is_durable else (BATCH, SHARED_BATCH)
        # Large batches are read for when nothing waits any more: what is not read outlives a daemon that is killed.
        self._read_ahead = 1 if is_durable else BACKLOG
        self._clients.configure(config.limits)
        self._clients.owner_of = Owners().owner
        self._service.configure(config)

    def run(self) -> None:
        """Serve until `should_stop`, then answer what has been sent so far."""
        while not self.should_stop:
            self._turn(self._timeout())
        self._drain()

    # --- one turn of the loop ---

    def _timeout(self) -> float:
        if self._waiting or self._delivery.is_ready:
            return 0
        now = time.monotonic_ns()
        next_time = self.upkeep.next_time
        if self._delivery.is_stuck:
            next_time = min(next_time, now + RETRY_NS)
        if (parked := self._parking.next_time()) is not None:
            next_time = min(next_time, parked)
        return max(0.0, (next_time - now) / 1e9)

    def _turn(self, timeout: float) -> None:
        has_requests = False
        # Channels first: one whose client left must be closed before a request that names it is looked at.
        for descriptor, events in self._poll.poll(timeout):
            if descriptor == self._intake.descriptor:
                has_requests = True
            elif descriptor == self._wakeup:
                os.read(self._wakeup, 512)
                self.on_signal()
            else:
                self._on_channel_event(descriptor, events)
        if has_requests and self._backlog < self._read_ahead:
            self._read()
        self._serve()
        self._delivery.push(time.monotonic_ns() + TURN_NS)
        self._tend(time.monotonic_ns())

    def _on_channel_event(self, descriptor: int, events: int) -> None:
        channel = self._by_descriptor.get(descriptor)
        if channel is None:
            return
        if events & select.EPOLLERR:
            self._close(channel, "the client left")
        elif events & select.EPOLLOUT:
            self._delivery.free(channel)

    def _read(self) -> bool:
        """Take in what one read gives; False if nothing was there."""
        events = self._intake.read()
        now = time.monotonic_ns()
        for event in events or ():
            self._accept(event, 0, now)
        return events is not None

    def _serve(self) -> None:
        batch: list[Asked] = []
        channels: list[Channel] = []
        size = self._shared_size if time.monotonic_ns() < self._shared_until else self._batch_size
        while self._waiting and len(batch) < size:
            channel = self._waiting.take()
            for _ in range(min(TURN, size, len(channel.requests))):
                batch.append(channel.requests.popleft())
                channels.append(channel)
            if channel.requests:
                self._waiting.add(channel)
        if not batch:
            return
        self._backlog -= len(batch)
        replies = self._service.answer(batch)
        now = time.monotonic_ns()
        self._latency.add([asked.arrived for asked in batch], now)
        for channel, reply in zip(channels, replies, strict=True):
            self._delivery.send(channel, reply, now)

    # --- requests and channels ---

    def _accept(self, event: Event, retries: int, now: int) -> None:
        """Put a request into its channel's queue; one that cannot be answered is counted and dropped."""
        if event.reply is None:
            assert isinstance(event, BadRequest)
            self._drop(event.message)
            return
        channel = self._clients.find(event.reply)
        if channel is None:
            channel = self._open(event.reply, event, retries)
        if channel is None:
            return
        if channel.tally or channel.in_flight >= MAX_IN_FLIGHT:
            self._drop("a client sends requests faster than it reads replies")
        elif isinstance(event, Request):
            caller = channel.caller if event.user is None else Caller(channel.uid, event.user)
            channel.requests.append(Asked(caller, event, now))
            self._backlog += 1
            if len(channel.requests) == 1:
                self._waiting.add(channel)
            if channel.uid != self._newest_uid:
                self._newest_uid = channel.uid
                self._shared_until = now + SHARED_NS
        else:
            self._service.refused[event.code] += 1
            self._delivery.send(channel, Reply(wire.encode_error(event, event.id)), now)

    def _open(self, name: str, event: Event, retries: int) -> Channel | None:
        try:
            channel, surplus = self._clients.open(name)
        except fifos.NotAReplyFifo as error:
            self._drop(f"a reply FIFO cannot be opened: {error}")
            return None
        except (fifos.NoReader, NoRoom) as error:
            if not self._parking.park(event, retries, time.monotonic_ns()):
                what = "is not opened by its client" if isinstance(error, fifos.NoReader) else "is one too many"
                self._drop(f"a reply FIFO {what}")
            return None
        for idle in surplus:
            self._close(idle, "room for others")
        self._by_descriptor[channel.descriptor] = channel
        self._poll.register(channel.descriptor, 0)
        return channel

    def _drop(self, reason: str) -> None:
        self._unanswerable += 1
        self._counted.warn(f"request dropped: {reason}", time.monotonic_ns())

    def _close(self, channel: Channel, reason: str) -> None:
        for serial in channel.undelivered():
            self._undelivered += 1
            fault = f"a reply was not delivered: {reason}"
            self._counted.warn(fault, time.monotonic_ns(), fields(UNDELIVERED, serial=serial))
            self._service.record_undelivered(serial, reason)
        if channel.tally:
            self._service.record_end(channel.tally.serial, channel.tally.length, channel.tally.sha256)
        channel.abandon()
        self._backlog -= len(channel.requests)
        self._waiting.remove(channel)
        self._delivery.forget(channel)
        del self._by_descriptor[channel.descriptor]
        self._clients.close(channel)

    # --- what time brings ---

    def _tend(self, now: int) -> None:
        for event, retries in self._parking.due(now):
            self._accept(event, retries, now)
        self._delivery.tend(now)
        if now >= self.upkeep.next_time:
            self.upkeep.tend(now)
            self._mend_paths(now)

    def _mend_paths(self, now: int) -> None:
        """Somebody may remove or replace what clients find by its path: then take, or make, what is there now."""
        try:
            make_directory(self._runtime_dir, 0o755)
            if not self._intake.is_in_place:
                fault = "the request FIFO was removed or replaced; opening it anew"
                self._counted.warn(fault, now, fields(FIFO_REPLACED))
                self._reopen_intake()
            if not self._clients.is_in_place:
                self._counted.warn("the directory of reply FIFOs was removed or replaced; opening it anew", now)
                self._clients.reopen()
        except StartError as error:
            self._counted.warn(error.message, now)

    def _reopen_intake(self) -> None:
        # Closing a descriptor takes it out of the poll set.
        events = self._intake.reopen()
        self._poll.register(self._intake.descriptor, select.EPOLLIN)
        for event in events:
            self._accept(event, 0, time.monotonic_ns())

    def _live_status(self) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "clients": len(self._clients),
            "queued": self._backlog + len(self._parking),
            "queueBytes": self._intake.bytes_waiting,
            "unanswerable": self._unanswerable,
            "undelivered": self._undelivered,
            "latency": self._latency.status(),
        }

    @property
    def _is_busy(self) -> bool:
        delivery = self._delivery
        return bool(self._waiting or self._parking) or delivery.is_ready or delivery.is_stuck

    def _drain(self) -> None:
        """Answer what was sent before the end, for a few seconds at most; streams end here.

        What comes faster than it can be answered stays in the FIFO, whole lines of it, for the next daemon.
        """
        now = time.monotonic_ns()
        until = now + DRAIN_NS
        while time.monotonic_ns() < now + TAKE_IN_NS and (self._backlog >= self._read_ahead or self._read()):
            self._turn(0)
        for event in self._intake.finish_line():
            self._accept(event, 0, now)
        for channel in self._clients.all():
            if channel.tally:
                self._close(channel, "the daemon stops")
        self._poll.unregister(self._intake.descriptor)
        while self._is_busy and time.monotonic_ns() < until:
            self._turn(min(self._timeout(), 0.1))
        for channel in self._clients.all():
            self._close(channel, "the daemon stops")
        self.upkeep.note()
        self._poll.close()
        self._intake.close()
        self._clients.close_directory()
