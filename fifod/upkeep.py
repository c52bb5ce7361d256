"""What is to be done from time to time, whether or not anybody asks for anything."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from fifod.clients import Clients
from fifod.log import HEAD, CountedLog, fields
from fifod.service import Service
from fifod.supervision import Supervisor

log = logging.getLogger(__name__)

TICK_NS = 2_000_000_000
MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS


class Upkeep:
    """Tells the supervisor how the daemon is, notes the ledger's head, sweeps up after dead clients."""

    def __init__(self, service: Service, clients: Clients, supervisor: Supervisor) -> None:
        self._service = service
        self._clients = clients
        self._supervisor = supervisor
        self.counted = CountedLog(at_once=5)
        self.note_head: Callable[[int, str], None] = lambda serial, hash_: None
        self._noted_head = (0, "")
        # Half the watchdog's patience, so that one turn that takes long does not matter.
        self._tick = min(TICK_NS, supervisor.interval_ns or TICK_NS)
        self.next_time = self._next_head = 0
        # Not at once: looking whether a client lives gives an end of file to one that reads like a shell, whose
        # request may have waited for this daemon.
        self._next_sweep = time.monotonic_ns() + MINUTE_NS

    def tend(self, now: int) -> None:
        """Do what is due; `now` in monotonic nanoseconds. The serving loop alone calls it: this is its sign of life."""
        self.next_time = now + self._tick
        self._supervisor.alive(self.status)
        self.counted.flush(now)
        self.note()
        if now >= self._next_head:
            self._next_head = now + HOUR_NS
            self._tell_head()
        if now >= self._next_sweep:
            self._next_sweep = now + HOUR_NS
            self._clients.sweep(time.time())

    def _tell_head(self) -> None:
        serial, hash_ = self._service.head
        if serial:
            log.info("the ledger's head is %d:%s", serial, hash_, extra=fields(HEAD, serial=serial, hash=hash_))

    def note(self) -> None:
        """Note the ledger's newest draw outside the ledger, if it is another than before."""
        if (head := self._service.head) != self._noted_head:
            self._noted_head = head
            if head[0]:
                self.note_head(*head)

    @property
    def status(self) -> str:
        """How the daemon is, in one line for a person."""
        service = self._service
        how = "serving" if service.refusal is None else f"refusing: {service.refusal}"
        counts = f"{service.draws} draws since the start, {len(self._clients)} clients, newest draw {service.head[0]}"
        return f"{how}; {counts}"
