import datetime
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import Settings

from tests.web.conftest import connect, logged_in, person
from tests.web.ledgers import Ledger
from tests.web.pages import text
from webui import access, gateway
from webui.history.models import Draw
from webui.history.recorder import Recorder
from webui.receipts import links, others

pytestmark = pytest.mark.django_db

LIST = {"input": {"count": 5, "sha256": "1f" * 32}}


@pytest.fixture
def ledger(place: Path, settings: Settings) -> Ledger:
    """A ledger without draws."""
    connect(settings, place)
    return Ledger(place / "state" / "ledger")


def record(ledger: Ledger) -> None:
    for _ in Recorder(ledger.directory).record_batches():
        pass


def move(serial: int, hours: float) -> None:
    """Let a draw have been made some hours from the others."""
    draw = Draw.objects.get(serial=serial)
    Draw.objects.filter(serial=serial).update(time=draw.time + datetime.timedelta(hours=hours))


def listed(page: Any) -> list[int]:
    """The other draws that a receipt names, whether or not they are links."""
    lists = "".join(re.findall(r"<details class=\"others\".*?</details>", page.content.decode(), re.S))
    return [int(serial) for serial in re.findall(r">\s*(?:<a [^>]*>)?Draw (\d+)", lists)]


def test_a_lone_draw_has_no_company(ledger: Ledger, alice: User, browser: Client) -> None:
    ledger.draw(gateway.drawer(alice))
    ledger.draw("unix:1000")
    page = browser.get("/draws/1/")
    assert "No other draw by this account within 24 hours" in text(page) and listed(page) == []
    assert "same list" not in text(page)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_every_other_draw_of_the_account_is_counted_and_listed(
    ledger: Ledger, alice: User, browser: Client, is_recorded: bool
) -> None:
    for drawer in (gateway.drawer(alice), "unix:1000", gateway.drawer(alice), "web:9:bob", gateway.drawer(alice)):
        ledger.draw(drawer, purpose="once more")
    if is_recorded:
        record(ledger)
    page = browser.get("/draws/3/")
    assert "2 other draws by this account within 24 hours" in text(page) and listed(page) == [1, 5]
    assert 'href="/draws/1/"' in page.content.decode() and "once more" in text(page)
    assert "Counted up to draw 5, the newest in the ledger" in text(page)


def test_draws_further_off_than_a_day_do_not_count(ledger: Ledger, alice: User, browser: Client) -> None:
    ledger.draws(5, gateway.drawer(alice))
    record(ledger)
    for serial, hours in ((1, -24.1), (2, -23.9), (4, 23.9), (5, 24.1)):
        move(serial, hours)
    assert listed(browser.get("/draws/3/")) == [2, 4]


@pytest.mark.parametrize("is_recorded", [True, False])
def test_every_draw_about_the_same_list_is_counted_whoever_drew(
    ledger: Ledger, alice: User, browser: Client, is_recorded: bool
) -> None:
    ledger.draw("web:9:bob", purpose="private to bob", **LIST)
    ledger.draw(gateway.drawer(alice), **LIST)
    ledger.draw("unix:1000", purpose="of a shell", **LIST)
    ledger.draw("unix:1000", input={"count": 5, "sha256": "2e" * 32})
    if is_recorded:
        record(ledger)
        move(1, -5000)
    page = browser.get("/draws/2/")
    assert "2 other draws about the same list, by anybody, at any time" in text(page) and listed(page) == [1, 3]
    assert "private to bob" not in text(page) and "of a shell" not in text(page) and "unix:1000" not in text(page)
    assert 'href="/draws/1/"' not in page.content.decode() and 'href="/draws/3/"' not in page.content.decode()


def test_the_same_names_in_another_order_are_said_to_be_another_list(
    ledger: Ledger, alice: User, browser: Client, client: Client
) -> None:
    for names in ("Ann\nBob\n", "Bob\nAnn\n", "Ann \nBob\n"):
        digest = hashlib.sha256(names.encode()).hexdigest()
        ledger.draw(gateway.drawer(alice), input={"count": 2, "sha256": digest})
    for page in (browser.get("/draws/1/"), client.get(f"/r/{links.make(alice, 1)}/")):
        assert "2 other draws by this account" in text(page) and "No other draw about the same list" in text(page)
        assert "exactly the same names in the same order" in text(page) and "stand in the count above" in text(page)


