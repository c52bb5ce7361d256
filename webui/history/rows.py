"""From a record of the ledger to a row of the draw table."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from django.db import models
from django.utils.dateparse import parse_datetime

from fifod.ledger.record import END, UNDELIVERED, Record
from webui.history.models import Draw

Row = tuple[Any, ...]
Change = tuple[int, Mapping[str, Any]]

_encode = msgspec.json.encode

COLUMNS = tuple(field.column for field in Draw._meta.concrete_fields)


def row(record: Record, segment: str, offset: int) -> Row:
    """The columns of a draw in the model's order, as the database holds them.

    Ready-made values, because a million rows a catch-up are too many for model instances and their converters.
    """
    head, body = record.head, record.body
    about = body.get("input") or {}
    return (
        head.serial,
        _stored_time(head.time),
        _stored_time(body["received"]),
        body["drawer"],
        body["uid"],
        body.get("user", ""),
        body["transport"],
        body.get("purpose", ""),
        body["method"],
        _encode(body["params"]).decode(),
        body["recipe"],
        body.get("seed", ""),
        body.get("seedHash", ""),
        "seedHash" in body,
        body.get("repeatable", False),
        about.get("count"),
        about.get("sha256", ""),
        body.get("key", ""),
        False,
        "",
        None,
        "",
        record.hash,
        head.prev,
        segment,
        offset,
    )


def unsaved_draw(record: Record) -> Draw:
    """A draw that has no row yet, to be shown as if it had."""
    values = zip(Draw._meta.concrete_fields, row(record, "", 0), strict=True)
    return Draw(**{field.attname: _loaded(field, value) for field, value in values})


def change(record: Record) -> Change | None:
    """What a record of another kind adds to an earlier draw: its serial, and columns with their values."""
    body = record.body
    if record.head.kind == UNDELIVERED:
        return body["draw"], {"undelivered": True, "undelivered_reason": body["reason"]}
    if record.head.kind == END:
        return body["draw"], {"stream_length": body["length"], "stream_sha256": body["sha256"]}
    return None


def _stored_time(text: str) -> str:
    """From RFC 3339 to the text that Django stores on SQLite, which leaves out a fraction of nought."""
    fraction = text[19:26]
    return f"{text[:10]} {text[11:19]}" if fraction == ".000000" else f"{text[:10]} {text[11:19]}{fraction}"


def _loaded(field: "models.Field[Any, Any]", value: Any) -> Any:
    if isinstance(field, models.DateTimeField):
        return parse_datetime(f"{value}+00:00")
    return json.loads(value) if isinstance(field, models.JSONField) else value
