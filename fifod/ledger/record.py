"""Records: how a line of the ledger is made and read."""

from __future__ import annotations

import functools
import hashlib
import time
from typing import Any

import msgspec
from msgspec import Struct

from fifod.errors import LedgerError

VERSION = 1
NO_HASH = "0" * 64
SUFFIX = ".jsonl"

LEDGER, SEGMENT, DRAW, UNDELIVERED, END, NOTE = "ledger", "segment", "draw", "undelivered", "end", "note"
KINDS = (LEDGER, SEGMENT, DRAW, UNDELIVERED, END, NOTE)


class Head(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The open half of a record. `body` and `prev` are SHA-256 in hex; only draws have a serial number."""

    v: int
    kind: str
    time: str
    body: str
    prev: str
    serial: int | None = None


_decode_head = msgspec.json.Decoder(Head).decode
_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


class Record:
    """One line of the ledger; the body is decoded when it is asked for."""

    __slots__ = ("_body", "body_bytes", "hash", "head", "head_bytes")

    def __init__(self, head: Head, head_bytes: bytes, body_bytes: bytes) -> None:
        self.head = head
        self.head_bytes = head_bytes
        self.body_bytes = body_bytes
        self.hash = hashlib.sha256(head_bytes).hexdigest()
        self._body: dict[str, Any] | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The private half; raises LedgerError if it is not a JSON object."""
        if self._body is None:
            try:
                self._body = _decode_body(self.body_bytes)
            except ValueError:
                raise LedgerError("a record's body is not a JSON object") from None
        return self._body


def parse_record(line: bytes) -> Record:
    """The record of a line without its newline; raises LedgerError."""
    head_bytes, tab, body_bytes = line.partition(b"\t")
    if not tab:
        raise LedgerError("a line has no tab between head and body")
    return Record(parse_head(head_bytes), head_bytes, body_bytes)


def parse_head(head_bytes: bytes) -> Head:
    """The open half of a record; raises LedgerError, also for a version that this program does not know."""
    try:
        head = _decode_head(head_bytes)
    except ValueError:
        raise LedgerError(_fault(head_bytes)) from None
    if head.v != VERSION:
        raise LedgerError(newer_version(head.v))
    if head.kind not in KINDS or (head.serial is None) == (head.kind == DRAW):
        raise LedgerError(f"a record's head has kind {head.kind[:20]!r} and serial number {head.serial}")
    return head


def _fault(head_bytes: bytes) -> str:
    try:
        version = msgspec.json.decode(head_bytes)["v"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "a line's head is not the JSON object that it should be"
    return newer_version(version) if version != VERSION else "a line's head has other members than it should"


def newer_version(version: object) -> str:
    """The message for a ledger of a format that came after this program."""
    return f"the ledger has format {version}, this program knows format {VERSION}: use a newer fifod"


def make_head(kind: str, serial: int | None, when: str, body_bytes: bytes, prev: str) -> bytes:
    """The bytes of a head."""
    number = "" if serial is None else f'"serial":{serial},'
    body = hashlib.sha256(body_bytes).hexdigest()
    return f'{{"v":1,"kind":"{kind}",{number}"time":"{when}","body":"{body}","prev":"{prev}"}}'.encode()


def segment_name(first_serial: int) -> str:
    """The file name of the segment whose first draw has, or will have, this serial number."""
    return f"{first_serial:020d}{SUFFIX}"


def first_of(segment: str) -> int:
    """The serial number in a segment's file name; 0 if the file is named otherwise."""
    number = segment.removesuffix(SUFFIX)
    return int(number) if number.isdecimal() else 0


@functools.lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def timestamp(nanoseconds: int) -> str:
    """RFC 3339 in UTC with microseconds, of nanoseconds since 1970."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1000:06d}Z"


def completion_time(when: str) -> str:
    """RANDOM.ORG's form of a record's time: a space, whole seconds."""
    return f"{when[:10]} {when[11:19]}Z"
