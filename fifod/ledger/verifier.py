"""Checks a ledger or a part of one: is it one unbroken chain, and is each record what it says?

What can be found: a body or head that was changed, records that are missing, stand twice or elsewhere than they were
written, draws that the recipe cannot compute, and heads that are not those that somebody noted. What cannot: a chain
written anew as a whole, unless somebody noted one of its former heads.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from fifod import names
from fifod.errors import LedgerError, RequestError
from fifod.keystream import BLOCK, Keystream
from fifod.ledger.archive import ArchivedPart, ArchiveNote, note_of
from fifod.ledger.chain import Chain, Expectations, Findings
from fifod.ledger.reader import LedgerReader, Line
from fifod.ledger.record import DRAW, END, LEDGER, NO_HASH, SEGMENT, UNDELIVERED, Head, Record, segment_name
from fifod.params import normalise
from fifod.recipe import data_pieces
from fifod.types import AnyParams, Stream

Progress = Callable[[int], object]

_encode = msgspec.json.Encoder().encode
_HEX = frozenset("0123456789abcdef")


def verify(
    reader: LedgerReader,
    expectations: Expectations | None = None,
    progress: Progress = lambda size: None,
    *,
    whole: bool = True,
    recompute: bool = False,
) -> Findings:
    """Check all complete records that the reader has.

    `expectations` are hashes that were noted, by serial number; `progress` is told how many bytes were read. A `whole`
    ledger must begin with its first record, or a note in it must say that what is missing was archived. With
    `recompute` the values of each draw are computed, and streams are compared with their digests.
    """
    check = _LedgerCheck(expectations or {}, recompute)
    try:
        check.run(reader, progress, whole)
    except LedgerError as error:
        check.findings.add("the ledger", error.message)
    return check.findings


class _LedgerCheck:
    def __init__(self, expectations: Expectations, recompute: bool) -> None:
        self._chain = Chain(expectations)
        self.findings = self._chain.findings
        self._recompute = recompute
        self._streams: dict[int, str] = {}
        self._beginning: tuple[str, Head] | None = None
        self._before: dict[int, str] = {}
        self._archived = ArchivedPart(0, "")
        self._today = datetime.datetime.now(datetime.UTC).date()

    def run(self, reader: LedgerReader, progress: Progress, whole: bool) -> None:
        segments = reader.segments()
        if not segments:
            raise LedgerError(f"there is no ledger in {reader.directory}")
        segment, number, end = "", 0, 0
        for line in reader.lines():
            if line.segment != segment:
                self._close_segment(reader, segment, end, last=False)
                segment, number, end = line.segment, 0, 0
            number += 1
            self._take(line, number)
            progress(line.end - end)
            end = line.end
        self._close_segment(reader, segment, end, last=True)
        if whole:
            self._check_beginning()
        self._chain.finish()

    def _close_segment(self, reader: LedgerReader, segment: str, end: int, last: bool) -> None:
        if not segment:
            return
        rest = reader.size(segment) - end
        if last:
            self.findings.torn = rest
        elif rest > 0:
            self.findings.add(f"{segment} at byte {end}", f"the last {rest} bytes are no record")

    def _take(self, line: Line, number: int) -> None:
        place = f"{line.segment} line {number}"
        try:
            record = line.record()
        except LedgerError as error:
            self.findings.add(place, error.message.partition(": ")[2])
            return
        head = record.head
        if head.serial is not None:
            place += f" (draw {head.serial})"
        if number == 1:
            self._begin_segment(place, line.segment, head)
        elif head.kind in (LEDGER, SEGMENT):
            self.findings.add(place, "a record that only begins a file stands within one")
        self._chain.follow(place, head, record.hash)
        self._check_body(place, record)

    def _begin_segment(self, place: str, segment: str, head: Head) -> None:
        is_first = self.findings.records == 0
        if head.kind not in (LEDGER, SEGMENT):
            self.findings.add(place, "the file does not begin with the record that begins one: its start was removed")
        elif not is_first and segment != segment_name((self.findings.last_serial or 0) + 1):
            self.findings.add(place, "the file is not the next one: files before it are missing, or it was renamed")
        if is_first:
            self._beginning = place, head
        else:
            self._before[(self.findings.last_serial or 0) + 1] = head.prev

    def _check_beginning(self) -> None:
        """The first record must begin the ledger, unless the draws before it were archived."""
        if self._beginning is None:
            return
        place, head = self._beginning
        missing = (self.findings.first_serial or 1) - 1
        if head.kind == SEGMENT and 0 < missing <= self._archived.last:
            self.findings.archived = ArchivedPart(missing, self._archived.time)
        elif head.kind == SEGMENT or (head.kind == LEDGER and head.prev != NO_HASH):
            self.findings.add(
                place, "the ledger does not begin here: the files before this one are missing, and were not archived"
            )

    def _check_note(self, note: ArchiveNote, time: str) -> None:
        """Raises LedgerError if a note says that something else was archived than what stood there."""
        first = self.findings.first_serial
        if first is None or self._beginning is None or note.last + 1 < first:
            return  # it is about what was archived before: nothing of that is here
        before = self._beginning[1].prev if note.last + 1 == first else self._before.get(note.last + 1)
        if before != note.hash:
            raise LedgerError(f"it says that draws {note.first} to {note.last} were archived, but their end is another")
        self._archived = ArchivedPart(note.last, time)

    def _check_body(self, place: str, record: Record) -> None:
        if not record.body_bytes:
            self.findings.erased += 1
            return
        if hashlib.sha256(record.body_bytes).hexdigest() != record.head.body:
            self.findings.add(place, "its body was changed: it does not have the SHA-256 that the head says")
            return
        try:
            if record.head.kind == DRAW:
                self._check_draw(record)
            elif record.head.kind in (END, UNDELIVERED):
                self._check_reference(record)
            elif note := note_of(record):
                self._check_note(note, record.head.time)
        except LedgerError as error:
            self.findings.add(place, error.message)

    def _check_draw(self, record: Record) -> None:
        params, seed = draw_of(record.body, self._today)
        if seed is None:
            return
        if isinstance(params, Stream):
            self._streams[record.head.serial or 0] = seed
        elif self._recompute:
            for _ in data_pieces(params, bytes.fromhex(seed)):
                pass

    def _check_reference(self, record: Record) -> None:
        body = record.body
        serial = body.get("draw")
        if type(serial) is not int or not 1 <= serial <= (self.findings.last_serial or serial):
            raise LedgerError(f"it is about draw {serial!r:.30}, which is not before it")
        seed = self._streams.pop(serial, None)
        if record.head.kind != END or seed is None or not self._recompute:
            return
        if stream_digest(bytes.fromhex(seed), body.get("length")) != body.get("sha256"):
            raise LedgerError(f"the {body.get('length')} bytes of stream {serial} do not have the SHA-256 recorded")


def draw_of(body: dict[str, Any], today: datetime.date) -> tuple[AnyParams, str | None]:
    """The parameters and the seed (None if secret) of a draw's body; raises LedgerError if the recipe has no values."""
    if body.get("recipe") != names.RECIPE:
        raise LedgerError(f"its recipe is {body.get('recipe')!r:.40}, this program knows {names.RECIPE}")
    method, given = body.get("method"), body.get("params")
    if method not in names.DRAW_METHODS or not isinstance(given, dict):
        raise LedgerError(f"{method!r:.40} with such parameters is no draw")
    try:
        params = _normalised(method, _encode(given), today)
    except RequestError as error:
        raise LedgerError(f"the recipe cannot compute it: {error.message}") from None
    seed, commitment = body.get("seed"), body.get("seedHash")
    if (seed is None) == (commitment is None) or not is_hex64(commitment if seed is None else seed):
        raise LedgerError("it has not one seed, or one SHA-256 of a seed, of 64 hexadecimal digits")
    return params, seed


@functools.lru_cache(maxsize=1024)
def _normalised(method: str, params: bytes, today: datetime.date) -> AnyParams:
    # Most draws of a ledger ask for one of few things, and to check them takes longer than all the hashing.
    return normalise(method, msgspec.json.decode(params), today)


def is_hex64(text: object) -> bool:
    """Whether this is a SHA-256 or a seed as it is written."""
    return isinstance(text, str) and len(text) == 64 and _HEX.issuperset(text)


def stream_digest(seed: bytes, length: object) -> str | None:
    """SHA-256 of the first bytes of a stream; None if the length is none."""
    if type(length) is not int or length < 0:
        return None
    stream, digest = Keystream(seed), hashlib.sha256()
    while length:
        taken = stream.take(min(length, BLOCK))
        digest.update(taken)
        length -= len(taken)
    return digest.hexdigest()
