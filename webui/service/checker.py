"""A check of the whole ledger, which tells the database how far it is and what it found.

It ends early when it is cancelled there, or when the other end of its standard input is closed: then the site that
began it has ended.
"""

import select
import sys
import time

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from fifod.errors import FifodError
from fifod.ledger.noted import verify_with_note
from fifod.ledger.reader import LedgerReader
from webui.service.models import ServiceAct, Verification
from webui.service.report import Report

SECONDS_BETWEEN_REPORTS = 0.3
_Outcome = Verification.Outcome


class Cancelled(Exception):
    """Somebody cancelled the check."""


class SiteEnded(Exception):
    """Nobody waits for the result any more."""


def check(act: int) -> None:
    """Check the ledger for an act, whose row waits for the result."""
    reader = LedgerReader(str(settings.LEDGER_DIR))
    try:
        report = Report.of(verify_with_note(reader, progress=Reporter(act, reader.size_after(None))))
    except Cancelled:
        _write_down(act, _Outcome.CANCELLED, Report(), "cancelled")
    except FifodError as error:
        report = Report(problem=error.message)
        _write_down(act, _Outcome.FAILED, report, str(report))
    else:
        _write_down(act, _Outcome.FAULTY if report.fault_count else _Outcome.GOOD, report, str(report))


@transaction.atomic
def _write_down(act: int, outcome: str, report: Report, words: str) -> None:
    """Keep the result, for the page and in the audit log."""
    ended = {"outcome": outcome, "report": report.to_keep(), "ended": timezone.now()}
    Verification.objects.filter(act=act).update(**ended)
    ServiceAct.objects.filter(pk=act).update(result=words[: ServiceAct.LONGEST_RESULT])


class Reporter:
    """Counts the bytes that were read, and now and then tells the database."""

    def __init__(self, act: int, total: int) -> None:
        self._row = Verification.objects.filter(act=act)
        self._total = total
        self._done = 0
        self._report()

    def __call__(self, size: int) -> None:
        self._done += size
        if time.monotonic() >= self._next:
            self._report()

    def _report(self) -> None:
        if _site_has_ended():
            raise SiteEnded
        try:
            # The daemon writes on: there may be more than there was at the beginning.
            self._row.update(done=self._done, total=max(self._total, self._done))
            is_to_stop = self._row.values_list("is_to_stop", flat=True).get()
        except DatabaseError:
            is_to_stop = False  # it may take the next report
        if is_to_stop:
            raise Cancelled
        self._next = time.monotonic() + SECONDS_BETWEEN_REPORTS


def _site_has_ended() -> bool:
    """Whether the other end of standard input is closed. Nothing is ever sent through it."""
    return bool(select.select([sys.stdin.fileno()], [], [], 0)[0])
