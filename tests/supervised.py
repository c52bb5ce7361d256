"""A real supervisor, as a trial has it, that keeps stand-ins for the daemon and the recorder running."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.output import Output
from deploy.program import Program
from deploy.supervisor import Supervisor
from tests.waiting import DEADLINE, pace, until

NOTIFY = """
import os, socket
def notify(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), "\\0" + os.environ["NOTIFY_SOCKET"][1:])
"""
# Says that it is ready, then waits for signals; told so, it does not go when it is asked to.
STAND_IN = """
import signal, sys
signal.signal(signal.SIGHUP, lambda *_: print("reads its configuration", flush=True))
if sys.argv[1:] == ["stays"]:
    signal.signal(signal.SIGTERM, lambda *_: print("stays", flush=True))
print("begins", flush=True)
notify("READY=1\\nSTATUS=standing in")
while True:
    signal.pause()
"""


class Supervised:
    """The supervisor in a thread of its own."""

    def __init__(self, folder: Path, *, seconds: float = 2 * DEADLINE, end_by: signal.Signals = signal.SIGKILL) -> None:
        self.folder = folder
        self._seconds = seconds
        self._end_by = end_by
        self.supervisor = Supervisor(Output(folder, quiet=True))
        self.supervisor.output.say = lambda text: None  # type: ignore[method-assign]
        self.address = self.supervisor.control.address
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self, name: str, *arguments: str, code: str = STAND_IN) -> Program:
        """A program, before the supervisor runs."""
        return self.keep(name, ["-c", NOTIFY + code, *arguments], os.environ)

    def keep(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Program:
        """Any program of Python that says when it is ready, before the supervisor runs."""
        command = [sys.executable, *arguments]
        notifying = {**environment, "NOTIFY_SOCKET": self.supervisor.notify.address}
        program = Program(name, command, notifying, self.folder / f"{name}.log", never_restart=(3,))
        self.supervisor.start(program)
        return program

    def wait_until_ready(self) -> None:
        """Wait until all programs have said that they are ready."""

        def are_ready() -> bool:
            pace(0.01)
            return all(program.ready for program in self.supervisor.programs)

        until(are_ready, "the programs are ready")

    def _run(self) -> None:
        try:
            self.supervisor.run_until(self._end.is_set, self._seconds)
        finally:
            for program in self.supervisor.programs:
                program.send(self._end_by)
            self.supervisor.stop()

    @contextmanager
    def running(self) -> Iterator["Supervised"]:
        """Serve until the end of the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._end.set()
            self._thread.join(DEADLINE)
