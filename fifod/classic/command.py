"""What `fifod-classic` does from its arguments to its exit status."""

from __future__ import annotations

import argparse
import os
import signal

from fifod import __version__
from fifod.classic import places
from fifod.classic.bridge import Bridge
from fifod.classic.pair import Pair
from fifod.classic.pid_file import PidFile
from fifod.classic.trace import Trace
from fifod.errors import FifodError
from fifod.log import CANNOT_START, fields, log, start
from fifod.supervision import Supervisor

_STOPS = (signal.SIGTERM, signal.SIGINT)


def run() -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    _parser().parse_args()
    supervisor = Supervisor(start("fifod-classic"))
    try:
        _serve(places.directory(), supervisor)
    except FifodError as error:
        log.error("%s", error.message, extra=fields(CANNOT_START))
        supervisor.failed()
        return error.exit_status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fifod-classic",
        description="Serve the C exercise's clients (two FIFOs, a struct, SIGUSR1) with draws of fifod, for the user "
        "who runs this.",
        epilog="Where the FIFOs are is said by FIFOD_CLASSIC_FIFO1 and FIFOD_CLASSIC_FIFO2 (/tmp/fifo1, /tmp/fifo2). "
        "Exit status: 0 stopped as told; 3 the FIFOs cannot be used, which is said; 75 another bridge serves them. "
        "Signals: TERM and INT stop; USR1 is how clients acknowledge.",
    )
    parser.add_argument("--version", action="version", version=f"fifod-classic {__version__}")
    return parser


def _serve(directory: str, supervisor: Supervisor) -> None:
    # Until they are handled: an end by a signal would leave the PID file and the FIFOs.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    pid_file = PidFile(places.pid_file(directory))
    try:
        trace = Trace(directory)
        bridge = Bridge(Pair(places.fifo1(), places.fifo2()), trace, supervisor, _wakeup_pipe())
        _stop_on_signals(bridge)
        log.info("serving questions in %s, answers in %s", places.fifo1(), places.fifo2())
        _say(f"use: client {os.getpid()}")
        supervisor.ready(bridge.status)
        try:
            bridge.run()
        finally:
            trace.close()
    finally:
        pid_file.remove()
        places.leave(directory)
    log.info("stopped after %d questions", bridge.exchanges)


def _say(line: str) -> None:
    """For the person at the terminal, if there is one."""
    try:
        print(line, flush=True)
    except (OSError, ValueError):
        pass


def _wakeup_pipe() -> int:
    reader, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    return reader


def _stop_on_signals(bridge: Bridge) -> None:
    def stop(*_: object) -> None:
        bridge.should_stop = True

    for number in _STOPS:
        signal.signal(number, stop)
    # Also if whoever started the bridge had blocked them: exec() keeps that.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
