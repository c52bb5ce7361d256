"""Where the words of the programs go: each into its log file and, with its name before it, to the terminal."""

import os
import sys
from pathlib import Path

from deploy.lines import Lines
from deploy.problem import explain
from deploy.program import Program

LONGEST_LINE = 4096
LARGEST_LOG = 10 << 20


class Output:
    """The terminal and the log files of one trial."""

    def __init__(self, folder: Path, quiet: bool) -> None:
        self.folder = folder
        self.quiet = quiet
        self.is_closed = False
        self.lines = Lines()
        self._rest: dict[str, bytes] = {}
        self._logs: dict[Path, int] = {}
        self._lost: set[Path] = set()

    def say(self, text: str) -> None:
        """Print a line of the trial's own, quiet or not; a terminal that is gone is only noted."""
        try:
            print(text, flush=True)
        except OSError:
            self.close()

    def tell(self, text: str) -> None:
        """Say what happened to a program, on the service page too."""
        self.lines.add("trial", text)
        self.say(text)

    def close(self) -> None:
        """Print no more: the terminal is gone."""
        self.is_closed = True
        # What stdout still holds would raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def log_of(self, name: str) -> Path:
        """The log file of a program, its predecessor put aside if it has grown large."""
        path = self.folder / f"{name}.log"
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        return path

    def take(self, program: Program, data: bytes) -> None:
        """Take output of a program; no data means its end."""
        self._append(program.log, data)
        *lines, rest = (self._rest.pop(program.name, b"") + data).split(b"\n")
        if rest and (not data or len(rest) > LONGEST_LINE):
            lines.append(rest)
        elif rest:
            self._rest[program.name] = rest
        for line in lines:
            self._show(program, line)

    def _show(self, program: Program, line: bytes) -> None:
        text = printable(line)
        if text:
            program.last_lines.append(text)
            self.lines.add(program.name, text)
        if not self.quiet and not self.is_closed:
            self.say(f"{program.name:>8} | {text}")

    def _append(self, path: Path, data: bytes) -> None:
        """Write to a log file; a full disk must not end the trial, so lost lines are said once."""
        try:
            if path not in self._logs:
                self._logs[path] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            os.write(self._logs[path], data)
            self._lost.discard(path)
        except OSError as error:
            if path not in self._lost:
                self._lost.add(path)
                self.say(f"{path.name} misses lines: {explain(error)}")


def printable(line: bytes) -> str:
    """A line as a terminal may have it: what would steer the terminal is shown, not done."""
    text = line.decode("utf-8", "backslashreplace").rstrip().replace("\t", "    ")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
