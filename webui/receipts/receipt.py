"""Everything that a draw's page shows.

A draw is read from the ledger, which holds it before anybody sees its values: so it can be shown at once, and while the
daemon is stopped. Where the ledger cannot be read, or has the draw no longer, its row tells the same. The values stand
in neither; they are computed from the seed.
"""

import copy
import datetime
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from fifod.errors import FifodError, LedgerError
from fifod.ledger.receipt import receipt_of, values_of
from fifod.ledger.record import Record
from fifod.names import STREAM
from webui import access, gateway
from webui.history.models import Draw
from webui.history.rows import unsaved_draw
from webui.receipts import records

SHOWN_VALUES = 2000
_SHOWN_AT_ONCE = 200


class Unknown(Exception):
    """There is no such draw, or it is another's."""


class Unavailable(Exception):
    """Neither the ledger nor the draw table can tell about the draw at present."""


@dataclass(frozen=True)
class Receipt:
    """A draw with its values, or without them and with the reason."""

    draw: Draw
    values: Sequence[Any] | None
    missing: str = ""
    place: records.Place | None = None
    record: Record | None = None

    @property
    def shown(self) -> Sequence[Any]:
        """The values that stand on the page: of very many only the first."""
        return (self.values or [])[:SHOWN_VALUES]

    @property
    def total(self) -> int | None:
        """The sum of the values, if they are whole numbers."""
        return sum(self.values) if self.values and all(type(value) is int for value in self.values) else None

    @property
    def mean(self) -> str | None:
        """The mean of the values, if they are whole numbers, to four decimal places."""
        if self.total is None or not self.values:
            return None
        return f"{Decimal(self.total) / len(self.values):z.4f}".rstrip("0").rstrip(".")

    @property
    def is_long(self) -> bool:
        """Whether the values are too many to stand on the page all at once."""
        return self.values is not None and len(self.values) > _SHOWN_AT_ONCE

    @property
    def params(self) -> list[tuple[str, str]]:
        """The parameters as the record writes them, texts without quotes."""
        return [
            (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for name, value in self.draw.params.items()
        ]

    @property
    def is_opened(self) -> bool:
        """Whether this is a secret draw with the seed that the record does not hold."""
        return self.draw.secret and self.draw.seed != ""

    @property
    def is_archived(self) -> bool:
        """Whether the record is not in the ledger any more, but in its archive."""
        return self.place is not None and self.place.is_archived

    @property
    def ledger(self) -> str:
        """The identity of the ledger that holds the record; empty if it cannot be told here."""
        try:
            return str(self.place.reader.identity()["identity"]) if self.place and self.record else ""
        except (FifodError, LookupError):
            return ""

    @property
    def chain(self) -> list[records.Link]:
        """The heads around the draw's."""
        return records.neighbours(self.place) if self.place and self.record else []


def of(account: User, serial: int) -> Receipt:
    """The receipt of a draw that an account may read; raises Unknown and Unavailable."""
    found = receipt(serial)
    if not (account.has_perm(access.READ_ALL) or is_by(account, found.draw)):
        raise Unknown
    return found


def is_by(account: User, draw: Draw) -> bool:
    """Whether it is the account's own draw."""
    return draw.drawer == gateway.drawer(account)


def receipt(serial: int) -> Receipt:
    """The receipt of any draw; who may see it is the caller's business. Raises Unknown and Unavailable."""
    row = Draw.objects.filter(serial=serial).first()
    try:
        place = records.find(serial)
    except FifodError:
        place = None
        if row is None:
            raise Unavailable from None
    try:
        record = _intact(place) if place else None
        draw = _complete(unsaved_draw(record), row) if record else row
    except LedgerError:  # changed, or its body was erased: the check says so, the row tells what it was
        record, draw = None, row
    if draw is None:
        raise Unavailable if place else Unknown
    values, missing = _values(draw)
    return Receipt(draw, values, missing, place, record)


def opened(shown: Receipt, seed: str) -> Receipt:
    """A secret draw's receipt with its seed, which has been found right, and the values that follow from it."""
    draw = copy.copy(shown.draw)
    draw.seed = seed
    values, missing = _values(draw)
    return replace(shown, draw=draw, values=values, missing=missing)


def saved(shown: Receipt) -> str:
    """A receipt as `fifod-client show SERIAL --json` gives it, to be kept and verified. Raises Unavailable."""
    if shown.record is None:
        raise Unavailable
    head, body = shown.record.head_bytes.decode(), shown.record.body_bytes.decode()
    values = None if shown.values is None else _as_json(list(shown.values))
    seed = shown.draw.seed if shown.is_opened else None
    return json.dumps(receipt_of(head, body, values, seed), ensure_ascii=False, separators=(",", ":")) + "\n"


def _intact(place: records.Place) -> Record:
    record = place.line.record()
    if hashlib.sha256(record.body_bytes).hexdigest() != record.head.body:
        raise LedgerError("the body was changed")
    return record


def _complete(draw: Draw, row: Draw | None) -> Draw:
    """Add what came after the draw: its own record cannot know."""
    if row is not None:
        for name in ("undelivered", "undelivered_reason", "stream_length", "stream_sha256"):
            setattr(draw, name, getattr(row, name))
    return draw


def _values(draw: Draw) -> tuple[Sequence[Any] | None, str]:
    if draw.secret and not draw.seed:
        return None, _("A secret draw: its values were shown once, to the drawer, and are kept nowhere.")
    if draw.method == STREAM:
        return None, _("A stream of bytes: they went to the drawer as they were made, and are kept nowhere.")
    body = {"recipe": draw.recipe, "method": draw.method, "params": draw.params, "seed": draw.seed}
    try:
        return values_of(body, datetime.datetime.now(datetime.UTC).date()), ""
    except LedgerError as error:
        return None, _("The values cannot be computed from this record: %(reason)s.") % {"reason": error.message}


def _as_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value
