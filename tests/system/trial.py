"""A trial as a person runs it: a real `./deploy/try`, what it prints, and what it leaves behind."""

import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path

READY = "Ctrl-C stops everything."
DEADLINE = 60.0


class Trial:
    """One process of `./deploy/try` and its output so far."""

    def __init__(
        self,
        checkout: Path,
        *arguments: str,
        terminal: int | None = None,
        command: list[str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.checkout = checkout
        self.printed = ""
        self._out, into = os.pipe()
        os.set_blocking(self._out, False)
        self.process = subprocess.Popen(
            [*(command or ["./deploy/try"]), *(arguments or ("--port", "0"))],
            cwd=checkout,
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=into,
            stderr=into,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
        os.close(into)

    def wait_for(self, text: str, deadline: float = DEADLINE) -> None:
        """Read on until the text was printed; fail when it cannot come any more or took too long."""
        end = time.monotonic() + deadline
        while text not in self.printed:
            assert time.monotonic() < end, f"{text!r} did not come within {deadline} s:\n{self.printed}"
            assert self._read(end - time.monotonic()), f"it ended without {text!r}:\n{self.printed}"

    def wait(self, deadline: float = DEADLINE) -> int:
        """Read on until it ends; its exit status."""
        end = time.monotonic() + deadline
        while self._read(end - time.monotonic()):
            assert time.monotonic() < end, f"it did not end within {deadline} s:\n{self.printed}"
        return self.process.wait(max(0.1, end - time.monotonic()))

    def _read(self, timeout: float) -> bool:
        if not select.select([self._out], [], [], max(0.0, timeout))[0]:
            return True
        data = os.read(self._out, 65536)
        self.printed += data.decode()
        return bool(data)

    def forget(self) -> None:
        """Drop what was printed, so that wait_for waits for something new."""
        self.printed = ""

    @property
    def port(self) -> int:
        """The port of the web site."""
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.printed)
        assert found, self.printed
        return int(found[1])

    @property
    def password(self) -> str:
        """The password of the login."""
        found = re.search(r"password (\S+)", self.printed)
        assert found, self.printed
        return found[1]

    @property
    def export(self) -> str:
        """The line that tells another terminal where fifod is."""
        [export] = [line for line in self._indented if line.startswith("export ")]
        return export

    @property
    def commands(self) -> list[str]:
        """The commands to try, each after the line that makes it work."""
        return [f"{self.export}; {line}" for line in self._indented if line.startswith(("fifod-client ", "printf "))]

    @property
    def _indented(self) -> list[str]:
        return [line.strip() for line in self.printed.splitlines() if line.startswith("  ")]

    def shell(self, command: str) -> list[str]:
        """Run a command line as a person would, somewhere else than in the checkout; the lines it prints."""
        done = subprocess.run(
            ["sh", "-c", command], cwd="/", capture_output=True, text=True, timeout=DEADLINE, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def processes(self) -> dict[int, str]:
        """The processes that the trial's programs run in, with their command lines."""
        return self.processes_in(self.checkout)

    @staticmethod
    def processes_in(checkout: Path) -> dict[int, str]:
        """The same for any trial in a checkout: all processes that carry its folder in their environment."""
        mark = f"FIFOD_RUNTIME_DIR={checkout}/var/run".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdecimal() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                pass  # it ended, or is none of ours
        return found

    def process_of(self, words: str) -> int:
        """The process whose command line has these words."""
        [pid] = [pid for pid, command in self.processes().items() if words in command]
        return pid

    def stop_reading(self) -> None:
        """Close the reading end of its output."""
        os.close(self._out)
        self._out = os.open(os.devnull, os.O_RDONLY)

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self._out)


def wait_until_gone(pids: list[int], deadline: float = DEADLINE) -> None:
    """Wait for the end of processes that are not our children."""
    end = time.monotonic() + deadline
    for pid in pids:
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            assert select.select([watch], [], [], max(0.0, end - time.monotonic()))[0], f"process {pid} still runs"
        finally:
            os.close(watch)
