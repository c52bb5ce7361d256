"""`manage.py unlock USER`: let somebody try to log in again at once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from webui.people import throttle


class Command(BaseCommand):
    """For who has mistyped a password too often, and cannot wait."""

    help = "Forgets the wrong passwords that were given for a name, so that it can be tried again at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the name."""
        parser.add_argument("user", help="the account's name")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        """Forget, and say how much."""
        self.stdout.write(f"forgot {throttle.forget(user)} attempts to log in as {user}")
