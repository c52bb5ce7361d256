"""Everything that a draw's page shows, from the daemon and from the draw table."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from fifod.client import Reply
from fifod.errors import FifodError, NotFound, OutOfRange
from fifod.ledger.receipt import receipt_of
from fifod.ledger.record import parse_record
from webui import gateway
from webui.history.models import Draw
from webui.history.rows import unsaved_draw

_SHOWN_AT_ONCE = 200


class Unknown(Exception):
    """There is no such draw, or it is another's."""


class Unavailable(Exception):
    """Neither the daemon nor the draw table can tell about the draw at present."""


@dataclass(frozen=True)
class Receipt:
    """A draw with its values, or without them and with the reason."""

    draw: Draw
    values: list[Any] | None
    missing: str = ""

    @property
    def total(self) -> int | None:
        """The sum of the values, if they are numbers."""
        return sum(self.values) if self.values and all(type(value) is int for value in self.values) else None

    @property
    def mean(self) -> str | None:
        """The mean of the values, if they are numbers, to four decimal places."""
        if self.total is None or not self.values:
            return None
        return f"{Decimal(self.total) / len(self.values):z.4f}".rstrip("0").rstrip(".")

    @property
    def is_long(self) -> bool:
        """Whether the values are too many to stand on the page all at once."""
        return self.values is not None and len(self.values) > _SHOWN_AT_ONCE


def of(account: AbstractBaseUser, serial: int) -> Receipt:
    """The receipt of an account's own draw.

    The daemon is asked too: right after a draw the table may not hold it yet, and the values stand in no record. Whose
    draw it is must be checked here, since the site's own uid may be an auditor, whom the daemon shows everybody's.
    """
    drawer = gateway.drawer(account)
    row = Draw.objects.of_drawer(drawer).filter(serial=serial).first()
    try:
        reply = gateway.result(account, serial)
    except (NotFound, OutOfRange) as error:
        return _from_row(row, Unknown(), _secret_or_gone(row, error))
    except FifodError:
        return _from_row(row, Unavailable(), "The values cannot be shown now: the draw service is not answering.")
    draw = row or _draw_of(reply)
    if draw.drawer != drawer:
        raise Unknown
    return Receipt(draw, _values(reply))


def saved(account: AbstractBaseUser, serial: int) -> str:
    """The receipt of an account's own draw as `fifod-client show SERIAL --json` gives it, to be kept and verified."""
    try:
        shown = _shown(account, serial)
    except (NotFound, OutOfRange):
        raise Unknown from None
    except FifodError:
        raise Unavailable from None
    if not shown["body"] or json.loads(shown["body"]).get("drawer") != gateway.drawer(account):
        raise Unknown
    receipt = receipt_of(shown["head"], shown["body"], shown.get("random", {}).get("data"), None)
    return json.dumps(receipt, ensure_ascii=False, separators=(",", ":")) + "\n"


def _shown(account: AbstractBaseUser, serial: int) -> dict[str, Any]:
    """Head, body and values; the daemon keeps no values of a secret draw, but lists its record."""
    try:
        return gateway.result(account, serial).result
    except NotFound:
        entry = gateway.listed(account, serial)
        if entry is None:
            raise
        return entry


def _from_row(row: Draw | None, otherwise: Exception, missing: str) -> Receipt:
    if row is None:
        raise otherwise
    return Receipt(row, None, missing)


def _secret_or_gone(row: Draw | None, error: FifodError) -> str:
    if row is not None and row.secret:
        return "A secret draw: its values were shown once, to the drawer, and are kept nowhere."
    if error.data and len(error.data) > 1:  # the daemon tells from which draw on it still has some
        return "This draw was archived: its record stands here, its values are with whoever runs this site."
    return "The draw service no longer has this draw. Please tell whoever runs this site."


def _draw_of(reply: Reply) -> Draw:
    line = f"{reply.result['head']}\t{reply.result['body']}"
    return unsaved_draw(parse_record(line.encode()))


def _values(reply: Reply) -> list[Any] | None:
    values: list[Any] | None = reply.result.get("random", {}).get("data")
    return values
