"""What can be asked of the daemon beside draws; each answers only what its caller may see."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import structs

from fifod import names, wire
from fifod.checks import check_names, integer
from fifod.draw import Reply, draw_reply, recorded_draw
from fifod.errors import NotFound
from fifod.ledger.archive import ArchivedPart, archived_part
from fifod.ledger.reader import LedgerReader, Line
from fifod.ledger.record import DRAW, Record
from fifod.ledger.writer import Stamp
from fifod.types import Caller, Request

_MAX_SERIAL = 2**53 - 1
_LOOKED_THROUGH = 100_000
_PIECE = 200
_encode = msgspec.json.Encoder().encode


class Queries:
    """The record as callers may see it: their own draws, auditors everybody's, heads anyone's."""

    def __init__(self, ledger: LedgerReader, identity: str, auditors: tuple[int, ...]) -> None:
        self._ledger = ledger
        self._identity = identity
        self._auditors = auditors
        self._beginning: tuple[int, ArchivedPart | None] = (1, None)

    def may_see_all(self, caller: Caller) -> bool:
        """Whether the caller is an auditor; one on whose behalf a front end asks never is."""
        return caller.user is None and caller.uid in self._auditors

    def get_result(self, request: Request, caller: Caller) -> Reply:
        """getResult: a draw's reply as it was, with its record. Raises NotFound for another's as for none."""
        check_names(request.params, frozenset(("serialNumber",)))
        serial = integer("serialNumber", request.params["serialNumber"], 1, _MAX_SERIAL)
        record = self._find(serial)
        if record.body.get("drawer") != caller.drawer and not self.may_see_all(caller):
            raise NotFound(f"there is no draw with serial number {serial} that you may see", ["serialNumber"])
        draw = recorded_draw(record)
        if draw.params.method == names.STREAM:
            result = {"serialNumber": serial, "hash": record.hash, "ledger": self._identity, **_texts(record)}
            return Reply(wire.encode_result(result, request.id))
        stamp = Stamp(serial, record.head.time, record.hash)
        return structs.replace(draw_reply(draw, stamp, self._identity, request.id, record), serial=0)

    def list_draws(self, request: Request, caller: Caller) -> Reply:
        """listDraws: the caller's newest draws before a serial number. Looks through 100,000 records at most."""
        check_names(request.params, frozenset(), frozenset(("n", "before")))
        n, before = self._page(request, 20)
        wanted = None if self.may_see_all(caller) else b'"drawer":%b' % _encode(caller.drawer)
        return Reply(b'{"jsonrpc":"2.0","result":{"draws":[', self._listing(n, before, wanted, _encode(request.id)))

    def get_chain(self, request: Request) -> Reply:
        """getChain: heads from a draw onwards, by default the newest head alone."""
        check_names(request.params, frozenset(), frozenset(("serialNumber", "n")))
        n = integer("n", request.params.get("n", 1), 1, names.MAX_LISTED)
        if request.params.get("serialNumber") is None:
            last = self._ledger.last()
            heads = [last.head_bytes.decode()] if last else []
            return Reply(wire.encode_result({"heads": heads, "next": None}, request.id))
        first = integer("serialNumber", request.params["serialNumber"], 1, _MAX_SERIAL)
        self._refuse_archived(first)
        return Reply(b'{"jsonrpc":"2.0","result":{"heads":[', self._heads(first, n, _encode(request.id)))

    def _find(self, serial: int) -> Record:
        line = self._ledger.find_line(serial)
        if line is None:
            self._refuse_archived(serial)
            raise NotFound(f"there is no draw with serial number {serial}", ["serialNumber"])
        return line.record()

    def _refuse_archived(self, serial: int) -> None:
        """Raises NotFound for a draw that was archived; its data tell from which draw on there are some."""
        part = self._archived()
        if part and serial <= part.last:
            message = f"draw {serial} was archived on {part.time[:10]}: the ledger now begins with draw {part.last + 1}"
            raise NotFound(message, ["serialNumber", part.last + 1])

    def _archived(self) -> ArchivedPart | None:
        if (first := self._ledger.first_serial()) != self._beginning[0]:
            self._beginning = first, archived_part(self._ledger)
        return self._beginning[1]

    @staticmethod
    def _page(request: Request, default: int) -> tuple[int, int | None]:
        before = request.params.get("before")
        return (
            integer("n", request.params.get("n", default), 1, names.MAX_LISTED),
            None if before is None else integer("before", before, 1, _MAX_SERIAL),
        )

    def _listing(self, n: int, before: int | None, wanted: bytes | None, request_id: bytes) -> Iterator[bytes]:
        comma, end = b"", b""
        oldest = before
        for looked, line in enumerate(self._ledger.lines_backwards(before)):
            if looked == _LOOKED_THROUGH:
                break
            if looked % _PIECE == _PIECE - 1:
                yield b""  # nothing to send yet, but others may have their turn
            if _DRAW_KIND not in line.text[:40]:
                continue
            if n == 0:
                break
            record = line.record()
            oldest = record.head.serial
            if wanted is None or wanted in line.text:
                yield comma + _encode(_summary(record))
                comma = b","
                n -= 1
        else:
            oldest = None
            if part := self._archived():
                end = b',"archived":%d' % part.last
        yield b'],"next":%b%b},"id":%b}\n' % (_encode(oldest), end, request_id)

    def _heads(self, first: int, n: int, request_id: bytes) -> Iterator[bytes]:
        comma = b""
        following: int | None = None
        for line in self._lines_from(first):
            record = line.record()
            if record.head.kind == DRAW:
                if n == 0:
                    following = record.head.serial
                    break
                n -= 1
            yield comma + _encode(record.head_bytes.decode())
            comma = b","
        yield b'],"next":%b},"id":%b}\n' % (_encode(following), request_id)

    def _lines_from(self, serial: int) -> Iterator[Line]:
        if serial == 1 or serial == self._ledger.first_serial():
            return self._ledger.lines()
        line = self._ledger.find_line(serial)
        return iter(()) if line is None else self._ledger.lines_from(line)


_DRAW_KIND = f'"kind":"{DRAW}"'.encode()


def _summary(record: Record) -> dict[str, object]:
    body = record.body
    return {
        "serialNumber": record.head.serial,
        "time": record.head.time,
        "method": body.get("method"),
        "purpose": body.get("purpose"),
        **_texts(record),
    }


def _texts(record: Record) -> dict[str, str]:
    return {"head": record.head_bytes.decode(), "body": record.body_bytes.decode()}
