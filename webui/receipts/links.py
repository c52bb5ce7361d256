"""Makes, lists and revokes public links."""

import hashlib
import secrets

from django.contrib.auth.models import User
from django.db.models import QuerySet

from webui.receipts.models import PublicLink

MAX_LINKS = 20
"""So many a draw may have at a time."""
_TOKEN_BYTES = 24


class TooMany(Exception):
    """The draw has as many links as it may have."""


def make(account: User, serial: int) -> str:
    """Open a draw to whoever knows the token that this returns, for the only time."""
    if of(account, serial).count() >= MAX_LINKS:
        raise TooMany
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    PublicLink.objects.create(account=account, serial=serial, digest=_digest(token))
    return token


def of(account: User, serial: int) -> "QuerySet[PublicLink]":
    """An account's links to a draw, newest first."""
    return PublicLink.objects.filter(account=account, serial=serial).order_by("-pk")


def revoke(account: User, serial: int, number: int) -> None:
    """Take a link back. One that is gone already, or another's, changes nothing."""
    of(account, serial).filter(pk=number).delete()


def serial_of(token: str) -> int | None:
    """The draw that a token opens."""
    found: int | None = PublicLink.objects.filter(digest=_digest(token)).values_list("serial", flat=True).first()
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
