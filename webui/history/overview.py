"""The numbers on the admin's first page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.utils import timezone

from webui import access
from webui.history import counts, dashboard, finding
from webui.history.dashboard import Charts
from webui.history.models import Draw
from webui.history.question import Question

VIEW = "history.view_draw"
MOST_PEOPLE = 1_000
_DAYS = timedelta(days=30)
# Each is looked up behind the one before: a count of different drawers would read the whole index.
_PEOPLE = """WITH RECURSIVE people (drawer) AS (
    SELECT min(drawer) FROM history_draw
    UNION ALL SELECT (SELECT min(drawer) FROM history_draw WHERE drawer > people.drawer) FROM people
    WHERE people.drawer IS NOT NULL LIMIT %s)
SELECT count(drawer) FROM people"""


@dataclass(frozen=True)
class Overview:
    """How much is drawn, by how many, and what did not arrive."""

    today: int
    all: int
    people: int
    undelivered: int
    charts: Charts | None

    @property
    def people_are_more(self) -> bool:
        """Whether there are more people than were counted."""
        return self.people >= MOST_PEOPLE


def may_see_draws(account: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether the admin shows draws to somebody: whoever may see its table, and everybody's draws at all."""
    return isinstance(account, User | AnonymousUser) and account.has_perms((VIEW, access.READ_ALL))


def of_all(now: datetime | None = None) -> Overview:
    """The numbers of the whole history, and charts of its last days."""
    now = now or timezone.now()
    today = Question(since=now.replace(hour=0, minute=0, second=0, microsecond=0))
    return Overview(
        today=counts.count(today, finding.period(today)),
        all=counts.count(Question(), finding.SERIALS),
        people=_people(),
        undelivered=Draw.objects.filter(undelivered=True).count(),
        charts=dashboard.of(Question(since=now - _DAYS)),
    )


def _people() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [MOST_PEOPLE])
        found: int = cursor.fetchone()[0]
        return found
