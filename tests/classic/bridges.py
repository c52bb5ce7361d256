"""A real bridge for tests: started, watched from outside, and ended."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Self

from tests.daemons import Daemon
from tests.programs import Program
from tests.waiting import pace, until

Step = dict[str, Any]
"""A line of the trace."""


class Bridge(Program):
    """A bridge to a daemon, with its two FIFOs and its runtime directory below `place`."""

    module = "fifod.classic"
    loads_late = ("fifod.classic.command",)

    def __init__(self, daemon: Daemon, place: Path | None = None, **environment: str) -> None:
        self.place = place or daemon.place / "classic"
        self.place.mkdir(exist_ok=True)
        self.run = self.place / "run"
        self.run.mkdir(exist_ok=True)
        self.questions, self.answers = self.place / "fifo1", self.place / "fifo2"
        self.pid_file, self.trace_file = self.run / "classic.pid", self.run / "classic.trace"
        self.paths = {
            "FIFOD_CLASSIC_FIFO1": str(self.questions),
            "FIFOD_CLASSIC_FIFO2": str(self.answers),
            "FIFOD_CLASSIC_DIR": str(self.run),
            "FIFOD_RUNTIME_DIR": str(daemon.run),
        }
        super().__init__(self.paths | environment)

    def belong_to(self, uid: int) -> Self:
        """Run as an ordinary user, who must be able to enter `place`."""
        for directory in (self.place, self.run):
            os.chown(directory, uid, uid)
        return super().belong_to(uid)

    @property
    def client_environment(self) -> dict[str, str]:
        """The environment of clients that are to ask this bridge."""
        return {**os.environ, **self.paths}

    def trace(self) -> list[Step]:
        """Every step that it has published and still keeps, oldest first."""
        before, now = self.trace_file.with_name("classic.trace.1"), self.trace_file
        data = b"".join(path.read_bytes() for path in (before, now) if path.exists())
        # The last line may be about to be written.
        return [json.loads(line) for line in data.splitlines(keepends=True) if line.endswith(b"\n")]

    def steps(self, name: str, **members: object) -> list[Step]:
        """The steps of that name that have these members."""
        return [step for step in self.trace() if {**step, "step": name, **members} == step]

    def wait_for_step(self, name: str, count: int = 1, **members: object) -> Step:
        """Wait until so many such steps were published; returns the newest."""
        found: list[Step] = []

        def have_come() -> bool:
            found[:] = self.steps(name, **members)
            if len(found) < count:
                pace(0.005)
            return len(found) >= count

        until(have_come, f"there are {count} steps {name!r} with {members} in {self.trace_file}")
        return found[-1]
