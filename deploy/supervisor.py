"""Keeps a few programs running in the foreground: starts, restarts and stops them, and shows what they say.

One loop over everything that can happen: output, the end of a process, word of its readiness, a signal, a date due.
"""

import os
import selectors
import signal
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

from deploy.notify import NotifySocket
from deploy.output import Output
from deploy.problem import Problem, Stopped
from deploy.program import Program

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 12.0
TICK = 0.1
DEATHS_BEFORE_READY = 3


class Supervisor:
    """The programs of one trial."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.programs: list[Program] = []
        self.notify = NotifySocket()
        self._events = selectors.DefaultSelector()
        self._events.register(self.notify, selectors.EVENT_READ, self._hear)
        self._wish_to_stop: str | None = None
        self._impatient = False
        self._stopping = False

    def catch_signals(self) -> None:
        """Turn the signals that mean "stop" into a wish; one that was ignored from the start (nohup) stays ignored."""
        wake_reader, wake_writer = os.pipe()
        os.set_blocking(wake_reader, False)
        os.set_blocking(wake_writer, False)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        self._events.register(wake_reader, selectors.EVENT_READ, partial(os.read, wake_reader, 512))
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._impatient = self._wish_to_stop is not None
        self._wish_to_stop = signal.Signals(number).name

    def check(self) -> None:
        """Raise Stopped if the end was asked for: for the time before and between the programs."""
        if self.output.is_closed:
            self._wish_to_stop = "a closed terminal"
        if self._wish_to_stop:
            raise Stopped(self._wish_to_stop)

    def start(self, program: Program) -> None:
        """Start a program and keep it running from now on."""
        self.programs.append(program)
        self._launch(program)

    def run_until(self, condition: Callable[[], bool], deadline: float) -> bool:
        """Serve the programs until a condition holds or a number of seconds is over; whether it holds."""
        end = time.monotonic() + deadline
        while not (holds := condition()) and time.monotonic() < end:
            self.check()
            self._turn(TICK)
            self._give_up_on_the_hopeless()
        return holds

    def run(self) -> None:
        """Serve the programs until somebody wants the end."""
        while True:
            self.check()
            self._turn(None)

    def stop(self) -> None:
        """Stop the programs, last started first; whoever does not go in time, or at a second Ctrl-C, is killed."""
        self._impatient, self._stopping = False, True
        for program in reversed(self.programs):
            program.send(signal.SIGTERM)
            end = time.monotonic() + GRACE
            while program.process is not None and time.monotonic() < end and not self._impatient:
                self._turn(TICK)
            program.send(signal.SIGKILL)
            while program.process is not None:
                self._turn(TICK)
        self.notify.close()

    def _turn(self, timeout: float | None) -> None:
        pauses = [program.pause for program in self.programs if program.restart_at is not None]
        for key, _ in self._events.select(min(pauses) if timeout is None and pauses else timeout):
            if key.fd in self._events.get_map():  # an earlier one of this turn may have ended it
                key.data()
        for program in self.programs:
            if not self._stopping and program.restart_at is not None and program.pause == 0.0:
                self._launch(program)
                self.output.say(f"{program.name} runs again")

    def _launch(self, program: Program) -> None:
        out = program.start()
        assert program.process is not None
        self._events.register(out, selectors.EVENT_READ, partial(self._read, program, out))
        exit_watch = os.pidfd_open(program.process.pid)
        self._events.register(exit_watch, selectors.EVENT_READ, partial(self._bury, program, exit_watch))

    def _read(self, program: Program, out: int) -> None:
        try:
            data = os.read(out, 65536)
        except BlockingIOError:
            return
        self.output.take(program, data)
        if not data:
            self._events.unregister(out)
            os.close(out)

    def _bury(self, program: Program, exit_watch: int) -> None:
        self._events.unregister(exit_watch)
        os.close(exit_watch)
        program.send(signal.SIGKILL)  # what it may have left of its process group
        end = program.died()
        self._drain(program)
        if self._wish_to_stop is None and not self._stopping:
            self._announce(program, end)

    def _drain(self, program: Program) -> None:
        """Take its last words before saying why it ended."""
        for key in list(self._events.get_map().values()):
            if isinstance(key.data, partial) and key.data.args[0] is program:
                key.data()

    def _announce(self, program: Program, end: str) -> None:
        if program.restart_at is None:
            last = next(reversed(program.last_lines), "it gave no reason")
            raise Problem(f"{program.name} {end}: it cannot run like this, so it is not started again: {last}")
        self.output.say(f"{program.name} {end}; it starts again in {program.pause:.1f} s")

    def _give_up_on_the_hopeless(self) -> None:
        for program in self.programs:
            if not program.ready and program.deaths >= DEATHS_BEFORE_READY:
                last = next(reversed(program.last_lines), "it gave no reason")
                raise Problem(f"{program.name} does not start: {last} (everything it said: {program.log})")

    def _hear(self) -> None:
        for pid, state in self.notify.messages():
            for program in self.programs:
                if program.process is not None and program.process.pid == pid and state.get("READY") == "1":
                    if program.deaths and not program.ready:
                        self.output.say(f"{program.name} is ready again")
                    program.ready = True
