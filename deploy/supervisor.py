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

from deploy.control import ControlSocket
from deploy.notify import NotifySocket
from deploy.orders import Orders
from deploy.output import Output
from deploy.problem import Problem, Stopped
from deploy.program import Program

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 12.0
TICK = 0.1
KILLED_AGAIN_AFTER = 1.0
DEATHS_BEFORE_READY = 3


class Supervisor:
    """The programs of one trial."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.programs: list[Program] = []
        self.notify = NotifySocket()
        self._events = selectors.DefaultSelector()
        self._events.register(self.notify, selectors.EVENT_READ, self._hear)
        self.control = ControlSocket(self._events, Orders(self, output.lines).obey)
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
        self.control.close()
        for program in reversed(self.programs):
            program.send(signal.SIGTERM)
            end = time.monotonic() + GRACE
            while program.process is not None and time.monotonic() < end and not self._impatient:
                self._turn(TICK)
            program.send(signal.SIGKILL)
            while program.process is not None:
                self._turn(TICK)
        self.notify.close()

    def obey(self, verb: str, program: Program) -> str:
        """Do what the service page asks for; why not, if not."""
        if self._stopping or self._wish_to_stop:
            return "the trial is being stopped"
        if verb == "reload":
            return self._reload(program)
        self.output.tell(f"{program.name}: {verb}, as the service page asks")
        if verb in ("stop", "restart"):
            program.ask_to_stop(GRACE)
        if verb in ("start", "restart"):
            program.is_forgiven = True
            self._want(program)
        else:
            program.start_after_stop = False
        return ""

    def _want(self, program: Program) -> None:
        if program.kill_at is not None:
            program.start_after_stop = True
            return
        program.wanted = True
        if program.process is None:
            program.restarts = 0
            self._launch(program)

    def _reload(self, program: Program) -> str:
        if program.condition != "running" or program.process is None:
            return f"{program.name} does not run"
        self.output.tell(f"{program.name}: reload, as the service page asks")
        os.kill(program.process.pid, signal.SIGHUP)
        return ""

    def _turn(self, timeout: float | None) -> None:
        for key, _ in self._events.select(self._next_date() if timeout is None else timeout):
            if self._events.get_map().get(key.fd) is key:  # an earlier one of this turn may have ended it
                key.data()
        self.control.expire()
        for program in self.programs:
            if program.kill_at is not None and program.kill_at <= time.monotonic():
                program.send(signal.SIGKILL)
                program.kill_at += KILLED_AGAIN_AFTER
            if not self._stopping and program.restart_at is not None and program.pause == 0.0:
                program.restarts += 1
                self._launch(program)
                self.output.tell(f"{program.name} runs again")

    def _next_date(self) -> float | None:
        """Seconds until something is due, if anything is."""
        dates = [
            date for program in self.programs for date in (program.restart_at, program.kill_at) if date is not None
        ]
        dates += self.control.ends
        return max(0.0, min(dates) - time.monotonic()) if dates else None

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
            if program.start_after_stop:
                self._want(program)

    def _drain(self, program: Program) -> None:
        """Take its last words before saying why it ended."""
        for key in list(self._events.get_map().values()):
            if isinstance(key.data, partial) and key.data.args[0] is program:
                key.data()

    def _announce(self, program: Program, end: str) -> None:
        if not program.wanted:
            self.output.tell(f"{program.name} {end}, as it was asked to")
        elif program.restart_at is None:
            last = next(reversed(program.last_lines), "it gave no reason")
            text = f"{program.name} {end}: it cannot run like this, so it is not started again: {last}"
            if not program.is_forgiven and not program.is_optional:
                raise Problem(text)
            self.output.tell(text)
        else:
            self.output.tell(f"{program.name} {end}; it starts again in {program.pause:.1f} s")

    def _give_up_on_the_hopeless(self) -> None:
        for program in self.programs:
            if not program.ready and not program.is_optional and program.deaths >= DEATHS_BEFORE_READY:
                last = next(reversed(program.last_lines), "it gave no reason")
                raise Problem(f"{program.name} does not start: {last} (everything it said: {program.log})")

    def _hear(self) -> None:
        for pid, state in self.notify.messages():
            for program in self.programs:
                if program.process is not None and program.process.pid == pid:
                    self._take_note(program, state)

    def _take_note(self, program: Program, state: dict[str, str]) -> None:
        program.says = state.get("STATUS", program.says)
        if state.get("READY") == "1" and not program.ready:
            program.ready = True
            if program.deaths or program.is_forgiven:
                self.output.tell(f"{program.name} is ready again")
