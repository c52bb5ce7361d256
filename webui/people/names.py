"""Which names a new account may have: draws' records hold them for ever, so they must be plain and no other's."""

import unicodedata

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MOST_BYTES = 180
"""Of the 200 that a record has for "on behalf of", the account's number and a colon need some."""


def check(name: str) -> None:
    """Raise ValidationError if a new account must not have this name."""
    if len(name.encode()) > MOST_BYTES:
        raise ValidationError(_("This name is too long for the records of draws: use a shorter one."), "too_long")
    if not name.isprintable():
        raise ValidationError(_("A name must have no control characters and no spaces."), "unprintable")
    if is_taken(name):
        raise ValidationError(_("There is an account of this name, perhaps with other capitals."), "taken")


def is_taken(name: str) -> bool:
    """Whether an account's name differs at most in capitals and in how its letters are encoded.

    All names are read, since SQLite knows the capitals of ASCII only; an account is made rarely.
    """
    return folded(name) in map(folded, User.objects.values_list("username", flat=True).iterator())


def folded(name: str) -> str:
    """A name as it is compared."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
