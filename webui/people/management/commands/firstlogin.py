"""`manage.py firstlogin USER`: an administrator's account, with the password from standard input."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

_MIN_LENGTH = 8


class Command(BaseCommand):
    """Reads the password from standard input, since arguments show in ps."""

    help = "Makes or updates an administrator's account. The password is the first line of standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the name."""
        parser.add_argument("user", help="the account's name")
        parser.add_argument("--if-none", action="store_true", help="do nothing if there is an administrator")

    def handle(self, *args: Any, user: str, if_none: bool, **options: Any) -> None:
        """Make the account, or give it this password."""
        if if_none and User.objects.filter(is_superuser=True).exists():
            self.stdout.write("there is an administrator")
            return
        password = sys.stdin.readline().rstrip("\n")
        if len(password) < _MIN_LENGTH:
            raise CommandError(f"cannot set the password of {user}: it has fewer than {_MIN_LENGTH} characters")
        account = User.objects.filter(username=user).first() or User(username=user)
        account.is_staff = account.is_superuser = account.is_active = True
        account.set_password(password)
        try:
            account.full_clean()
        except ValidationError as error:
            raise CommandError(f"cannot make the account {user!r}: {' '.join(error.messages)}") from None
        account.save()
