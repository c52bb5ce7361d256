"""The service.

Requests in, replies out; what a reply tells is in the ledger before the reply exists. No I/O but the ledger's.
"""

from __future__ import annotations

import datetime
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import Struct

from fifod import __version__, names, wire
from fifod.archiving import Archiving
from fifod.checks import check_names, unknown_name
from fifod.config import Config
from fifod.draw import Draw, Reply, draw_reply, new_draw, record_body, recorded_draw, was_asked_by
from fifod.errors import (
    FifodError,
    IllegalValue,
    InternalError,
    KeyTaken,
    LedgerNotWritable,
    Refusing,
    RequestError,
    UnknownMethod,
)
from fifod.keys import REMEMBERED, KeyIndex, key_digest
from fifod.ledger.extent import Extent
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import DRAW, END, UNDELIVERED, timestamp
from fifod.ledger.writer import Entry, LedgerWriter, Stamp
from fifod.log import DRAWING_AGAIN, REFUSING, fields
from fifod.params import normalise
from fifod.queries import Queries
from fifod.quota import Quotas
from fifod.types import AnyParams, Caller, Request

log = logging.getLogger(__name__)

_METHODS = (*names.DRAW_METHODS, *names.QUERY_METHODS, *names.OPERATOR_METHODS)
_DAY = 86_400_000_000_000
_EPOCH = datetime.date(1970, 1, 1).toordinal()


class Asked(Struct, frozen=True):
    """A request, who sent it, and when it was taken in, in monotonic nanoseconds."""

    caller: Caller
    request: Request
    arrived: int = 0


class _Planned(Struct, frozen=True):
    """A draw that is decided but not recorded yet."""

    draw: Draw
    body: bytes


class Sources(NamedTuple):
    """Where the service takes entropy and time from: bytes, nanoseconds since 1970, nanoseconds that never go back."""

    entropy: Callable[[int], bytes]
    clock: Callable[[], int]
    monotonic: Callable[[], int]


