"""Finding draws: serial numbers come from an index, in order and from a given one on, then only those rows are read.

So a page costs the same wherever it is and however many draws there are. Nothing is skipped by counting.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User

from fifod import names
from webui.history import terms
from webui.history.models import Draw, DrawQuerySet
from webui.history.question import Order, Question

SERIALS = range(1, 1 << 63)
_NONE = range(0)
_METHODS = sorted(names.DRAW_METHODS)


@dataclass(frozen=True)
class Page:
    """Some draws in order, and whether there are more in front of them and behind."""

    draws: list[Draw]
    has_earlier: bool
    has_later: bool


def page(account: User, question: Question, order: Order, size: int, after: int | None, before: int | None) -> Page:
    """The draws that come after a draw in this order, or before it, or else the first."""
    if before is not None:
        found = serials(account, question, order, size + 1, before, is_backward=True)
        if len(found) > size:
            return Page(rows(account, question, found[size - 1 :: -1]), has_earlier=True, has_later=True)
        after = None  # there is not a whole page before it: that is the first page
    found = serials(account, question, order, size + 1, after)
    return Page(rows(account, question, found[:size]), after is not None, len(found) > size)


def serials(
    account: User, question: Question, order: Order, most: int, start: int | None = None, *, is_backward: bool = False
) -> list[int]:
    """The serial numbers of the draws that come next in this order behind a draw, or, if backward, in front of it."""
    begin = _begin(account, order, start)
    is_descending = (order is not Order.OLDEST) is not is_backward
    whole = period(question)
    reach = whole if begin is None else _rest(whole, begin.serial, is_descending)
    found: list[int] = []
    for group in _groups(question, order, begin, is_backward):
        found += _in_group(group, reach, is_descending, most - len(found))
        reach = whole
        if len(found) >= most or not whole:
            break
    return found


def rows(account: User, question: Question, serials: list[int]) -> list[Draw]:
    """The rows of these draws, in this order. What an account may not read, it does not get, whatever was found."""
    found = {draw.serial: draw for draw in readable(account, question, serials)}
    return [found[serial] for serial in serials if serial in found]


def readable(account: User, question: Question, serials: list[int]) -> DrawQuerySet:
    """Those of these draws that the account may read and that lie in the period that is asked for."""
    return Draw.objects.readable_by(account).filter(serial__in=serials, **_period(question))


def period(question: Question) -> range:
    """The serial numbers of the draws in the period that is asked for.

    Serial numbers and times grow together. Where a clock was set back they do not, and a draw that seems to lie outside
    is not found; one that does lie outside is never shown.
    """
    if question.serial is not None:
        return range(question.serial, question.serial + 1) if question.serial in SERIALS else _NONE
    first = last = None
    if question.since is not None:
        first = Draw.objects.filter(time__gte=question.since).order_by("time").values_list("serial", flat=True).first()
    if question.until is not None:
        last = Draw.objects.filter(time__lt=question.until).order_by("-time").values_list("serial", flat=True).first()
    if (question.since and first is None) or (question.until and last is None):
        return _NONE
    ends = [end for end in (last, question.newest) if end is not None]
    return range(first or SERIALS.start, min(ends) + 1 if ends else SERIALS.stop)


def _period(question: Question) -> dict[str, object]:
    asked = {"time__gte": question.since, "time__lt": question.until}
    return {name: time for name, time in asked.items() if time is not None}


def _begin(account: User, order: Order, serial: int | None) -> Draw | None:
    """The draw to go on from: only its number counts in most orders, which need no such draw to be there."""
    if serial is None or serial not in SERIALS:
        return None
    if order in (Order.NEWEST, Order.OLDEST):
        return Draw(serial=serial)
    return Draw.objects.readable_by(account).filter(serial=serial).first()


def _groups(question: Question, order: Order, begin: Draw | None, is_backward: bool) -> Iterator[Question]:
    """The question for each method or person in turn, from that of a draw on."""
    if order is Order.METHOD and not question.method:
        for method in _methods(begin.method if begin else None, is_backward):
            yield question.but(method=method)
    elif order is Order.PERSON and not question.drawer:
        for drawer in drawers(begin.drawer if begin else None, is_backward):
            yield question.but(drawer=drawer)
    else:
        yield question


def _methods(start: str | None, is_backward: bool) -> list[str]:
    if is_backward:
        return [method for method in reversed(_METHODS) if start is None or method <= start]
    return [method for method in _METHODS if start is None or method >= start]


def drawers(start: str | None = None, is_backward: bool = False) -> Iterator[str]:
    """All who have drawn, in order, from one of them on: each is looked up behind the one before."""
    found = start if start is not None else _next_drawer(None, is_backward)
    while found is not None:
        yield found
        found = _next_drawer(found, is_backward)


def _next_drawer(drawer: str | None, is_backward: bool) -> str | None:
    draws = Draw.objects.order_by("-drawer" if is_backward else "drawer")
    if drawer is not None:
        draws = draws.filter(drawer__lt=drawer) if is_backward else draws.filter(drawer__gt=drawer)
    return draws.values_list("drawer", flat=True).first()


def _rest(reach: range, serial: int, is_descending: bool) -> range:
    if is_descending:
        return range(reach.start, min(reach.stop, serial))
    return range(max(reach.start, serial + 1), reach.stop)


def _in_group(group: Question, reach: range, is_descending: bool, most: int) -> list[int]:
    if not reach:
        return []
    if group.needs_terms:
        return terms.search(group.terms, reach, most, is_descending=is_descending)
    draws = Draw.objects.filter(serial__gte=reach.start, serial__lt=reach.stop)
    draws = draws.filter(drawer=group.drawer) if group.drawer else draws
    draws = draws.filter(method=group.method) if group.method else draws
    return list(draws.order_by("-serial" if is_descending else "serial").values_list("serial", flat=True)[:most])
