"""Ledgers that are archived in tests, and what is left of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from fifod.ledger.chain import Findings
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import NOTE
from fifod.ledger.verifier import verify
from tests.unit.ledgers import segments
from tests.unit.services import Office

DRAWS, SIZE, KEPT = 40, 1500, 10
ROOT = 0


def make_office(place: Path) -> Office:
    """A service with a ledger of many small files."""
    office = Office(place / "ledger")
    small(office)
    for number in range(DRAWS):
        office.draw(purpose=f"draw {number + 1}")
    assert len(segments(office.directory)) > 8
    return office


def small(office: Office) -> None:
    """Let the next files be small too, after a start."""
    office.writer.configure(False, SIZE)


def archive(office: Office, keep: int = KEPT, **members: Any) -> dict[str, Any]:
    """Archive as root."""
    return office.result("archiveLedger", {"keep": keep}, uid=ROOT, **members)


def refusal(office: Office, keep: int = KEPT, **members: Any) -> str:
    """Code and message of the error that a request to archive must get."""
    error = office.answer("archiveLedger", {"keep": keep}, **{"uid": ROOT, **members})["error"]
    return f"{error['code']} {error['message']}"


def archived(office: Office) -> list[Path]:
    return segments(office.directory.parent / "archive")


def check(directory: Path, expect: dict[int, str] | None = None) -> Findings:
    return verify(LedgerReader(str(directory)), expect)


def told(directory: Path, expect: dict[int, str] | None = None) -> str:
    return "\n".join(map(str, check(directory, expect).faults))


def together(office: Office, place: Path) -> Path:
    """The archive and the ledger in one folder."""
    place.mkdir()
    for path in [*archived(office), *segments(office.directory)]:
        shutil.copy(path, place)
    return place


def notes(office: Office) -> list[dict[str, Any]]:
    return [record.body for record, _ in office.reader.records() if record.head.kind == NOTE]


def hashes(directory: Path) -> dict[int, str]:
    return {record.head.serial or 0: record.hash for record, _ in LedgerReader(str(directory)).records()}
