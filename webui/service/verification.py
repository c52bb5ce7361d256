"""Checks of the whole ledger from the service page: one at a time, each in a process of its own.

A ledger of a gigabyte takes minutes of one processor, and Python's threads would slow every page meanwhile. The site
takes a lock and passes it to the process; that lets it go when it has written down its result, and the kernel does when
it ends, however it ends. So any process of the site can tell whether a check is under way. The process ends when the
site does, by its standard input.
"""

import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from webui import locks
from webui.service.models import ServiceAct, Verification
from webui.service.report import Report
from webui.service.units import BEGUN, DONE, Result, failed, refused
from webui.service.words import gettext_noop as _

UNIT = "ledger"
_ROOT = Path(__file__).resolve().parent.parent.parent
_log = logging.getLogger("webui.service.acts")


@dataclass(frozen=True)
class Check:
    """The newest check as a page shows it."""

    account: str
    began: datetime
    done: int
    total: int
    state: str
    ended: datetime | None
    report: Report | None

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self.state in ("running", "stopping")

    @property
    def percent(self) -> int:
        """How much of the ledger is behind it."""
        return 100 * self.done // self.total if self.total else 0

    @property
    def seconds_left(self) -> int | None:
        """How long it may still take, if that can be told."""
        spent = (timezone.now() - self.began).total_seconds()
        return round(spent * (self.total - self.done) / self.done) if self.done and spent > 2 else None


def newest() -> Check | None:
    """The newest check, whoever began it."""
    row = _newest_row()
    if row is None:
        return None
    state = row.outcome
    if not state and is_running():
        state = "stopping" if row.is_to_stop else "running"
    elif not state:
        # It may have ended between the two looks; else it was cut off.
        row = _newest_row() or row
        state = row.outcome or "cut off"
    act, report = row.act, Report.kept(row.report)
    return Check(act.account_name, act.time, row.done, row.total, state, row.ended, report)


def _newest_row() -> Verification | None:
    return Verification.objects.select_related("act").first()


def start(account: User) -> Result:
    """Begin a check on behalf of an account, unless one is under way."""
    try:
        lock = locks.VERIFICATION.take()
    except locks.Taken:
        return refused(_("one is under way; wait for it, or cancel it"))
    try:
        with transaction.atomic():
            act = _note(account, "verify")
            Verification.objects.create(act=act)
        return _begin(act, lock)
    finally:
        os.close(lock)


def cancel(account: User) -> Result:
    """Have the check that is under way end early; it sees that within a second."""
    unfinished = Verification.objects.filter(outcome="")
    if not is_running() or not unfinished.exists():
        return refused(_("none is under way"))
    act = _note(account, "cancel")
    unfinished.update(is_to_stop=True)
    _complete(act, DONE)
    return DONE


def is_running() -> bool:
    """Whether a check is under way, in whichever process of the site."""
    return locks.VERIFICATION.is_held()


def _note(account: User, verb: str) -> ServiceAct:
    name = account.get_username()
    return ServiceAct.objects.create(account_id=account.pk, account_name=name, verb=verb, unit=UNIT)


def _complete(act: ServiceAct, result: Result) -> None:
    ServiceAct.objects.filter(pk=act.pk).update(result=str(result)[: ServiceAct.LONGEST_RESULT])
    _log.info("account %d: %s %s: %s", act.account_id, act.verb, act.unit, result)


def _begin(act: ServiceAct, lock: int) -> Result:
    command = [sys.executable, "-m", "django", "checkledger", str(act.pk), "--lock", str(lock)]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "webui.settings")}
    try:
        # Its standard input stays open as long as this process lives, and says so by that.
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[lock],
        )
    except OSError as error:
        result = failed(f"the process that checks cannot be started: {error.strerror}")
        problem = Report(problem=result.why).to_keep()
        Verification.objects.filter(act=act).update(outcome="failed", report=problem, ended=timezone.now())
        _complete(act, result)
        return result
    _log.info("account %d: verify ledger: begun", act.account_id)
    # A daemon thread, which asks the database nothing: it delays no stop of the site.
    threading.Thread(target=_reap, args=[process], name="ledger-check", daemon=True).start()
    return BEGUN


def _reap(process: "subprocess.Popen[bytes]") -> None:
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
