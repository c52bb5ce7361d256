"""One program that the trial keeps running: its process, its output and when it may start again."""

import os
import shutil
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
STEADY_AFTER = 30.0
KEPT_LINES = 20


@dataclass
class Program:
    """A program and the state of its present process."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    pass_fds: tuple[int, ...] = ()
    never_restart: tuple[int, ...] = ()
    is_optional: bool = False
    ready: bool = False
    deaths: int = 0
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    process: subprocess.Popen[bytes] | None = None
    restart_at: float | None = None
    wanted: bool = True
    start_after_stop: bool = False
    is_forgiven: bool = False
    kill_at: float | None = None
    since: float = 0.0
    restarts: int = 0
    last_exit: str = ""
    says: str = ""
    _started: float = 0.0
    _pause: float = FIRST_PAUSE

    def start(self) -> int:
        """Start a process of it; the descriptor that its output comes from.

        It leads a process group of its own, so that Ctrl-C reaches the trial alone. If the trial is killed, so is it.
        """
        tether = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        out, into = os.pipe()
        try:
            self.process = subprocess.Popen(
                [*tether, *self.command],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=into,
                stderr=into,
                pass_fds=self.pass_fds,
                start_new_session=True,
            )
        finally:
            os.close(into)
        os.set_blocking(out, False)
        self._started, self.since = time.monotonic(), time.time()
        self.restart_at, self.kill_at, self.ready, self.start_after_stop = None, None, False, False
        self.says = ""
        self.last_lines.clear()
        return out

    def died(self) -> str:
        """Take note of the end of its process, plan the next one; what ended it, in words."""
        assert self.process is not None
        status = self.process.wait()
        self.last_exit = in_words(status)
        self.process, self.ready, self.kill_at, self.since = None, False, None, time.time()
        self.says = ""
        if not self.wanted:
            return self.last_exit
        self.deaths += 1
        if time.monotonic() - self._started > STEADY_AFTER:
            self._pause = FIRST_PAUSE
        if status not in self.never_restart:
            self.restart_at = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return self.last_exit

    def ask_to_stop(self, grace: float) -> None:
        """Send it SIGTERM, and remember when it will have had its time."""
        self.wanted, self.restart_at = False, None
        if self.process is not None and self.kill_at is None:
            self.send(signal.SIGTERM)
            self.kill_at, self.since = time.monotonic() + grace, time.time()

    @property
    def condition(self) -> str:
        """How it is, in a word."""
        if self.process is None:
            return "stopped" if not self.wanted else "failed" if self.restart_at is None else "starting"
        if self.kill_at is not None:
            return "stopping"
        return "running" if self.ready or "NOTIFY_SOCKET" not in self.env else "starting"

    @property
    def due(self) -> float | None:
        """The time of day when it is killed, if it is stopping."""
        return None if self.kill_at is None else time.time() + self.kill_at - time.monotonic()

    @property
    def pause(self) -> float:
        """Seconds until it starts again."""
        return max(0.0, (self.restart_at or 0.0) - time.monotonic())

    def send(self, number: int) -> None:
        """Send a signal to its process and all that came from it."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                pass


def in_words(status: int) -> str:
    """What ended a process."""
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"
