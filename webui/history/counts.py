"""How many draws there are of what was asked for, by time and by method: index entries are counted, no rows read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from webui.history import finding, labels, terms
from webui.history.models import Draw
from webui.history.question import Question

HOUR, DAY, MONTH, YEAR = "hour", "day", "month", "year"
_LONGEST = {HOUR: timedelta(days=2), DAY: timedelta(days=62), MONTH: timedelta(days=5 * 366)}
_STEPS = {HOUR: timedelta(hours=1), DAY: timedelta(days=1), MONTH: timedelta(days=31), YEAR: timedelta(days=366)}
_FEWEST_STEPS, _MOST_STEPS = 11, 100


@dataclass(frozen=True)
class Step:
    """One stretch of time and the draws in it."""

    start: datetime
    count: int


@dataclass(frozen=True)
class OverTime:
    """The draws over time, an hour, day, month or year at a step."""

    unit: str
    steps: list[Step]


def by_method(question: Question) -> dict[str, int]:
    """The methods that occur, and how often."""
    reach = finding.period(question)
    methods = [question.method] if question.method else list(labels.METHODS)
    found = {method: count(question.but(method=method), reach) for method in methods}
    return {method: number for method, number in found.items() if number}


def over_time(question: Question) -> OverTime | None:
    """The draws over the period that is asked for, as far as there are any draws; None if there are none."""
    span = _span(question)
    if span is None:
        return None
    unit = next((unit for unit, longest in _LONGEST.items() if span[1] - span[0] <= longest), YEAR)
    # Few bars alone would be as broad as the picture: what lies before the first draw is empty.
    first = min(span[0], span[1] - _FEWEST_STEPS * _STEPS[unit])
    first = max(first, question.since) if question.since else first
    starts = list(_starts(unit, first, span[1]))
    reach = finding.period(question)
    edges = list(accumulate([reach.start, *(min(_first_since(start), reach.stop) for start in starts[1:])], max))
    ranges = zip(edges, [*edges[1:], reach.stop], strict=True)
    steps = [Step(start, count(question, range(*ends))) for start, ends in zip(starts, ranges, strict=True)]
    return OverTime(unit, steps[-_MOST_STEPS:])


def count(question: Question, reach: range) -> int:
    """How many draws with serial numbers in this range fit, whatever their time."""
    if not reach:
        return 0
    if question.needs_terms:
        return terms.count(question.terms, reach)
    draws = Draw.objects.filter(serial__gte=reach.start, serial__lt=reach.stop)
    if question.drawer:
        return draws.filter(drawer=question.drawer).count()
    if question.method:
        return draws.filter(method=question.method).count()
    # No serial number is missing between the first and the last.
    first, last = (draws.order_by(order).values_list("serial", flat=True).first() for order in ("serial", "-serial"))
    return 0 if first is None or last is None else last - first + 1


def _span(question: Question) -> tuple[datetime, datetime] | None:
    reach = finding.period(question)
    draws = Draw.objects.filter(serial__gte=reach.start, serial__lt=reach.stop)
    first, last = (draws.order_by(order).values_list("time", flat=True).first() for order in ("serial", "-serial"))
    return None if first is None or last is None else (first, max(first, last))


def _first_since(time: datetime) -> int:
    draws = Draw.objects.filter(time__gte=time).order_by("time")
    return draws.values_list("serial", flat=True).first() or finding.SERIALS.stop


def _starts(unit: str, first: datetime, last: datetime) -> Iterator[datetime]:
    start = _start(unit, first)
    while start <= last:
        yield start
        start = _start(unit, start + _STEPS[unit])


def _start(unit: str, time: datetime) -> datetime:
    hour = time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if unit == HOUR:
        return hour
    day = hour.replace(hour=0)
    return {DAY: day, MONTH: day.replace(day=1), YEAR: day.replace(month=1, day=1)}[unit]
