"""Tells a person what is going on: one line a step, with its time; a command's own words go to the set-up log."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from deploy.problem import FULL, Problem

KEPT_LINES = 40
# Where set-up commands write; not all of them say so when there is no room.
WRITTEN_TO = [".", ".venv", tempfile.gettempdir(), "/var/cache/apt", "/usr"]
NEXT_TO_NOTHING = 256 << 10


class Progress:
    """Steps of a set-up, each announced, run and timed."""

    def __init__(self, log: Path, quiet: bool = False) -> None:
        self.log = log
        self.quiet = quiet

    def say(self, text: str) -> None:
        """Print a line, at once."""
        if not self.quiet:
            print(text, flush=True)

    def run(self, step: str, command: list[str], env: dict[str, str] | None = None) -> None:
        """Run a command that belongs to a step; raise Problem with its last words if it fails."""
        self.say(f"  {step} ...")
        start = time.monotonic()
        status, lines = self._logged(command, env)
        if status != 0:
            raise Problem(f"{step} failed: {reason(lines, status)} (everything it said: {self.log})")
        self.say(f"      done in {time.monotonic() - start:.0f} s")

    def _logged(self, command: list[str], env: dict[str, str] | None) -> tuple[int, deque[str]]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        lines: deque[str] = deque(maxlen=KEPT_LINES)
        # sudo must stay in the terminal's session to ask for a password; all else gets a group that can be ended whole.
        own_session = command[0] != "sudo"
        with self.log.open("a", encoding="utf-8") as log:
            print(f"$ {' '.join(command)}", file=log, flush=True)
            child = subprocess.Popen(
                command,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=own_session,
            )
            assert child.stdout is not None
            try:
                for line in child.stdout:
                    log.write(line)
                    lines.append(line.strip())
                return child.wait(), lines
            except BaseException:
                if own_session:
                    os.killpg(child.pid, signal.SIGKILL)
                raise
            finally:
                child.stdout.close()
                child.wait()


def reason(lines: deque[str], status: int) -> str:
    """The line of a command that most likely says why it failed."""
    full = [*map(os.strerror, FULL), "disk is full"]
    if any(words in line for words in full for line in lines):
        return "the disk is full; free some space and start again"
    for folder in filter(os.path.isdir, WRITTEN_TO):
        if shutil.disk_usage(folder).free < NEXT_TO_NOTHING:
            return f"the disk is full: {folder} has no space left; free some and start again"
    errors = [line for line in lines if line.lower().startswith(("error", "e:", "fatal"))]
    last = errors[-1] if errors else next((line for line in reversed(lines) if line), "")
    return last or f"it ended with status {status} and said nothing"


def fail(program: str, text: str) -> int:
    """Print the one line of a problem; the exit status to end with."""
    print(f"{program}: {text}", file=sys.stderr, flush=True)
    return 1
