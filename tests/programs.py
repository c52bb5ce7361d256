"""A real program of fifod's for tests: started, watched from outside, and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Self

from tests.waiting import DEADLINE, readable


class Program:
    """A child process in a session of its own, which says by itself when it is ready."""

    module: ClassVar[str]
    loads_late: ClassVar[tuple[str, ...]] = ()
    """Modules that it loads when it already is another user."""
    pid_file: Path

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = {**os.environ, **environment}
        self.program: tuple[str, ...] = ("-m", self.module)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = ""
        self._logged = threading.Condition()

    def __enter__(self) -> Self:
        return self if self._process else self.start()

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if kind is not None:
            print(f"--- the log of {self.module} ---\n{self.log}", file=sys.stderr)
        self.end()

    def start(
        self,
        *,
        prefix: tuple[str, ...] = (),
        prepare: Callable[[], None] | None = None,
        arguments: tuple[str, ...] = (),
    ) -> Self:
        """Start it and wait until it says that it is ready."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            address = f"\0fifod-test-{os.urandom(8).hex()}"
            notifications.bind(address)
            notifications.settimeout(DEADLINE)
            self.spawn(prefix, prepare, arguments, {"NOTIFY_SOCKET": "@" + address[1:]})
            self._wait_for_ready(notifications)
        return self

    def belong_to(self, uid: int) -> Self:
        """Run as an ordinary user. Root starts it: not everybody can reach every Python."""
        loaded = ("encodings.ascii", "locale", "os", "shutil", "sys", *self.loads_late)
        become = f"os.setgroups([]); os.setresgid({uid}, {uid}, {uid}); os.setresuid({uid}, {uid}, {uid})"
        self.program = (
            "-c",
            f"import {', '.join(loaded)}; from {self.module}.__main__ import main; {become}; sys.exit(main())",
        )
        # It could not write its coverage into the checkout, and would say so in its log.
        self.environment = {name: value for name, value in self.environment.items() if "COVERAGE" not in name}
        return self

    def spawn(
        self,
        prefix: tuple[str, ...] = (),
        prepare: Callable[[], None] | None = None,
        arguments: tuple[str, ...] = (),
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Start it without waiting for anything."""
        self._log = ""
        self._process = subprocess.Popen(
            [*prefix, sys.executable, *self.program, *arguments],
            env={**self.environment, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=prepare,
            cwd=Path(__file__).parent.parent,
        )
        self._reader = threading.Thread(target=self._read_log, args=(self._process,))
        self._reader.start()

    def _read_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        with process.stdout as stream:
            for line in stream:
                with self._logged:
                    self._log += line.decode(errors="replace")
                    self._logged.notify_all()
        process.wait()
        with self._logged:
            self._logged.notify_all()

    def _wait_for_ready(self, notifications: socket.socket) -> None:
        # One that ends instead sends nothing, so its end is turned into a message too.
        assert self._process
        descriptor = os.pidfd_open(self._process.pid)
        try:
            ready = readable(notifications.fileno(), descriptor)
            if notifications.fileno() in ready and b"READY=1" in notifications.recv(4096):
                return
        finally:
            os.close(descriptor)
        self.end()
        raise AssertionError(f"{self.module} did not get ready:\n{self.log}")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process, f"{self.module} was not started"
        return self._process

    @property
    def pid(self) -> int:
        """Its process number, also behind strace."""
        return int(self.pid_file.read_text())

    @property
    def log(self) -> str:
        """What it has logged so far."""
        with self._logged:
            return self._log

    def wait_for_log(self, text: str) -> None:
        """Wait until it has logged a text."""
        with self._logged:
            found = self._logged.wait_for(lambda: text in self._log, DEADLINE)
            assert found, f"not logged: {text!r}, but\n{self._log}"

    def tell(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def wait(self) -> int:
        """Wait for its end; returns the exit status."""
        status = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return status

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop and wait; returns the exit status."""
        self.tell(number)
        return self.wait()

    def kill(self) -> None:
        """End it like a power failure."""
        self.process.kill()
        self.wait()

    def end(self) -> None:
        """End it and what belongs to it, whatever state it is in."""
        if self._process is None:
            return
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.wait()

    # --- what can be seen from outside ---

    def descriptors(self) -> int:
        """How many descriptors it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self) -> int:
        """Its resident memory in KiB."""
        return int(self._status_line("VmRSS").split()[0])

    def cpu_ticks(self) -> int:
        """Clock ticks of processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def _status_line(self, name: str) -> str:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(line.partition(":")[2] for line in lines if line.startswith(name + ":"))
