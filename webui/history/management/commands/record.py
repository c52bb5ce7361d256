"""`manage.py record`: follow the ledger and keep the draw table up with it."""

import gc
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from fifod.errors import EX_IOERR, EX_TEMPFAIL, EXIT_CANNOT_START, FifodError, InArchive, LedgerError
from fifod.ledger.reader import archive_of
from fifod.notify import notify
from webui import locks
from webui.history import progress, stopping
from webui.history.marker import Marker
from webui.history.recorder import Recorder, newest_recorded

# A look at the ledger's end costs microseconds, so five a second are nothing, and a draw shows well within a second.
_SECONDS_BETWEEN_LOOKS = 0.2
_PATIENCE = 1.0
"""Seconds that a supervisor gets to hear that the recorder is ready; how it is it may as well miss."""
_WAY_OUT = (
    "If the ledger was replaced or restored on purpose, make the rows anew: manage.py record --from-start "
    "(as a service: systemctl stop fifod-recorder; fifod-manage record --from-start --once; "
    "systemctl start fifod-recorder)"
)


class Command(BaseCommand):
    """The recorder's command line: one recorder at a time, SIGTERM or SIGINT ends it after the batch in hand."""

    help = "Copies each draw of the ledger into the database, once, and goes on as the ledger grows."
    requires_system_checks = []
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the options."""
        parser.add_argument("--once", action="store_true", help="stop when all that is in the ledger now is recorded")
        parser.add_argument(
            "--from-start",
            action="store_true",
            help="first make all rows anew from the ledger's first record; the old ones serve until that is done",
        )

    def handle(self, *args: Any, once: bool, from_start: bool, **options: Any) -> None:
        """Record until told to stop."""
        stopping.block_signals()
        # A batch makes tens of thousands of objects and no cycles: searching them for some takes a fifth of the time.
        gc.freeze()
        gc.set_threshold(500_000)
        with _errors_in_words(), locks.RECORDER.held():
            _tell_supervisor("READY=1", _PATIENCE)
            self._run(Recorder(settings.LEDGER_DIR), once, from_start)

    def _run(self, recorder: Recorder, once: bool, from_start: bool) -> None:
        self._marker = Marker(settings.RUNTIME_DIR, self.stderr.write)
        self._note(newest_recorded())
        if not self._await_ledger(recorder, once):
            return
        stopped = self._work_off(recorder, from_start)
        while not stopped and not once:
            stopped = stopping.asked(within=_SECONDS_BETWEEN_LOOKS)
            if not stopped and recorder.bytes_to_go():
                stopped = self._work_off(recorder)

    def _await_ledger(self, recorder: Recorder, once: bool) -> bool:
        if recorder.position is None and not recorder.ledger_is_there():
            self.stderr.write(f"recorder: no ledger in {settings.LEDGER_DIR} yet; waiting for the daemon's first start")
            while not once and not recorder.ledger_is_there():
                if stopping.asked(within=_SECONDS_BETWEEN_LOOKS):
                    return False
        return not once or recorder.position is not None or recorder.ledger_is_there()

    def _work_off(self, recorder: Recorder, from_start: bool = False) -> bool:
        """Record all there is; returns whether a signal ended it early."""
        batches = recorder.rebuild_batches() if from_start else recorder.record_batches()
        if recorder.position is None and (archived := recorder.archived_draws()):
            self.stderr.write(f"recorder: draws 1 to {archived} are not in the ledger, so they get no rows")
        shown = progress.for_bytes(recorder.bytes_to_go(), self.stderr)
        for records in batches:
            shown.add(records, recorder.bytes_to_go())
            self._note(newest_recorded())
            if stopping.asked():
                return True
        shown.close()
        self._note(newest_recorded())  # again: rows made anew are in place only now
        return False

    def _note(self, serial: int) -> None:
        """Tell how far it has come: people through the marker, the supervisor in its status."""
        self._marker.move_to(serial)
        _tell_supervisor(f"STATUS=following the ledger; newest draw recorded {serial}")


def _tell_supervisor(state: str, patience: float = 0) -> None:
    try:
        notify(state, patience)
    except OSError:
        pass  # nobody hears it, which is no reason not to record


def _way_back() -> str:
    ledger = str(settings.LEDGER_DIR)
    return (
        f"Put the archived files back first: mv {archive_of(ledger)}/*.jsonl {ledger}/ (when the recorder is done with "
        "them they can be archived again); then start the recorder again"
    )


@contextmanager
def _errors_in_words() -> Iterator[None]:
    try:
        yield
    except locks.Taken:
        message = f"another recorder is running: it holds {locks.RECORDER.file}"
        raise CommandError(message, returncode=EX_TEMPFAIL) from None
    except InArchive as error:
        raise CommandError(f"recorder: {error.message}\n{_way_back()}", returncode=EXIT_CANNOT_START) from None
    except LedgerError as error:
        raise CommandError(f"recorder: {error.message}\n{_WAY_OUT}", returncode=EXIT_CANNOT_START) from None
    except FifodError as error:
        raise CommandError(f"recorder: {error.message}", returncode=error.exit_status) from None
    except DatabaseError as error:
        message = f"recorder: cannot write the draw table in {settings.DATABASES['default']['NAME']}: {error}"
        raise CommandError(message, returncode=EX_IOERR) from None
