"""The request FIFO as seen from its writing end: how full it is, and whether anybody reads it."""

from dataclasses import dataclass
from pathlib import Path

from fifod.client import FifodError, NotRunning, queued_bytes

CAPACITY = 65536
"""Bytes that a pipe holds on Linux unless somebody changed it, pipe(7)."""

RUNNING, STOPPED, ABSENT, CLOSED = "running", "stopped", "absent", "closed"


@dataclass(frozen=True)
class Queue:
    """`stopped`: the FIFO takes requests, which wait for a daemon; `absent`: it takes none."""

    daemon: str
    bytes: int

    def as_json(self) -> dict[str, object]:
        """What watchers are told."""
        return {"daemon": self.daemon, "bytes": self.bytes, "capacity": CAPACITY}


def look(runtime_dir: Path) -> Queue:
    """How it is at this moment."""
    try:
        waiting = queued_bytes(str(runtime_dir))
    except NotRunning:
        return Queue(ABSENT, 0)
    except FifodError:
        return Queue(CLOSED, 0)
    return Queue(RUNNING if (runtime_dir / "fifod.pid").exists() else STOPPED, waiting)
