"""The history page with a thousand draws and with a million, through the views: what a page costs must not grow.

There are so few people, words and methods that each page has its fifty rows among a thousand draws, too. What is taken
is the time of the processor: view, templates and SQLite run in one thread, and what else runs does not count.
Run as a program, it makes a database, or asks it for pages and prints the median of each in milliseconds.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.bench import CHECKOUT, Bench, run, run_json, say
from tests.benchmarks.figures import Figure, Goal, in_turn
from tests.benchmarks.figures import median as middle

if TYPE_CHECKING:
    from django.test import Client

GOAL = Goal(1.3)
SMALL = 1_000
PEOPLE = 12
WORDS = [
    "audit",
    "sample",
    "raffle",
    "jury",
    "grant",
    "lottery",
    "rota",
    "team",
    "budget",
    "week",
    "round",
    "winner",
    "seat",
    "school",
    "trial",
    "group",
    "stock",
]
METHODS = ("generateIntegers", "generateIntegerSequences", "generateUUIDs", "generateStrings")
AUDITOR, MEMBER = "auditor", "member"
BATCH = 5_000

# For whom, and which query.
PAGES: dict[str, tuple[str, str]] = {
    "first page": (AUDITOR, ""),
    "page among the oldest": (AUDITOR, "after=70"),
    "page before one": (AUDITOR, "before=500"),
    "own draws": (MEMBER, ""),
    "own draws of one method": (MEMBER, "method=generateUUIDs"),
    "one person's draws": (AUDITOR, "person=unix:1007"),
    "one method, oldest first": (AUDITOR, "method=generateStrings&order=oldest"),
    "by method": (AUDITOR, "order=method&after=70"),
    "by person": (AUDITOR, "order=person&after=70"),
    "secret, one method": (AUDITOR, "mark=secret&method=generateUUIDs"),
    "a period": (AUDITOR, "since=2026-01-15&until=2026-03-15"),
    "two words": (AUDITOR, "q=raffle+jury"),
    "the beginning of a word": (AUDITOR, "q=raff"),
    "a word that is nowhere": (AUDITOR, "q=nowhere"),
    "a word in own draws": (MEMBER, "q=raffle"),
}


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """Pages of a long history against the same pages of a short one."""
    many = 20_000 if bench.is_quick else 1_000_000
    rounds = 3 if bench.is_quick else 15
    with bench.directory() as directory:
        samples = in_turn(
            {str(count): _asker(bench, directory, count, rounds) for count in (SMALL, many)}, 1 if bench.is_quick else 3
        )
        for name in PAGES:
            small, large = ([found[name] for found in samples[str(count)]] for count in (SMALL, many))
            label = f"{name}, {many:,} draws"
            reference = f"{SMALL:,} draws"
            yield Figure("history page", label, middle(large), "ms", middle(small), reference, GOAL, large)
        last = samples[str(many)][-1]
        for name, unit in (("charts, everybody's", "ms"), ("charts, own", "ms"), ("export as CSV", "rows/s")):
            yield Figure("history as a whole", f"{name}, {many:,} draws", last[name], unit)


def _asker(bench: Bench, directory: Path, count: int, rounds: int) -> Callable[[], dict[str, float]]:
    environment = bench.environment | {
        "FIFOD_RUNTIME_DIR": str(directory),
        "FIFOD_STATE_DIR": str(directory),
        "FIFOD_DATABASE": str(directory / f"web-{count}.sqlite3"),
        "DJANGO_SETTINGS_MODULE": "webui.settings",
    }
    run([sys.executable, str(CHECKOUT / "manage.py"), "migrate", "--verbosity", "0"], environment)
    say(f"making a history of {count:,} draws …")
    program = [sys.executable, "-m", "tests.benchmarks.histories"]
    run([*program, "make", str(count)], environment, 900)
    return lambda: run_json([*program, "ask", str(rounds)], environment)


# --- the program ---


def _make(count: int) -> None:
    from django.db import connection, transaction

    from webui.history import rows, terms

    _make_people()
    chance = random.Random(7)
    columns = ", ".join(f'"{column}"' for column in rows.COLUMNS)
    insert = f"INSERT INTO history_draw ({columns}) VALUES ({', '.join(['%s'] * len(rows.COLUMNS))})"
    for first in range(1, count + 1, BATCH):
        serials = range(first, min(first + BATCH, count + 1))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(insert, [_row(serial, count, chance) for serial in serials])
            terms.add(serials.start, serials.stop - 1)


def _make_people() -> None:
    from django.contrib.auth.models import Group, User

    for name in (MEMBER, AUDITOR):
        User.objects.create_user(name).groups.set([Group.objects.get(name=name)])


def _row(serial: int, count: int, chance: random.Random) -> tuple[Any, ...]:
    """A year of draws, whatever their number."""
    minute = serial * 524_999 // count
    month, day = 1 + minute // 43_750, 1 + minute % 43_750 // 1_563
    time_text = f"2026-{month:02d}-{day:02d} 12:30:00.{serial % 1_000_000:06d}"
    drawer = "web:1:member" if serial % 5 == 0 else f"unix:{1000 + chance.randrange(PEOPLE)}"
    digest = f"{serial:064x}"
    purpose = " ".join(chance.choices(WORDS, k=3)) if serial % 3 else ""
    params = '{"n":5,"min":1,"max":100,"replacement":true,"base":10}'
    method = METHODS[chance.randrange(len(METHODS))]
    is_secret = chance.random() < 0.25
    kind = (drawer, 1000, "", "fifo", purpose, method, params, "fifod-1", digest, "", is_secret, False)
    return (serial, time_text, time_text, *kind, None, "", digest, False, "", None, "", digest, digest, None)


def _ask(rounds: int) -> dict[str, float]:
    clients = {name: _client(name) for name in (AUDITOR, MEMBER)}
    found = {name: _median(clients[who], f"/draws/?{query}", rounds) for name, (who, query) in PAGES.items()}
    found["charts, everybody's"] = _median(clients[AUDITOR], "/draws/charts/", 3)
    found["charts, own"] = _median(clients[MEMBER], "/draws/charts/", 3)
    found["export as CSV"] = _export(clients[AUDITOR])
    return found


def _client(name: str) -> Client:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(username=name))
    return client


def _median(client: Client, address: str, rounds: int) -> float:
    return median(_milliseconds(client, address) for _ in range(rounds + 1))


def _milliseconds(client: Client, address: str) -> float:
    start = time.process_time()
    answer = client.get(address)
    taken = (time.process_time() - start) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{address} gave {answer.status_code}")
    return taken


def _export(client: Client) -> float:
    start = time.process_time()
    lines = sum(piece.count(b"\n") for piece in client.get("/draws/export.csv"))
    return lines / (time.process_time() - start)


def main() -> None:
    """Make a history, or ask for its pages."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
    django.setup()
    act, number = sys.argv[1], int(sys.argv[2])
    if act == "make":
        _make(number)
    else:
        print(json.dumps(_ask(number)))


if __name__ == "__main__":
    main()
