"""Receipts: one draw's record with its values, which anyone can check without the daemon."""

from __future__ import annotations

import datetime
import hashlib
import json
from decimal import Decimal
from typing import Any

from fifod import names
from fifod.errors import LedgerError
from fifod.ledger.record import DRAW, Head, parse_head, parse_record
from fifod.ledger.verifier import draw_of, is_hex64
from fifod.recipe import values

FORM = "fifod-receipt-1"


class Receipt:
    """A receipt that was found good; the properties say how far that goes."""

    def __init__(self, head: Head, hash_: str, body: dict[str, Any], has_values: bool) -> None:
        self.head = head
        self.hash = hash_
        self.body = body
        self.has_values = has_values

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


def verify_receipt(text: bytes, today: datetime.date) -> Receipt:
    """Check all that a receipt says; raises LedgerError that says what is wrong."""
    shown = _object(text)
    head_text, body_text = shown.get("head"), shown.get("body")
    if shown.get("receipt") != FORM or not isinstance(head_text, str) or not isinstance(body_text, str):
        raise LedgerError(f"this is no receipt of the form {FORM}")
    head = parse_head(head_text.encode())
    if head.kind != DRAW:
        raise LedgerError("the record is not of a draw")
    if hashlib.sha256(body_text.encode()).hexdigest() != head.body:
        raise LedgerError("the body was changed: it does not have the SHA-256 that the head says")
    record = parse_record(f"{head_text}\t{body_text}".encode())
    has_values = _check_values(record.body, shown, today)
    return Receipt(head, record.hash, record.body, has_values)


def _object(text: bytes) -> dict[str, Any]:
    try:
        shown = json.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        shown = None
    if not isinstance(shown, dict):
        raise LedgerError("this is neither a receipt nor a ledger: it is not a JSON object")
    return shown


def _check_values(body: dict[str, Any], shown: dict[str, Any], today: datetime.date) -> bool:
    """Whether there are values and all follow from the seed; raises LedgerError if one does not."""
    seed = draw_of(body, today)[1] or _opened(body, shown.get("seed"))
    data = shown.get("data")
    if data is None or body["method"] == names.STREAM:
        return False
    if seed is None:
        raise LedgerError("the values of this secret draw cannot be checked without its seed")
    right = values(body["method"], body["params"], bytes.fromhex(seed))
    if not isinstance(data, list) or len(data) != len(right):
        raise LedgerError(f"the receipt does not show the {len(right)} values of the draw")
    for number, (value, expected) in enumerate(zip(data, right, strict=True), 1):
        if not _same(value, expected):
            raise LedgerError(f"value {number} is {_shown(value)}, but the recipe gives {_shown(expected)}")
    return True


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
