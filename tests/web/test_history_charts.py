"""Charts: the right numbers, in pictures that bring neither styles nor scripts, and in a table."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.conftest import logged_in, person
from tests.web.histories import record
from tests.web.ledgers import Ledger
from tests.web.pages import text
from tests.web.test_history_plans import plan, questions_of
from webui import access, gateway
from webui.history import counts, dashboard
from webui.history.models import Draw
from webui.history.question import Question

FIRST = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)


@pytest.fixture
def ledger(place: Path, alice: User, bob: User) -> Ledger:
    """Every third draw is bob's, every second of UUIDs; one each six hours."""
    ledger = Ledger(place / "ledger")
    for number in range(24):
        drawer = gateway.drawer(alice if number % 3 else bob)
        method = "generateUUIDs" if number % 2 else "generateIntegers"
        ledger.draw(drawer, method=method, purpose="raffle" if number % 4 else "")
    record(ledger)
    for number in range(24):
        Draw.objects.filter(serial=number + 1).update(time=FIRST + number * timedelta(hours=6))
    return ledger


def _numbers(client: Client, address: str = "/draws/charts/", **asked: str) -> list[tuple[str, int]]:
    page = client.get(address, asked).content.decode()
    return [(name, int(number)) for name, number in re.findall(r'<th scope="row">(.*?)</th><td>(\d+)</td>', page)]


def test_own_draws_are_counted_by_day_and_method(ledger: Ledger, browser: Client) -> None:
    days = [("03-02", 3), ("03-03", 3), ("03-04", 2), ("03-05", 3), ("03-06", 3), ("03-07", 2)]
    assert _numbers(browser) == [*days, ("Integers", 8), ("UUIDs", 8)]


def test_an_auditor_sees_all_counted(ledger: Ledger) -> None:
    auditor = logged_in(person("auditor", access.AUDITOR))
    found = _numbers(auditor)
    assert [count for _, count in found] == [1, 4, 4, 4, 4, 4, 3, 12, 12]
    assert "24 draws" in text(auditor.get("/draws/charts/"))
    assert sum(count for _, count in _numbers(auditor, q="raffle")[:-2]) == 18


def test_a_short_period_is_counted_by_hour(ledger: Ledger, browser: Client) -> None:
    found = _numbers(browser, since="2026-03-02", until="2026-03-02")
    assert found == [("03-02 04:00", 1), ("03-02 10:00", 1), ("03-02 22:00", 1), ("Integers", 2), ("UUIDs", 1)]


def test_members_count_nothing_of_others(ledger: Ledger, browser: Client, bob: User) -> None:
    for asked in ({"person": gateway.drawer(bob)}, {"whose": "all"}, {"order": "person"}):
        assert sum(count for _, count in _numbers(browser, **asked)) == 32, asked
    assert _numbers(browser, q="1") == [] and "There is no draw" in text(browser.get("/draws/charts/", {"q": "1"}))


def test_years_are_counted_by_month_and_decades_by_year(ledger: Ledger) -> None:
    for days, unit in ((0, "day"), (400, "month"), (4000, "year")):
        Draw.objects.filter(serial=1).update(time=FIRST - timedelta(days=days))
        found = counts.over_time(Question())
        assert found is not None and found.unit == unit and sum(step.count for step in found.steps) == 24
        assert len(found.steps) <= 100


def test_a_clock_that_was_set_back_loses_no_draw(ledger: Ledger) -> None:
    Draw.objects.filter(serial=10).update(time=FIRST - timedelta(days=3))
    Draw.objects.filter(serial=12).update(time=FIRST + timedelta(days=30))
    found = counts.over_time(Question())
    assert found is not None and sum(step.count for step in found.steps) == 24


def test_pictures_bring_no_styles_and_no_scripts(ledger: Ledger) -> None:
    found = dashboard.of(Question())
    assert found is not None
    for picture in (found.of_time, found.of_methods):
        root = ElementTree.fromstring(picture)
        assert root.tag.endswith("svg") and len(list(root.iter())) > 20
        assert not re.search(r"<style|<script|style=|http-equiv|\bon\w+=|<!--|xlink", picture)
        assert 'aria-hidden="true"' in picture and "id=" not in picture


def test_counting_reads_no_rows(ledger: Ledger, alice: User) -> None:
    drawer = gateway.drawer(alice)
    for question in (Question(), Question(drawer=drawer), Question(drawer=drawer, words=("raffle",))):
        for asked in questions_of(partial(dashboard.of, question)):
            for step in plan(asked):
                is_walk = "COVERING INDEX" in step or "VIRTUAL TABLE" in step or "LIMIT 1" in asked
                assert is_walk and "TEMP B-TREE" not in step, (asked, step)


def test_who_may_not_look_back_sees_no_chart(ledger: Ledger, client: Client) -> None:
    assert client.get("/draws/charts/")["Location"].startswith("/login/")
    assert logged_in(person("operator", access.OPERATOR)).get("/draws/charts/").status_code == 403
