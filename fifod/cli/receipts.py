"""`verify` for receipts: what they prove, their values, and the list that a draw was about."""

from __future__ import annotations

import datetime

from fifod import names
from fifod.cli import output
from fifod.errors import LedgerError
from fifod.ledger.receipt import NoReceipt, Receipt, verify_receipt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

SHOWN_VALUES = 20


def check(text: bytes, options: Namespace) -> int:
    """Check a receipt, and the list that it is about if that is given, and report."""
    try:
        receipt = verify_receipt(text, datetime.datetime.now(datetime.UTC).date())
        _check_expectations(receipt, dict(options.expect))
        items = _listed(receipt, options.list) if options.list is not None else None
    except NoReceipt as error:
        what = "standard input" if options.file == "-" else options.file
        raise LedgerError(f"cannot check {what}: it is no receipt and no ledger: {error.message}") from None
    except LedgerError as error:
        raise LedgerError(f"the receipt is not good: {error.message}") from None
    try:
        report = _receipt_text(receipt, items)
    except (LookupError, TypeError):
        raise LedgerError("the receipt is not good: its record is not as fifod writes them") from None
    output.emit(report)
    return 0


def _listed(receipt: Receipt, file: str) -> list[bytes]:
    """The items of the list that the draw was about; raises LedgerError if the file is another one."""
    from fifod.cli import lists

    recorded = receipt.body.get("input")
    if not isinstance(recorded, dict):
        raise LedgerError("its draw is not about a list")
    items = lists.items_of(lists.read(file))
    if (len(items), lists.digest(items)) != (recorded.get("count"), recorded.get("sha256")):
        raise LedgerError(
            f"{file} is not its list: it has {len(items)} items with SHA-256 {lists.digest(items)}, "
            f"the record says {recorded.get('count')} with {recorded.get('sha256')}"
        )
    return items


def _check_expectations(receipt: Receipt, expectations: dict[int, str]) -> None:
    for serial, digest in expectations.items():
        if (serial, digest) != (receipt.serial_number, receipt.hash):
            raise LedgerError(
                f"it is of draw {receipt.serial_number} with hash {receipt.hash}, not of {serial}:{digest}"
            )


def _receipt_text(receipt: Receipt, items: list[bytes] | None) -> str:
    body = receipt.body
    purpose = f", for: {body['purpose']}" if body.get("purpose") else ""
    lines = [f"good: draw {receipt.serial_number} of {body['drawer']}, {receipt.head.time}{purpose}"]
    if body.get("transport") == names.CLASSIC:
        lines.append(f"asked for by {names.classic_client(body.get('claimedPid'))}")
    if body.get("input"):
        which = "the list given is that list" if items is not None else "compare it with --list FILE"
        lines.append(f"about a list of {body['input']['count']} items, SHA-256 {body['input']['sha256']}: {which}")
    lines += _proven(receipt)
    if receipt.data is not None:
        lines += _values(receipt.data, items)
    if body.get("repeatable"):
        lines.append(
            "the draw is repeatable: others may have known the values beforehand, so it is no evidence of fairness"
        )
    lines.append(f"hash {receipt.hash}")
    lines.append(
        "that the record is in the ledger, and was at that time, shows only this hash, there or where it was noted"
    )
    return output.lines(map(output.plainly, lines))


def _proven(receipt: Receipt) -> list[str]:
    """What was checked beyond the record, and what was not."""
    body = receipt.body
    seed = "that seed" if receipt.is_opened else "the recorded seed"
    lines = ["its seed is the one of this secret draw: it has the SHA-256 in the record"] if receipt.is_opened else []
    if receipt.is_shown:
        lines.append(f"its values follow from {seed} and parameters by the recipe {body['recipe']}")
    elif receipt.data is not None:
        lines.append(f"it shows no values: these follow from {seed} and parameters by the recipe {body['recipe']}")
    else:
        lines.append("it shows no values to compare: the record alone was checked")
        if "seedHash" in body and not receipt.is_opened:
            lines.append('the draw is secret: with its seed in the receipt, as "seed", its values are checked too')
    return lines


def _values(data: list[Any], items: list[bytes] | None) -> list[str]:
    lines = [f"values: {len(data)}"]
    for value in data[:SHOWN_VALUES]:
        name = f"  {items[value - 1].decode(errors='replace')}" if items is not None else ""
        lines.append(f"  {output.readable(value)}{name}")
    if len(data) > SHOWN_VALUES:
        lines.append(f"  and {len(data) - SHOWN_VALUES} more")
    return lines
