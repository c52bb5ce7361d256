"""Receipts: one draw's record with its values, which anyone can check without the daemon."""

from __future__ import annotations

import datetime
import hashlib
import json
from decimal import Decimal
from typing import Any

from fifod import names
from fifod.errors import LedgerError
from fifod.ledger.record import DRAW, Record, parse_head, parse_record
from fifod.ledger.verifier import draw_of, is_hex64
from fifod.recipe import values

FORM = "fifod-receipt-1"


class NoReceipt(LedgerError):
    """The text is something else than a receipt."""


class Receipt:
    """A receipt that was found good; the properties say how far that goes."""

    def __init__(self, record: Record, data: list[Any] | None, *, is_shown: bool, is_opened: bool) -> None:
        self.head = record.head
        self.hash = record.hash
        self.body = record.body
        self.data = data
        """The values that the receipt shows, or else those that follow from the seed beside a secret record."""
        self.is_shown = is_shown
        """Whether the receipt itself shows the values."""
        self.is_opened = is_opened
        """Whether it brings the seed of a secret draw, and that has the SHA-256 in the record."""

    @property
    def serial_number(self) -> int:
        """The draw's number in its ledger."""
        return self.head.serial or 0


def receipt_of(head: str, body: str, data: list[Any] | None, seed: str | None) -> dict[str, Any]:
    """A receipt; `data` is None for a stream, and `seed` is given only where the record does not hold it."""
    receipt: dict[str, Any] = {"receipt": FORM, "head": head, "body": body}
    if data is not None:
        receipt["data"] = data
    if seed is not None:
        receipt["seed"] = seed
    return receipt


def values_of(body: dict[str, Any], today: datetime.date) -> list[Any] | None:
    """The values of a draw, computed from its body; None if it is secret or a stream. Raises LedgerError.

    Fractions are decimal.Decimal, so that they compare exactly.
    """
    seed = draw_of(body, today)[1]
    if seed is None or body["method"] == names.STREAM:
        return None
    return values(body["method"], body["params"], bytes.fromhex(seed))


def verify_receipt(text: bytes, today: datetime.date) -> Receipt:
    """Check all that a receipt says; raises LedgerError that says what is wrong."""
    try:
        shown = _object(text, "it")
    except LedgerError as error:
        raise error if text.lstrip().startswith(b'{"receipt":') else NoReceipt(error.message) from None
    head_text, body_text = shown.get("head"), shown.get("body")
    if shown.get("receipt") != FORM or not isinstance(head_text, str) or not isinstance(body_text, str):
        raise NoReceipt(f"it has not the form {FORM}")
    head_bytes, body_bytes = _encoded(head_text), _encoded(body_text)
    # For another reader the last of two equal names may count, for this one the first.
    _object(head_bytes, "the head")
    head = parse_head(head_bytes)
    if head.kind != DRAW:
        raise LedgerError("the record is not of a draw")
    if hashlib.sha256(body_bytes).hexdigest() != head.body:
        raise LedgerError("the body was changed: it does not have the SHA-256 that the head says")
    _object(body_bytes, "the body")
    record = parse_record(head_bytes + b"\t" + body_bytes)
    return _checked(record, shown, today)


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        shown = json.loads(text, parse_float=Decimal, object_pairs_hook=_once)
    except (ValueError, ArithmeticError, RecursionError):
        shown = None
    if not isinstance(shown, dict):
        raise LedgerError(f"{what} is not a JSON object")
    return shown


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise LedgerError("the record is not Unicode") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names_ = [name for name, _ in pairs]
        twice = next(name for name in names_ if names_.count(name) > 1)
        raise LedgerError(f"the name {_shown(twice)!r} stands twice in one object")
    return members


def _checked(record: Record, shown: dict[str, Any], today: datetime.date) -> Receipt:
    """The receipt with its values, if there are any; raises LedgerError if one does not follow from the seed."""
    body, given, data = record.body, shown.get("seed"), shown.get("data")
    recorded = draw_of(body, today)[1]
    seed = _same_seed(recorded, given) if recorded else _opened(body, given)
    if body["method"] == names.STREAM:
        if data is not None:
            raise LedgerError("it shows values, but the draw is a stream")
        return Receipt(record, None, is_shown=False, is_opened=recorded is None and seed is not None)
    if data is None and recorded:
        raise LedgerError("it shows no values, though the draw is not secret")
    if data is not None and seed is None:
        raise LedgerError("the values of this secret draw cannot be checked without its seed")
    right = values(body["method"], body["params"], bytes.fromhex(seed)) if seed else None
    if right is not None and data is not None:
        _compare(data, right)
    return Receipt(record, data or right, is_shown=data is not None, is_opened=recorded is None and seed is not None)


def _compare(data: object, right: list[Any]) -> None:
    if not isinstance(data, list) or len(data) != len(right):
        raise LedgerError(f"the receipt does not show the {len(right)} values of the draw")
    for number, (value, expected) in enumerate(zip(data, right, strict=True), 1):
        if not _same(value, expected):
            raise LedgerError(f"value {number} is {_shown(value)}, but the recipe gives {_shown(expected)}")


def _same_seed(recorded: str, given: object) -> str:
    if given is not None and given != recorded:
        raise LedgerError("the seed beside the record is not the one in it")
    return recorded


def _opened(body: dict[str, Any], seed: object) -> str | None:
    if seed is None:
        return None
    if not isinstance(seed, str) or not is_hex64(seed):
        raise LedgerError("the seed is not one of 64 hexadecimal digits")
    if hashlib.sha256(bytes.fromhex(seed)).hexdigest() != body["seedHash"]:
        raise LedgerError("the seed is not this draw's: it does not have the SHA-256 in the record")
    return seed


def _same(value: object, expected: object) -> bool:
    if isinstance(value, list) and isinstance(expected, list):
        return len(value) == len(expected) and all(map(_same, value, expected))
    return not isinstance(value, bool) and value == expected


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
