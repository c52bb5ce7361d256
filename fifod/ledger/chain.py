"""Chains: heads that name each other's hashes, followed one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fifod.errors import LedgerError
from fifod.ledger.archive import ArchivedPart
from fifod.ledger.record import DRAW, LEDGER, NO_HASH, Head, parse_head

Expectations = Mapping[int, str]
"""Hashes that somebody noted, by the draws' serial numbers."""

_KEPT = 1000


class Fault(NamedTuple):
    """Something that is not as it was written, and where."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Findings:
    """What a check found."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.fault_count = 0
        self.records = 0
        self.draws = 0
        self.erased = 0
        self.torn = 0
        self.first_serial: int | None = None
        self.last_serial: int | None = None
        self.hash = NO_HASH
        self.archived: ArchivedPart | None = None

    def add(self, place: str, reason: str) -> None:
        """Note a fault; of very many only the first are kept."""
        self.fault_count += 1
        if len(self.faults) < _KEPT:
            self.faults.append(Fault(place, reason))

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.fault_count


def verify_heads(
    heads: Iterable[str], expectations: Expectations | None = None, *, whole: bool = False, archived: int = 0
) -> Findings:
    """Check heads that follow each other, oldest first, as getChain gives them.

    A `whole` chain must begin with a ledger's first record, unless the draws up to the one `archived` are not in it.
    """
    chain = Chain(expectations or {})
    if archived:
        chain.findings.archived = ArchivedPart(archived, "")
    for number, text in enumerate(heads, 1):
        encoded = text.encode()
        try:
            head = parse_head(encoded)
        except LedgerError as error:
            chain.findings.add(f"head {number}", error.message)
            continue
        if whole and number == 1 and head.kind != LEDGER and not archived:
            chain.findings.add("head 1", "the ledger does not begin here: what stood before it is missing")
        chain.follow(f"head {number}", head, hashlib.sha256(encoded).hexdigest())
    chain.finish()
    return chain.findings


class Chain:
    """Follows heads one by one and notes where one does not follow from the one before."""

    def __init__(self, expectations: Expectations) -> None:
        self.findings = Findings()
        self._expectations = dict(expectations)
        self._previous = ""
        self._previous_place = ""
        self._missing: list[tuple[int, int, str]] = []

    def follow(self, place: str, head: Head, digest: str) -> None:
        """Take the next head."""
        findings = self.findings
        findings.records += 1
        misplaced = head.kind == DRAW and head.serial is not None and self._count(place, head.serial, digest)
        if self._previous and head.prev != self._previous and not misplaced:
            findings.add(
                place,
                f"it does not follow the record before it ({self._previous_place}): "
                "one of the two heads was changed, or records between them were removed",
            )
        self._previous, self._previous_place = digest, place
        findings.hash = digest

    def _count(self, place: str, serial: int, digest: str) -> bool:
        """Take a serial number; whether that alone shows that the record is out of its place."""
        findings = self.findings
        findings.draws += 1
        if (expected := self._expectations.pop(serial, None)) not in (None, digest):
            findings.add(place, f"the hash of draw {serial} is {digest}, not {expected} as noted: it was written anew")
        last = findings.last_serial
        if last is None:
            findings.first_serial = findings.last_serial = serial
            return False
        if serial <= last:
            findings.add(place, self._return_of(serial))
            return True
        if serial > last + 1:
            self._missing.append((last + 1, serial - 1, place))
        findings.last_serial = serial
        return serial > last + 1

    def _return_of(self, serial: int) -> str:
        for at, (first, last, place) in enumerate(self._missing):
            if first <= serial <= last:
                parts = [(first, serial - 1, place), (serial + 1, last, place)]
                self._missing[at : at + 1] = [part for part in parts if part[0] <= part[1]]
                return f"draw {serial} is out of its place: it belongs before {place}"
        return f"draw {serial} stands here a second time"

    def finish(self) -> None:
        """Name what did not come."""
        for first, last, place in self._missing:
            which = f"draw {first} is" if first == last else f"draws {first} to {last} are"
            self.findings.add(place, f"{which} missing before it")
        archived = self.findings.archived.last if self.findings.archived else 0
        for serial in self._expectations:
            where = "it was archived: look for it there" if serial <= archived else "it is not here"
            self.findings.add(f"draw {serial}", f"it was noted, but {where}")
