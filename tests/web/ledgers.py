"""Ledgers made by hand for tests of the recorder: as long as they must be, without drawing anything."""

import hashlib
import json
from pathlib import Path
from typing import Any

SEED = "5e" * 32


class Ledger:
    """Writes records in the format that DESIGN fixes, independently of fifod's own writer."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.serial = 0
        self.prev = "0" * 64
        self.hashes: dict[int, str] = {}
        self._file = directory / f"{1:020d}.jsonl"
        self.add("ledger", {"identity": "1d" * 32, "host": "here", "keyCommitment": "c0" * 32, "version": "fifod 1"})

    def draw(self, drawer: str = "unix:1000", **members: Any) -> int:
        """One draw; returns its serial number."""
        self.draws(1, drawer, **members)
        return self.serial

    def draws(self, count: int, drawer: str = "unix:1000", **members: Any) -> None:
        """Many draws at once."""
        body = {
            "drawer": drawer,
            "uid": 1000,
            "transport": "fifo",
            "method": "generateIntegers",
            "params": {"n": 5, "min": 1, "max": 100, "replacement": True, "base": 10},
            "recipe": "fifod-1",
            "seed": SEED,
            "received": "2026-11-23T07:59:59.999000Z",
            **members,
        }
        lines = []
        for _ in range(count):
            self.serial += 1
            lines.append(self._line("draw", body, self.serial))
            self.hashes[self.serial] = self.prev
        self._append(b"".join(lines))

    def add(self, kind: str, body: dict[str, Any]) -> None:
        """A record of another kind."""
        self._append(self._line(kind, body, None))

    def rotate(self) -> None:
        """Go on in a new segment."""
        previous = self._file.name
        self._file = self.directory / f"{self.serial + 1:020d}.jsonl"
        self.add("segment", {"identity": "1d" * 32, "previous": previous})

    def tear(self, rest: bytes = b'{"v":1,"kind":"dr') -> None:
        """Leave the beginning of a line without its end, as a crash does."""
        self._append(rest)

    def mend(self, length: int = 17) -> None:
        """Cut off what `tear` left."""
        data = self._file.read_bytes()
        self._file.write_bytes(data[:-length])

    def _line(self, kind: str, body: dict[str, Any], serial: int | None) -> bytes:
        body_bytes = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        number = {} if serial is None else {"serial": serial}
        seconds, micros = divmod(self.serial, 1_000_000)
        time = f"2026-11-23T08:{seconds // 60:02d}:{seconds % 60:02d}.{micros:06d}Z"
        digest = hashlib.sha256(body_bytes).hexdigest()
        head = {"v": 1, "kind": kind, **number, "time": time, "body": digest, "prev": self.prev}
        head_bytes = json.dumps(head, separators=(",", ":")).encode()
        self.prev = hashlib.sha256(head_bytes).hexdigest()
        return head_bytes + b"\t" + body_bytes + b"\n"

    def _append(self, data: bytes) -> None:
        with self._file.open("ab") as file:
            file.write(data)
