"""The history as a file: all that the page shows for the same query, nothing else, sent while it is read."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import Client

from tests.web.conftest import logged_in, person
from tests.web.histories import record
from tests.web.ledgers import SEED, Ledger
from webui import access, gateway
from webui.history import export, finding
from webui.history.models import Draw

EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1", "plain", 'with "quotes", commas', "東京 <b> \u2028 fin"]


@pytest.fixture
def ledger(place: Path, alice: User, bob: User) -> Ledger:
    """Draws of alice with all sorts of purposes, and some of bob."""
    ledger = Ledger(place / "ledger")
    for purpose in EVIL:
        ledger.draw(gateway.drawer(alice), purpose=purpose)
        ledger.draw(gateway.drawer(bob), purpose="bob's own")
    ledger.draw(gateway.drawer(alice), seed="", seedHash="cd" * 32, purpose="kept secret", method="generateUUIDs")
    record(ledger)
    return ledger


@pytest.fixture(params=[1, 3, 2_000])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many draws are read at once."""
    size: int = request.param
    monkeypatch.setattr(export, "CHUNK", size)
    return size


def pieces_of(answer: Any) -> Iterator[bytes]:
    """The pieces of a file as they come."""
    assert isinstance(answer, StreamingHttpResponse)
    return iter(answer)


def sent(client: Client, ending: str, **asked: str) -> bytes:
    """A file as it comes."""
    answer = client.get(f"/draws/export.{ending}", asked)
    assert answer.status_code == 200
    return b"".join(pieces_of(answer))


def as_csv(client: Client, **asked: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(sent(client, "csv", **asked).decode(), newline="")))


def as_json(client: Client, **asked: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(sent(client, "json", **asked))
    return found


def test_both_hold_ones_own_draws_whatever_is_read_at_once(ledger: Ledger, browser: Client, chunk: int) -> None:
    own = [17, 15, 13, 11, 9, 7, 5, 3, 1]
    assert [int(row["serialNumber"]) for row in as_csv(browser)] == own
    assert [row["serialNumber"] for row in as_json(browser, order="oldest")] == own[::-1]
    assert [row["serialNumber"] for row in as_json(browser, order="method")] == [*own[1:], 17]


def test_json_says_what_the_records_say(ledger: Ledger, browser: Client) -> None:
    last, *_, first = as_json(browser)
    draw = Draw.objects.get(serial=1)
    assert (
        first["time"] == draw.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ") or first["time"] == "2026-11-23T08:00:00.000001Z"
    )
    assert first["params"] == {"n": 5, "min": 1, "max": 100, "replacement": True, "base": 10}
    assert (first["seed"], first["hash"], first["prev"]) == (SEED, draw.hash, draw.prev)
    assert (last["seed"], last["seedHash"], last["secret"]) == ("", "cd" * 32, 1)
    assert [row["purpose"] for row in as_json(browser, order="oldest")][:-1] == EVIL


def test_nothing_in_the_csv_is_a_formula_to_a_spreadsheet(ledger: Ledger, browser: Client) -> None:
    purposes = [row["purpose"] for row in as_csv(browser, order="oldest")][:-1]
    assert purposes == [*(f"'{purpose}" for purpose in EVIL[:5]), *EVIL[5:]]


def test_filters_count_and_what_is_wrong_is_left_out(ledger: Ledger, browser: Client) -> None:
    assert [row["serialNumber"] for row in as_json(browser, q="secret")] == [17]
    assert [row["serialNumber"] for row in as_json(browser, mark="secret", since="never")] == [17]
    assert as_json(browser, q="nothing") == [] and as_csv(browser, q="nothing") == []


def test_nothing_of_others_is_in_it(ledger: Ledger, browser: Client, bob: User) -> None:
    for asked in ({"q": "own"}, {"q": "2"}, {"person": gateway.drawer(bob)}, {"whose": "all"}, {"order": "person"}):
        assert b"bob" not in sent(browser, "json", **asked) + sent(browser, "csv", **asked), asked
    auditor = logged_in(person("auditor", access.AUDITOR))
    assert len(as_json(auditor)) == 17 and len(as_json(auditor, whose="own")) == 0
    assert [row["drawer"] for row in as_csv(auditor, person=bob.username)] == [gateway.drawer(bob)] * len(EVIL)


def test_it_is_a_file_to_keep(ledger: Ledger, browser: Client) -> None:
    for ending, kind in (("csv", "text/csv; charset=utf-8"), ("json", "application/json")):
        for answer in (browser.get(f"/draws/export.{ending}"), browser.head(f"/draws/export.{ending}")):
            assert answer["Content-Type"] == kind and "no-store" in answer["Cache-Control"]
            name = answer["Content-Disposition"].removeprefix('attachment; filename="fifod-draws-')
            assert name.endswith(f'.{ending}"') and len(name) == len(f'2026-11-27.{ending}"')
            answer.close()


def test_what_is_not_fetched_is_not_read(ledger: Ledger, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "CHUNK", 2)
    asked: list[int] = []
    original = finding.serials

    def counted(*arguments: Any) -> list[int]:
        asked.append(1)
        return original(*arguments)

    monkeypatch.setattr(finding, "serials", counted)
    answer = browser.get("/draws/export.csv")
    pieces = pieces_of(answer)
    next(pieces), next(pieces)
    assert len(asked) == 1
    answer.close()
    assert len(asked) == 1


def test_draws_that_come_meanwhile_are_left_out(
    ledger: Ledger, alice: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK", 2)
    answer = browser.get("/draws/export.json", {"order": "oldest"})
    pieces = pieces_of(answer)
    found = [next(pieces), next(pieces)]
    ledger.draw(gateway.drawer(alice))
    record(ledger)
    assert json.loads(b"".join([*found, *pieces]))[-1]["serialNumber"] == 17
