"""The other draws beside one: of the same account in the hours around it, and of anybody about the same list.

Whoever draws again until the values suit leaves all those draws in the ledger. They are counted from the draw table,
and from the ledger itself where the recorder has not come yet, so that one that lags hides nothing.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from fifod.errors import FifodError
from fifod.ledger.record import DRAW
from webui.history.models import Draw, DrawQuerySet
from webui.history.recorder import newest_recorded, stored_position
from webui.history.rows import unsaved_draw
from webui.receipts import records

AROUND = datetime.timedelta(hours=24)
_COUNTED = 500  # on either side: whoever drew more often has "more than" so many
_SHOWN = 10  # on either side
_READ_AHEAD = 2000


@dataclass(frozen=True)
class Others:
    """Some other draws: how many, and those next to the one that it is about."""

    count: int
    is_all: bool
    shown: list[Draw]

    @property
    def hidden(self) -> int:
        """How many are counted but not shown."""
        return self.count - len(self.shown)


@dataclass(frozen=True)
class Company:
    """All that stands beside a draw, and up to which draw that is known."""

    by_account: Others
    about_list: Others | None
    known_up_to: int
    newest: int | None
    goes_on: bool

    @property
    def unknown(self) -> int:
        """How many of the newest draws could not be counted."""
        return max(0, (self.newest or 0) - self.known_up_to)


@dataclass(frozen=True)
class _Ahead:
    """Draws that stand in the ledger but may have no row yet."""

    draws: list[Draw]
    up_to: int


def of(draw: Draw) -> Company:
    """What stands beside a draw."""
    newest = _newest()  # before anything is counted: what comes meanwhile is no gap
    ahead = _read_ahead()
    earliest, latest = draw.time - AROUND, draw.time + AROUND
    account = _around(
        draw,
        Draw.objects.of_drawer(draw.drawer),
        [one for one in ahead.draws if one.drawer == draw.drawer],
        lambda time: earliest <= time <= latest,
    )
    goes_on = latest > datetime.datetime.now(datetime.UTC)
    return Company(account, _about_list(draw, ahead), ahead.up_to, newest, goes_on)


def _about_list(draw: Draw, ahead: _Ahead) -> Others | None:
    if not draw.input_sha256:
        return None
    same = [one for one in ahead.draws if one.input_sha256 == draw.input_sha256]
    # The index holds just the draws about lists: it is used where the question says so, too.
    rows = Draw.objects.filter(input_sha256=draw.input_sha256).exclude(input_sha256="")
    return _around(draw, rows, same, lambda time: True)


def _around(draw: Draw, rows: DrawQuerySet, ahead: list[Draw], counts: Callable[[datetime.datetime], bool]) -> Others:
    before = _side(rows.filter(serial__lt=draw.serial).order_by("-serial"))
    behind = _side(rows.filter(serial__gt=draw.serial).order_by("serial"))
    is_all = not any(len(side) == _COUNTED and counts(side[-1][1]) for side in (before, behind))
    times = dict([*before, *behind]) | {one.serial: one.time for one in ahead if one.serial != draw.serial}
    found = sorted(serial for serial, time in times.items() if counts(time))
    return Others(len(found), is_all, _drawn(_next_to(draw.serial, found), ahead))


def _side(rows: DrawQuerySet) -> list[tuple[int, datetime.datetime]]:
    return list(rows.values_list("serial", "time")[:_COUNTED])


def _next_to(serial: int, found: list[int]) -> list[int]:
    before = [one for one in found if one < serial]
    behind = [one for one in found if one > serial]
    return before[-_SHOWN:] + behind[:_SHOWN]


def _drawn(serials: Iterable[int], ahead: list[Draw]) -> list[Draw]:
    known = {one.serial: one for one in ahead} | Draw.objects.in_bulk(list(serials))
    return [known[serial] for serial in serials if serial in known]


def _read_ahead() -> _Ahead:
    """Read on where the recorder stopped, some thousand records at most."""
    draws: list[Draw] = []
    position, up_to = stored_position(), newest_recorded()
    try:
        for record, _ in islice(records.ledger().records(position), _READ_AHEAD):
            if record.head.kind == DRAW:
                draws.append(unsaved_draw(record))
                up_to = max(up_to, record.head.serial or 0)
    except FifodError:
        pass  # the page says up to which draw it knows
    return _Ahead(draws, up_to)


def _newest() -> int | None:
    try:
        return records.newest_serial()
    except FifodError:
        return None
