"""The trial's fourth program, the classic bridge: for the C exercise's clients, and only where it is asked for."""

import os
import shlex
from pathlib import Path

from deploy.problem import Problem
from deploy.program import Program

WISH = "FIFOD_CLASSIC"
FIFOS = ("FIFOD_CLASSIC_FIFO1", "FIFOD_CLASSIC_FIFO2")
# FIFOs that are not its own, or that another bridge serves: to be said, and no reason to end the trial.
GIVES_UP = (3, 75)

SERVES = "The C exercise's clients:      use: client {pid}"
SERVES_NOT = "The C exercise's clients are not served, as the classic bridge does not run: {reason}"
TO_TRY = "\n  fifod-client classic 5 --trace"


def is_wanted() -> bool:
    """Whether who starts the trial wants a bridge; raises Problem if he says neither yes nor no."""
    told = os.environ.get(WISH, "")
    if told not in ("", "0", "1"):
        raise Problem(f"{WISH} is {told!r}: 1 starts the classic bridge too; 0, or nothing, does not")
    return told == "1"


def environment(run: Path) -> dict[str, str]:
    """What the bridge and its client must both be told: where its PID is, and which FIFOs to use, if any were named."""
    named = {name: os.path.abspath(os.environ[name]) for name in FIFOS if os.environ.get(name)}
    return {"FIFOD_CLASSIC_DIR": str(run)} | named


def has_begun(bridge: Program) -> bool:
    """Whether it is known if the bridge serves."""
    return bridge.ready or bridge.deaths > 0


def how_it_is(bridge: Program) -> str:
    """The line for a person who wants to start a client."""
    if bridge.ready and bridge.process is not None:
        return SERVES.format(pid=bridge.process.pid)
    last = next(reversed(bridge.last_lines), bridge.last_exit)
    return SERVES_NOT.format(reason=last if bridge.deaths else "it did not say that it is ready")


def exports(run: Path) -> str:
    """The same for a shell."""
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in environment(run).items())