class Service:
    """Answers batches of requests."""

    def __init__(
        self, config: Config, writer: LedgerWriter, reader: LedgerReader, host_key: bytes, sources: Sources
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._host_key = host_key
        self._sources = sources
        self._keys = KeyIndex.of(reader)
        self._extent = Extent(reader)
        self._archiving = Archiving(reader, writer)
        self._started = sources.monotonic()
        self.draws = 0
        self.requests = 0
        self.refused: Counter[int] = Counter()
        self.refusal: str | None = None
        self.live: Callable[[], dict[str, object]] = dict
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take over a configuration; what drawers have used up of their quotas is forgotten."""
        self._config = config
        self._writer.configure(config.durability == "disk", config.ledger.segment_mib << 20)
        self._quotas = Quotas(config.limits)
        self._queries = Queries(self._reader, self._writer.identity, config.auditors)

    def answer(self, batch: Sequence[Asked]) -> list[Reply]:
        """One reply to each request, in order. All draws among them are recorded by one write before this returns."""
        if (cut := _first_repeated_key(batch)) is not None:
            return self.answer(batch[:cut]) + self.answer(batch[cut:])
        now = self._sources.clock()
        received, today = timestamp(now), datetime.date.fromordinal(_EPOCH + now // _DAY)
        plans = [self._plan_safely(asked, received, today) for asked in batch]
        self.requests += len(batch)
        following = iter(self._record([plan.body for plan in plans if isinstance(plan, _Planned)]))
        return [
            self._finish(plan, asked, next(following)) if isinstance(plan, _Planned) else plan
            for asked, plan in zip(batch, plans, strict=True)
        ]

    def record_undelivered(self, serial: int, reason: str) -> None:
        """Record that a draw's reply did not reach its client."""
        self._writer.owe(Entry.of(UNDELIVERED, {"draw": serial, "reason": reason}))

    def record_end(self, serial: int, length: int, sha256: str) -> None:
        """Record how a stream ended: how many bytes were taken, and their digest."""
        self._writer.owe(Entry.of(END, {"draw": serial, "length": length, "sha256": sha256}))

    def _plan_safely(self, asked: Asked, received: str, today: datetime.date) -> _Planned | Reply:
        try:
            return self._plan(asked, received, today)
        except RequestError as error:
            return self._refuse(error, asked.request)
        except FifodError as error:
            log.error("cannot answer %s: %s", asked.request.method, error.message)
            return self._refuse(InternalError(f"cannot answer {asked.request.method}: {error.message}"), asked.request)
        except Exception:
            # The boundary that must survive: one request, whatever is in it, may not end the daemon.
            log.exception("a fault of fifod while answering %r", asked.request.method[:40])
            return self._refuse(InternalError("a fault of fifod, which is in its log"), asked.request)

    def _plan(self, asked: Asked, received: str, today: datetime.date) -> _Planned | Reply:
        caller, request = asked.caller, asked.request
        if caller.user is not None and caller.uid not in self._config.front_ends:
            raise IllegalValue("only a configured front end may draw on behalf of a user", ["user"])
        if request.method not in names.DRAW_METHODS:
            return self._query(request, caller)
        params = normalise(request.method, request.params, today)
        digest = None if request.key is None else key_digest(caller.drawer, request.key)
        if digest and (serial := self._keys.find(digest)) and (earlier := self._repeat(digest, serial, asked, params)):
            return earlier
        draw = new_draw(request, params, digest, self._host_key, self._sources.entropy)
        self._quotas.spend(caller.drawer, params.value_count, self._sources.monotonic())
        return _Planned(draw, record_body(draw, request, caller, received))

    def _repeat(self, digest: str, serial: int, asked: Asked, params: AnyParams) -> Reply | None:
        """The reply to a request that was answered before by the draw with this serial number."""
        request = asked.request
        if serial <= self._writer.serial - REMEMBERED:
            return None  # nobody may count on it any more, and it may be archived
        record = self._reader.find(serial)
        if record.body.get("key") != digest:
            return None
        if not was_asked_by(record, request, asked.caller, params):
            raise KeyTaken("this key was used for a draw with other parameters", ["key"])
        stamp = Stamp(serial, record.head.time, record.hash)
        return draw_reply(recorded_draw(record, request.key), stamp, self._writer.identity, request.id)

    def _query(self, request: Request, caller: Caller) -> Reply:
        match request.method:
            case names.STATUS:
                check_names(request.params, frozenset())
                return Reply(wire.encode_result(self.status(caller), request.id))
            case names.RESULT:
                return self._queries.get_result(request, caller)
            case names.DRAWS:
                return self._queries.list_draws(request, caller)
            case names.CHAIN:
                return self._queries.get_chain(request)
            case names.ARCHIVE:
                return self._archiving.archive(request, caller)
        raise UnknownMethod(unknown_name("method", request.method, _METHODS), [request.method[:40]])

    def _record(self, bodies: list[bytes]) -> list[Stamp | Refusing]:
        """Record draws; what became of each."""
        entries, stamps = [Entry(DRAW, body) for body in bodies], list[Stamp | Refusing]()
        try:
            while len(stamps) < len(entries):
                stamps += self._writer.append(entries[len(stamps) :])
        except LedgerNotWritable as error:
            self.draws += len(stamps)
            return stamps + [self._refusing(error)] * (len(entries) - len(stamps))
        if self.refusal is not None and stamps:
            log.warning("drawing again: the ledger can be written", extra=fields(DRAWING_AGAIN))
            self.refusal = None
        self.draws += len(stamps)
        return stamps

    def _refusing(self, error: LedgerNotWritable) -> Refusing:
        if self.refusal is None:
            log.error("refusing draws: %s", error.message, extra=fields(REFUSING, serial=self._writer.serial))
        self.refusal = error.message
        return Refusing(f"nothing was drawn: {error.message}; try again later")

    def _finish(self, plan: _Planned, asked: Asked, stamp: Stamp | Refusing) -> Reply:
        if isinstance(stamp, Refusing):
            return self._take_back(plan, asked, stamp)
        return self._reply(plan, stamp, asked.request)

    def _reply(self, plan: _Planned, stamp: Stamp, request: Request) -> Reply:
        if plan.draw.key:
            self._keys.add(plan.draw.key, stamp.serial)
        try:
            return draw_reply(plan.draw, stamp, self._writer.identity, request.id)
        except Exception:
            # As in _plan_safely; the draw stands in the record.
            fault = "a fault of fifod while making the reply to draw %d"
            log.exception(fault, stamp.serial, extra=fields(serial=stamp.serial))
            return self._refuse(
                InternalError(f"a fault of fifod, which is in its log; the draw is {stamp.serial}"), request
            )

    def _take_back(self, plan: _Planned, asked: Asked, refusing: Refusing) -> Reply:
        """The reply to a draw that could not be recorded: it costs its drawer nothing."""
        self._quotas.give_back(asked.caller.drawer, plan.draw.params.value_count)
        return self._refuse(refusing, asked.request)

    def _refuse(self, error: RequestError, request: Request) -> Reply:
        self.refused[error.code] += 1
        return Reply(wire.encode_error(error, request.id))

    @property
    def head(self) -> tuple[int, str]:
        """Serial number and hash of the ledger's newest draw, to be noted elsewhere; 0 and no hash before the first."""
        return self._writer.serial, self._writer.draw_hash

    def status(self, caller: Caller) -> dict[str, object]:
        """What getStatus answers: how the daemon is, and what the caller has left."""
        draws_left, values_left = self._quotas.left(caller.drawer, self._sources.monotonic())
        segments, size = self._extent.measure() or (None, None)
        return {
            "version": __version__,
            "state": "serving" if self.refusal is None else f"refusing: {self.refusal}",
            "ledger": self._writer.identity,
            "serialNumber": self._writer.serial,
            "hash": self._writer.draw_hash,
            "segments": segments,
            "ledgerBytes": size,
            "time": timestamp(self._sources.clock()),
            "uptime": (self._sources.monotonic() - self._started) // 1_000_000_000,
            "durability": self._config.durability,
            "draws": self.draws,
            "requests": self.requests,
            "refused": {str(code): count for code, count in sorted(self.refused.items())},
            **self.live(),
            "quota": {"draws": draws_left, "values": values_left},
        }


def _first_repeated_key(batch: Sequence[Asked]) -> int | None:
    """Where the same key comes a second time: it must find the first draw recorded."""
    seen = set()
    for index, asked in enumerate(batch):
        if (key := asked.request.key) is not None:
            if key in seen:
                return index
            seen.add(key)
    return None
