"""A real daemon for tests: where it keeps what, and what its ledger holds."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from tests.programs import Program

Record = tuple[dict[str, Any], dict[str, Any], bytes]
"""A line of the ledger: head, body, and the bytes of the head."""


def reachable_directory() -> Path:
    """A fresh directory that every user can enter."""
    place = Path(tempfile.mkdtemp(prefix="fifod-test-"))
    place.chmod(0o755)
    return place


class Daemon(Program):
    """A daemon with its directories below `place`."""

    module = "fifod"

    def __init__(self, place: Path, config: str = "", **environment: str) -> None:
        self.place = place
        self.run, self.state = place / "run", place / "state"
        self.pid_file = self.run / "fifod.pid"
        self.ledger = self.state / "ledger"
        self.config = place / "fifod.toml"
        self.config.write_text(config)
        paths = {
            "FIFOD_RUNTIME_DIR": str(self.run),
            "FIFOD_STATE_DIR": str(self.state),
            "FIFOD_CONFIG": str(self.config),
        }
        super().__init__(paths | environment)

    def belong_to(self, uid: int) -> Self:
        """Run as an ordinary user, who must own `place`."""
        os.chown(self.place, uid, uid)
        return super().belong_to(uid)

    def segments(self) -> list[Path]:
        """The files of the ledger, oldest first."""
        return sorted(self.ledger.glob("*.jsonl"))

    def records(self) -> Iterator[Record]:
        """Every record, read without the ledger's own reader; the chain is checked on the way."""
        prev = "0" * 64
        for segment in self.segments():
            for line in segment.read_bytes().splitlines(keepends=True):
                assert line.endswith(b"\n"), f"a torn line: {line!r}"
                head_bytes, _, body_bytes = line[:-1].partition(b"\t")
                head = json.loads(head_bytes)
                assert head["prev"] == prev, f"the chain breaks at {head}"
                assert head["body"] == hashlib.sha256(body_bytes).hexdigest()
                prev = hashlib.sha256(head_bytes).hexdigest()
                yield head, json.loads(body_bytes), head_bytes

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of all records of a kind."""
        return [body for head, body, _ in self.records() if head["kind"] == kind]


def limited(kind: int, number: int) -> Callable[[], None]:
    """For Daemon.start: a resource limit that the daemon cannot raise again."""
    return lambda: resource.setrlimit(kind, (number, number))


def remove(place: Path) -> None:
    """Remove a test's directory."""
    shutil.rmtree(place, ignore_errors=True)
