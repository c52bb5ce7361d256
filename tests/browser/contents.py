"""Draws of every kind in a world, as people would have made them, so that pages have something to show."""

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fifod import names
from fifod.client import Client
from tests.browser.world import World
from tests.waiting import pace, until

ROTA = ("Ann Abt", "Benoît Dupré", "Chloé Étienne", "Dan Ng", "Eve Öz", "Farid Ben Ali")
DIE = {"n": 5, "min": 1, "max": 6}


@dataclass(frozen=True)
class Wish:
    """A draw that somebody asks for: the word under which pages find it, who draws, and the request."""

    word: str
    who: str
    method: str
    params: dict[str, Any]
    members: dict[str, Any] = field(default_factory=dict)


def about(lines: tuple[str, ...]) -> dict[str, Any]:
    """What a record says about the list of a draw."""
    whole = "".join(f"{line}\n" for line in lines)
    return {"count": len(lines), "sha256": hashlib.sha256(whole.encode()).hexdigest()}


def _positions(count: int) -> dict[str, Any]:
    return {"n": count, "min": 1, "max": len(ROTA), "replacement": False}


_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_WISHES = (
    Wish("foreign", "unix", names.INTEGERS, {"n": 3, "min": 1, "max": 6}, {"purpose": "made in a shell"}),
    Wish("bob", "bob", names.INTEGERS, DIE, {"purpose": "who of us two"}),
    Wish("roll", "bob", names.INTEGERS, _positions(2), {"purpose": "rota, December", "input": about(ROTA)}),
    Wish(
        "integers", "alice", names.INTEGERS, {"n": 7, "min": 1, "max": 250}, {"purpose": "audit sample, third quarter"}
    ),
    Wish("many", "alice", names.INTEGERS, {"n": 300, "min": 1, "max": 100}, {"purpose": "three hundred at once"}),
    Wish("sequences", "alice", names.SEQUENCES, {"n": 4, "length": 6, "min": 1, "max": 49, "replacement": False}),
    Wish(
        "decimals", "alice", names.DECIMALS, {"n": 5, "decimalPlaces": 6}, {"purpose": "start offsets of the sensors"}
    ),
    Wish(
        "gaussians", "alice", names.GAUSSIANS, {"n": 60, "mean": 100, "standardDeviation": 15, "significantDigits": 6}
    ),
    Wish(
        "strings", "alice", names.STRINGS, {"n": 4, "length": 12, "characters": _LETTERS}, {"purpose": "voucher codes"}
    ),
    Wish("uuids", "alice", names.UUIDS, {"n": 2}),
    Wish("blobs", "alice", names.BLOBS, {"n": 1, "size": 256}),
    Wish("secret", "alice", names.STRINGS, {"n": 1, "length": 20, "characters": _LETTERS}, {"secret": True}),
    Wish(
        "repeatable",
        "alice",
        names.INTEGERS,
        {**DIE, "pregeneratedRandomization": {"id": "lesson 3"}},
        {"purpose": "the same dice for everybody in class"},
    ),
    Wish(
        "wordy", "alice", names.INTEGERS, DIE, {"purpose": "W" * 60 + " – " + "Vergabe der Fördermittel 2026/27 " * 8}
    ),
    Wish("pick", "alice", names.INTEGERS, _positions(2), {"purpose": "rota, December", "input": about(ROTA)}),
    Wish(
        "again", "alice", names.INTEGERS, _positions(2), {"purpose": "rota, December, once more", "input": about(ROTA)}
    ),
)


_ACTS = """
from webui.service.models import ServiceAct
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
ServiceAct.objects.create(account_id=1, account_name="oscar", verb="restart", unit="fifod", result="done")
ada, nina = User.objects.get(username="ada"), User.objects.get(username="nina")
LogEntry.objects.log_actions(ada.pk, [nina], CHANGE, [{"changed": {"fields": ["groups"]}}])
from webui.receipts import links
links.make(nina, 1)
"""


def fill(world: World) -> dict[str, str]:
    """Make the draws; gives what addresses name: the serial number of each word, and the number of each account."""
    numbers = dict(world.site.rows("SELECT username, id FROM auth_user"))
    serials = {wish.word: _draw(world, wish, numbers) for wish in _WISHES}
    until(partial(_is_recorded, world, max(serials.values())), "the draws are recorded")
    world.site.manage("shell", "-v0", "-c", _ACTS)
    acts = dict(world.site.rows("SELECT 'act', max(id) FROM service_serviceact"))
    entries = dict(world.site.rows("SELECT 'entry', max(id) FROM django_admin_log"))
    open_draws = dict(world.site.rows("SELECT 'link', max(id) FROM receipts_publiclink"))
    return {word: str(number) for word, number in (numbers | serials | acts | entries | open_draws).items()} | {
        "broken": world.broken
    }


def _draw(world: World, wish: Wish, numbers: dict[str, int]) -> int:
    user = f"{numbers[wish.who]}:{wish.who}" if wish.who in numbers else None
    with Client(str(world.daemon.run), user=user) as client:
        return client.call(wish.method, wish.params, **wish.members).serial_number


def _is_recorded(world: World, serial: int) -> bool:
    pace(0.05)
    return any(found == serial for found, _ in world.site.recorded())
