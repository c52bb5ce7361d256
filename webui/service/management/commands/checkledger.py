"""`manage.py checkledger ACT`: the process that checks the ledger for the service page."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from webui.service import checker

NICENESS = 10
"""Beside busy others a tenth of what they get: pages stay quick, and the check comes to an end."""


class Command(BaseCommand):
    """One check; it gives way to pages and draws."""

    help = "Checks the ledger for the service page, which starts this; by hand, fifod-client verify is meant."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the act."""
        parser.add_argument("act", type=int, help="the number of the act in the audit log")
        parser.add_argument("--lock", type=int, help="a descriptor, which is closed when the result is written down")

    def handle(self, *args: Any, act: int, lock: int | None, **options: Any) -> None:
        """Check, and write down what was found."""
        try:
            os.nice(NICENESS)
        except OSError as error:  # a sandbox may forbid it
            self.stderr.write(f"the check of the ledger cannot give way to others: {error.strerror}")
        try:
            checker.check(act)
        except checker.SiteEnded:
            raise CommandError(
                "the site that began this check of the ledger has ended, and so does the check"
            ) from None
        except DatabaseError as error:
            raise CommandError(f"the check of the ledger cannot be written down: {error}") from None
        finally:
            if lock is not None:
                os.close(lock)
