"""`manage.py firstlogin USER`: an account, with the password from standard input."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from webui import access
from webui.people import names

_MIN_LENGTH = 8
_ROLES = (access.MEMBER, access.AUDITOR, access.OPERATOR, access.ADMINISTRATOR)


class Command(BaseCommand):
    """Reads the password from standard input, since arguments show in ps."""

    help = (
        "Makes or updates a superuser's account, or one with a role only. "
        "The password is the first line of standard input."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the name, and what the account is to be."""
        parser.add_argument("user", help="the account's name")
        parser.add_argument("--role", choices=_ROLES, action="append", help="this role instead of a superuser's power")
        parser.add_argument("--if-none", action="store_true", help="do nothing if there is a superuser")

    def handle(self, *args: Any, user: str, role: list[str] | None, if_none: bool, **options: Any) -> None:
        """Make the account, or give it this password and these roles."""
        if if_none and User.objects.filter(is_superuser=True).exists():
            self.stdout.write("there is an administrator")
            return
        password = sys.stdin.readline().rstrip("\n")
        if len(password) < _MIN_LENGTH:
            raise CommandError(f"cannot set the password of {user}: it has fewer than {_MIN_LENGTH} characters")
        account = User.objects.filter(username=user).first() or User(username=user)
        account.is_active = True
        account.is_superuser = account.is_superuser or not role
        account.set_password(password)
        try:
            if not account.pk:
                names.check(user)
            account.full_clean()
        except ValidationError as error:
            raise CommandError(f"cannot make the account {user!r}: {' '.join(error.messages)}") from None
        account.save()
        account.groups.add(*Group.objects.filter(name__in=role or ()))
