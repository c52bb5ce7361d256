"""How often passwords may be guessed.

An attempt counts before its password is looked at, so many at once are no way round. There are three limits, each over
a time that slides. The one for a name alone is against guesses from many places, and does not hold where the account
has been logged in: so no stranger can shut its owner out.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from webui.people import names, visitors
from webui.people.models import LoginAttempt, Session


@dataclass(frozen=True)
class Limit:
    """So many attempts in such a time."""

    attempts: int
    time: timedelta


HERE = Limit(5, timedelta(minutes=15))
"""For one name from one place."""
PLACE = Limit(50, timedelta(minutes=15))
"""For all names from one place."""
NAME = Limit(30, timedelta(hours=1))
"""For one name from all places."""
_LONGEST = max(limit.time for limit in (HERE, PLACE, NAME))
_AHEAD = timedelta(minutes=1)
"""By so much a clock may have been put back without an attempt being forgotten."""


class TooMany(Exception):
    """No attempt now: one has to wait."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.seconds = max(1, round(wait.total_seconds()))
        self.minutes = -(-self.seconds // 60)


@dataclass(frozen=True)
class Attempt:
    """An attempt that is under way."""

    name: str
    place: str
    row: int

    def succeeded(self) -> None:
        """Forget it, and what failed before for this name from this place."""
        LoginAttempt.objects.filter(name=self.name, place=self.place).delete()


@transaction.atomic
def begin(name: str, address: str) -> Attempt:
    """Count one more attempt, or raise TooMany. The transaction is the only writer, so none is overlooked."""
    now, digest, place = timezone.now(), _digest(name), visitors.site(address)
    # Those that lie ahead were made while the clock was wrong: they would count for as long as it was wrong by.
    LoginAttempt.objects.filter(Q(time__lt=now - _LONGEST) | Q(time__gt=now + _AHEAD)).delete()
    _hold(LoginAttempt.objects.filter(name=digest, place=place), HERE, now)
    _hold(LoginAttempt.objects.filter(place=place), PLACE, now)
    if not _is_known(name, address):
        _hold(LoginAttempt.objects.filter(name=digest), NAME, now)
    return Attempt(digest, place, LoginAttempt.objects.create(time=now, name=digest, place=place).pk)


def forget(name: str) -> int:
    """Let a name be tried again from everywhere; how many attempts were forgotten."""
    return LoginAttempt.objects.filter(name=_digest(name)).delete()[0]


def _hold(attempts: QuerySet[LoginAttempt], limit: Limit, now: datetime) -> None:
    times = attempts.filter(time__gt=now - limit.time).order_by("-time").values_list("time", flat=True)
    full_since = times[limit.attempts - 1 : limit.attempts].first()
    if full_since:
        raise TooMany(full_since + limit.time - now)


def _is_known(name: str, address: str) -> bool:
    return bool(address) and Session.objects.filter(account__username=name, address=address).exists()


def _digest(name: str) -> str:
    return hashlib.sha256(names.folded(name).encode(errors="replace")).hexdigest()
