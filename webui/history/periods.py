"""The years, months and days that hold draws."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import models

from webui.history.models import Draw

_LONGER_THAN_A = {"year": timedelta(days=366), "month": timedelta(days=31), "day": timedelta(days=1)}
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)


class Periods:
    """Answers the two questions of the admin's date hierarchy as a query would, whatever filters are set.

    A query would cut every row's time short, which takes seconds at a million rows. This looks up in the index what
    comes next behind each period found.
    """

    def __init__(self, year: int = 0, month: int = 0, day: int = 0) -> None:
        self._start, self._end = _FIRST, _LAST
        if year:
            self._start = datetime(year, month or 1, day or 1, tzinfo=UTC)
            self._end = _next(self._start, "day" if day else "month" if month else "year")

    def aggregate(self, **asked: object) -> dict[str, datetime | None]:
        """The first and the last time: asked for both at once, SQLite reads the whole index."""
        return {"first": self._times(self._start).first(), "last": self._times(self._start).last()}

    def datetimes(self, field: str, kind: str) -> list[datetime]:
        """The starts of the years, months or days that hold a draw."""
        return list(self._starts(kind))

    def _starts(self, kind: str) -> Iterator[datetime]:
        found = self._times(self._start).first()
        while found is not None:
            start = _start(found, kind)
            yield start
            found = self._times(_next(start, kind)).first()

    def _times(self, since: datetime) -> "models.QuerySet[Draw, datetime]":
        # One lower bound only: of two, SQLite looks up the first and reads on from there.
        draws = Draw.objects.filter(time__gte=since, time__lt=self._end)
        return draws.order_by("time").values_list("time", flat=True)


def _start(time: datetime, kind: str) -> datetime:
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    return {"year": day.replace(month=1, day=1), "month": day.replace(day=1), "day": day}[kind]


def _next(start: datetime, kind: str) -> datetime:
    return _start(start + _LONGER_THAN_A[kind], kind)
