"""From a record of the ledger to a row of the draw table.

Ready-made column values instead of model instances and their converters, and a decoder that leaves the parameters as
they stand: with a million records to catch up on, microseconds a row are what counts.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from django.db import models
from django.utils.dateparse import parse_datetime
from msgspec import Struct

from fifod.errors import LedgerError
from fifod.ledger.record import END, UNDELIVERED, Record
from webui.history.models import Draw

Row = tuple[Any, ...]
Change = tuple[int, Mapping[str, Any]]

COLUMNS = tuple(field.column for field in Draw._meta.concrete_fields)


class _Input(Struct, frozen=True):
    count: int | None = None
    sha256: str = ""


class _Body(Struct, rename="camel"):
    drawer: str
    uid: int
    transport: str
    method: str
    params: msgspec.Raw
    recipe: str
    received: str
    user: str = ""
    claimed_pid: int | None = None
    purpose: str = ""
    input: _Input = _Input()
    key: str = ""
    seed: str = ""
    seed_hash: str = ""
    repeatable: bool = False


class _Undelivered(Struct):
    draw: int
    reason: str


class _End(Struct):
    draw: int
    length: int
    sha256: str


_body = msgspec.json.Decoder(_Body).decode
_undelivered = msgspec.json.Decoder(_Undelivered).decode
_end = msgspec.json.Decoder(_End).decode


def row(record: Record) -> Row:
    """The columns of a draw in the model's order, as the database holds them. Raises LedgerError."""
    head = record.head
    try:
        body = _body(record.body_bytes)
    except msgspec.MsgspecError as error:
        raise _unusable(error) from None
    return (
        head.serial,
        _stored_time(head.time),
        _stored_time(body.received),
        body.drawer,
        body.uid,
        body.user,
        body.transport,
        body.purpose,
        body.method,
        bytes(body.params).decode(),
        body.recipe,
        body.seed,
        body.seed_hash,
        body.seed_hash != "",
        body.repeatable,
        body.input.count,
        body.input.sha256,
        body.key,
        False,
        "",
        None,
        "",
        record.hash,
        head.prev,
        body.claimed_pid,
    )


def unsaved_draw(record: Record) -> Draw:
    """A draw that has no row yet, to be shown as if it had."""
    values = zip(Draw._meta.concrete_fields, row(record), strict=True)
    return Draw(**{field.attname: _loaded(field, value) for field, value in values})


def change(record: Record) -> Change | None:
    """What a record of another kind adds to an earlier draw: its serial, and columns with their values."""
    try:
        if record.head.kind == UNDELIVERED:
            undelivered = _undelivered(record.body_bytes)
            return undelivered.draw, {"undelivered": True, "undelivered_reason": undelivered.reason}
        if record.head.kind == END:
            end = _end(record.body_bytes)
            return end.draw, {"stream_length": end.length, "stream_sha256": end.sha256}
    except msgspec.MsgspecError as error:
        raise _unusable(error) from None
    return None


def _unusable(error: msgspec.MsgspecError) -> LedgerError:
    return LedgerError(f"a body without what it should hold ({error})")


def _stored_time(text: str) -> str:
    """From RFC 3339 to the text that Django stores on SQLite, which leaves out a fraction of nought."""
    if len(text) != 27 or text[10] != "T" or text[26] != "Z":
        raise LedgerError(f"{text[:40]!r} is not a time as records have it")
    return f"{text[:10]} {text[11:19]}" if text[19:26] == ".000000" else f"{text[:10]} {text[11:26]}"


def _loaded(field: "models.Field[Any, Any]", value: Any) -> Any:
    if isinstance(field, models.DateTimeField):
        return parse_datetime(f"{value}+00:00")
    return json.loads(value) if isinstance(field, models.JSONField) else value
