"""The command `fifod`: the daemon in the foreground."""

from __future__ import annotations

import argparse
import gc
import hashlib
import os
import signal
import socket
import sys
import time

from fifod import __version__, config, names
from fifod.activation import passed_fifo
from fifod.daemon import Daemon
from fifod.errors import FifodError, StartError
from fifod.fifos import request_path
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import NOTE
from fifod.ledger.writer import Entry, LedgerWriter
from fifod.log import CANNOT_START, NOT_RELOADED, RELOADED, STARTED, STOPPED, fields, log, start
from fifod.service import Service, Sources
from fifod.state import PidFile, State, make_directory
from fifod.supervision import Supervisor

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> int:
    """Run the daemon; returns its exit status (3: it can never start like this)."""
    arguments = _parser().parse_args()
    supervisor = Supervisor(start())
    try:
        settings = config.load(arguments.config)
        if arguments.check:
            print(f"{arguments.config or names.config_file()}: the configuration is good")
            return 0
        _serve(settings, arguments.config, supervisor)
    except FifodError as error:
        log.error("%s", error.message, extra=fields(CANNOT_START))
        supervisor.failed()
        return error.exit_status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fifod",
        description="Serve fair random draws on a named pipe, with a record that nobody can quietly redo.",
        epilog="Exit status: 0 stopped as told; 3 can never start like this; 74 the ledger cannot be written; "
        "75 another fifod is running. Signals: TERM and INT stop, HUP reads the configuration again.",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="configuration (else FIFOD_CONFIG, else /etc/fifod/fifod.toml)"
    )
    parser.add_argument("--check", action="store_true", help="only check the configuration")
    parser.add_argument("--version", action="version", version=f"fifod {__version__}")
    return parser


def _serve(settings: config.Config, path: str | None, supervisor: Supervisor) -> None:
    where = request_path(names.runtime_dir())
    # Before anything is opened: a descriptor that was promised and not passed has a number that is free.
    passed = passed_fifo(where)
    make_directory(names.runtime_dir(), 0o755)
    # Until they are handled: the lock is marked from here on, and an end by a signal would pass for a crash.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    state = State(names.state_dir())
    try:
        service, writer = _prepare(settings, state)
        daemon = Daemon(names.runtime_dir(), settings, service, supervisor, wakeup=_wakeup_pipe(), passed=passed)
        daemon.upkeep.note_head = state.note_head
        _handle_signals(daemon, path, supervisor)
        pid_file = PidFile(os.path.join(names.runtime_dir(), "fifod.pid"))
    except FifodError:
        if not state.did_crash:
            state.release()  # the next start need not take this one for a crash
        raise
    # What is there now stays for good; the collector need not look at it again and again.
    gc.freeze()
    serial, hash_ = service.head
    log.info(
        "serving requests at %s, ledger %s", where, state.ledger_path, extra=fields(STARTED, serial=serial, hash=hash_)
    )
    supervisor.ready(daemon.upkeep.status)
    try:
        daemon.run()
    finally:
        pid_file.remove()
    writer.close()
    state.release()
    log.info("stopped after %d draws", service.draws, extra=fields(STOPPED, serial=service.head[0]))


def _prepare(settings: config.Config, state: State) -> tuple[Service, LedgerWriter]:
    ledger = LedgerReader(state.ledger_path)
    key = state.host_key()
    writer = LedgerWriter(state.ledger_path, key_commitment=hashlib.sha256(key).hexdigest(), host=socket.gethostname())
    _check_key(ledger, key)
    if not state.check_head(ledger):
        _begin_noting(state, writer)
    if state.did_crash:
        writer.owe(Entry.of(NOTE, {"note": "restart", "reason": "the daemon had not stopped cleanly"}))
    return Service(settings, writer, ledger, key, Sources(os.urandom, time.time_ns, time.monotonic_ns)), writer


def _check_key(ledger: LedgerReader, key: bytes) -> None:
    if ledger.identity().get("keyCommitment") != hashlib.sha256(key).hexdigest():
        raise StartError("the host key is not the one that the ledger commits to: restore it from a back-up")


def _begin_noting(state: State, writer: LedgerWriter) -> None:
    """A ledger with draws but without a noted head was restored, or is meant to go on without what it lost."""
    if writer.serial:
        log.warning("no head is noted in %s: the ledger gets a record that it was restored", state.path)
        reason = "no head was noted beside the ledger when the daemon started"
        writer.owe(Entry.of(NOTE, {"note": "restore", "reason": reason}))
    state.note_head(writer.serial, writer.draw_hash)


def _wakeup_pipe() -> int:
    reader, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    return reader


def _handle_signals(daemon: Daemon, path: str | None, supervisor: Supervisor) -> None:
    """Signals only set flags; the loop looks at them when the wake-up descriptor becomes readable."""
    came: set[int] = set()
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: came.add(number))

    def act() -> None:
        if signal.SIGHUP in came:
            came.discard(signal.SIGHUP)
            supervisor.reloading()
            _reload(daemon, path)
            supervisor.ready(daemon.upkeep.status)
        if came & {signal.SIGTERM, signal.SIGINT}:
            supervisor.stopping()
            log.info("stopping: answering what has been sent")
            daemon.should_stop = True

    daemon.on_signal = act
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _reload(daemon: Daemon, path: str | None) -> None:
    try:
        settings = config.load(path)
    except StartError as error:
        log.error("%s; the configuration in use stays", error.message, extra=fields(NOT_RELOADED))
        return
    daemon.configure(settings)
    log.info("configuration read again", extra=fields(RELOADED))


if __name__ == "__main__":
    sys.exit(main())
