"""Ledgers made for tests, without a daemon, and what tests do to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fifod.ledger.chain import Findings
from fifod.ledger.reader import LedgerReader
from fifod.ledger.verifier import verify
from fifod.ledger.writer import Entry, LedgerWriter

DRAWS = 40
Lines = list[bytes]
SEED = bytes(range(32))


def body(number: int) -> dict[str, object]:
    params = {"n": number, "min": 1, "max": 6, "replacement": True, "base": 10}
    fixed = {"drawer": "unix:0", "uid": 0, "transport": "fifo", "recipe": "fifod-1", "seed": SEED.hex(), "received": ""}
    return {**fixed, "method": "generateIntegers", "params": params}


def begin(directory: Path, segment_bytes: int = 1 << 30) -> LedgerWriter:
    writer = LedgerWriter(str(directory), key_commitment="0" * 64, host="here")
    writer.configure(False, segment_bytes)
    return writer


def make_ledger(tmp_path: Path) -> Path:
    """A ledger of several segments with draws and records of other kinds."""
    directory = tmp_path / "ledger"
    directory.mkdir()
    writer = begin(directory, 6000)
    for number in range(1, DRAWS + 1):
        writer.append([Entry.of("draw", body(number))])
        if number % 10 == 0:
            writer.append([Entry.of("undelivered", {"draw": number, "reason": "the client left"})])
    writer.close()
    assert len(segments(directory)) > 3
    return directory


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.jsonl"))


def check(directory: Path, *expected: tuple[int, str], whole: bool = True, recompute: bool = False) -> Findings:
    return verify(LedgerReader(str(directory)), dict(expected), whole=whole, recompute=recompute)


def hashes(directory: Path) -> dict[int, str]:
    records = [record for record, _ in LedgerReader(str(directory)).records()]
    return {record.head.serial: record.hash for record in records if record.head.serial}


def edit(path: Path, change: Callable[[Lines], Lines]) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def told(findings: Findings) -> str:
    return "\n".join(map(str, findings.faults))
