"""The newest draw as the daemon notes it beside its ledger, in the file `head`: a ledger that lost its end lacks it."""

from __future__ import annotations

import os
from typing import NamedTuple

from fifod.errors import LedgerError
from fifod.ledger.chain import Expectations, Findings
from fifod.ledger.reader import LedgerReader
from fifod.ledger.verifier import Progress, is_hex64, verify


class Noted(NamedTuple):
    """A draw's serial number and its hash."""

    serial: int
    hash: str


def verify_with_note(
    reader: LedgerReader,
    expectations: Expectations | None = None,
    progress: Progress = lambda size: None,
    *,
    recompute: bool = False,
) -> Findings:
    """Check a whole ledger, and that it holds the draw that the daemon noted beside it."""
    # The note comes first: the daemon writes on meanwhile, and what it notes is in the ledger by then.
    noted = noted_beside(reader.directory)
    findings = verify(reader, expectations, progress, recompute=recompute)
    if noted is not None and not _holds(reader, noted):
        findings.add(
            _path(reader.directory),
            f"the daemon noted draw {noted.serial} with hash {noted.hash}, which the ledger no longer holds: "
            "its newest records were removed or changed",
        )
    return findings


def noted_beside(directory: str) -> Noted | None:
    """The newest draw that the daemon noted beside the ledger; None if it noted none or the note cannot be read."""
    if os.path.basename(os.path.abspath(directory)) != "ledger":
        return None  # the archive lies beside that note too, which is not about it
    try:
        with open(_path(directory), encoding="ascii", errors="replace") as file:
            serial, _, digest = file.read(200).strip().partition(":")
    except OSError:
        return None
    return Noted(int(serial), digest) if serial.isdecimal() and int(serial) and is_hex64(digest) else None


def _path(directory: str) -> str:
    return os.path.join(os.path.dirname(os.path.abspath(directory)), "head")


def _holds(reader: LedgerReader, noted: Noted) -> bool:
    try:
        line = reader.find_line(noted.serial)
        return line is not None and line.record().hash == noted.hash
    except LedgerError:
        return False