def test_an_auditor_can_open_the_others(ledger: Ledger, alice: User) -> None:
    ledger.draw("unix:1000", purpose="of a shell", **LIST)
    ledger.draw(gateway.drawer(alice), **LIST)
    page = logged_in(person("audrey", access.AUDITOR)).get("/draws/2/")
    assert 'href="/draws/1/"' in page.content.decode() and "of a shell" in text(page)
    assert "2 integers" not in text(page) and "5 integers from 1 to 100" in text(page)


def test_of_very_many_some_are_listed_and_the_rest_is_counted(ledger: Ledger, alice: User, browser: Client) -> None:
    ledger.draws(100, gateway.drawer(alice))
    record(ledger)
    page = browser.get("/draws/50/")
    assert listed(page) == [*range(40, 50), *range(51, 61)]
    assert "99 other draws by this account" in text(page) and "and 79 more" in text(page)


def test_more_than_are_counted_is_said(
    ledger: Ledger, alice: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others, "_COUNTED", 30)
    ledger.draws(100, gateway.drawer(alice), **LIST)
    record(ledger)
    page = text(browser.get("/draws/50/"))
    assert "More than 60 other draws by this account" in page and "More than 60 other draws about the same" in page


def test_what_the_recorder_has_not_reached_is_read_from_the_ledger(
    ledger: Ledger, alice: User, browser: Client
) -> None:
    ledger.draws(3, gateway.drawer(alice))
    record(ledger)
    ledger.draws(2, gateway.drawer(alice))
    page = browser.get("/draws/1/")
    assert listed(page) == [2, 3, 4, 5] and "Counted up to draw 5" in text(page)


def test_a_recorder_that_lags_far_hides_nothing(
    ledger: Ledger, alice: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others, "_READ_AHEAD", 3)
    ledger.draws(2, gateway.drawer(alice))
    record(ledger)
    ledger.draws(10, gateway.drawer(alice))
    page = text(browser.get("/draws/1/"))
    assert "Counted up to draw 5: the 7 newest draws are not counted yet" in page


def test_a_ledger_that_cannot_be_read_is_said(ledger: Ledger, alice: User, browser: Client, settings: Settings) -> None:
    ledger.draws(2, gateway.drawer(alice))
    record(ledger)
    settings.LEDGER_DIR = ledger.directory / "nowhere"
    page = text(browser.get("/draws/1/"))
    assert "Counted up to draw 2. Whether there are newer ones cannot be seen now" in page


def test_a_day_that_is_not_over_is_said(ledger: Ledger, alice: User, browser: Client) -> None:
    ledger.draws(2, gateway.drawer(alice))
    record(ledger)
    assert "are not over yet" not in text(browser.get("/draws/1/"))
    now = datetime.datetime.now(datetime.UTC)
    row = Draw.objects.get(serial=1)
    row.time = now - datetime.timedelta(hours=23)
    assert others.of(row).goes_on
    row.time = now - datetime.timedelta(hours=25)
    assert not others.of(row).goes_on


def test_the_questions_are_answered_by_indexes(ledger: Ledger) -> None:
    ledger.draws(3000)
    ledger.draws(3, "web:7:alice", **LIST)
    record(ledger)
    plans: list[str] = []

    def explain(execute: Any, *question: Any) -> Any:
        plans.append(plan(*question))
        return execute(*question)

    with connection.execute_wrapper(explain):
        others.of(Draw.objects.get(serial=3002))
    questions = [plan for plan in plans if plan]
    assert len(questions) >= 5
    assert all("SCAN history_draw" not in plan for plan in questions), questions
    assert any("draw_drawer" in plan for plan in questions) and any("draw_input" in plan for plan in questions)


def plan(sql: str, params: Any, many: bool, context: Any) -> str:
    if not sql.startswith("SELECT") or "history_draw" not in sql:
        return ""
    explained = context["connection"].connection.execute("EXPLAIN QUERY PLAN " + sql.replace("%s", "?"), params)
    return str([row[-1] for row in explained])
