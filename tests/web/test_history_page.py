from collections.abc import Callable
from itertools import chain, product
from pathlib import Path

from django.contrib.auth.models import User
from django.test import Client

from tests.daemons import Daemon
from tests.web.conftest import logged_in
from tests.web.histories import all_pages
from tests.web.histories import record as record_all
from tests.web.ledgers import Ledger
from tests.web.pages import draw, text
from webui import gateway
from webui.history import finding
from webui.history.question import Question

Recorded = Callable[[Daemon], None]


def test_it_lists_ones_own_draws(shared: Daemon, browser: Client, bob: User, record: Recorded) -> None:
    serial = draw(browser, purpose="for alice", n="1")
    theirs = draw(logged_in(bob), purpose="for bob")
    record(shared)
    page = text(browser.get("/draws/"))
    assert "for alice" in page and "1 integer from 1 to 100" in page and str(serial) in page
    assert "for bob" not in page and f"/draws/{theirs}/" not in browser.get("/draws/").content.decode()


def test_it_is_friendly_to_who_has_drawn_nothing(browser: Client) -> None:
    page = browser.get("/draws/")
    assert page.status_code == 200 and "You have not drawn anything yet" in text(page)


def test_its_pages_hold_every_draw_once(place: Path, alice: User, browser: Client) -> None:
    drawer = gateway.drawer(alice)
    ledger = Ledger(place / "ledger")
    for _ in range(60):
        ledger.draw(drawer)
        ledger.draw("web:99:somebody")
        ledger.draw(drawer)
    record_all(ledger)
    pages = all_pages(browser)
    assert [*chain(*pages)] == sorted((n for n in range(1, 181) if n % 3 != 2), reverse=True)
    assert list(map(len, pages)) == [50, 50, 20]


def test_no_row_of_anothers_is_read_whatever_was_found(place: Path, alice: User) -> None:
    ledger = Ledger(place / "ledger")
    ledger.draw("web:99:somebody")
    ledger.draw(gateway.drawer(alice))
    record_all(ledger)
    assert [draw.serial for draw in finding.rows(alice, Question(), [1, 2])] == [2]


def test_in_french_the_column_of_draws_is_called_by_the_noun(place: Path, alice: User, browser: Client) -> None:
    ledger = Ledger(place / "ledger")
    ledger.draw(gateway.drawer(alice))
    record_all(ledger)
    page = text(browser.get("/draws/", headers={"Accept-Language": "fr"}))
    assert "Tirage Objet" in page


def test_it_says_that_the_files_hold_no_values(place: Path, alice: User, browser: Client) -> None:
    ledger = Ledger(place / "ledger")
    ledger.draw(gateway.drawer(alice))
    record_all(ledger)
    assert "The values are not in them" in text(browser.get("/draws/"))


def test_it_survives_a_wrong_page(browser: Client) -> None:
    places = ["x", "-1", "9" * 400, "9" * 18, "1'--", "", "٣", "0", "\0", "1.5", " 1"]
    for place, order in product(places, ["newest", "method"]):
        assert browser.get("/draws/", {"after": place, "before": place, "order": order}).status_code == 200, place


def test_it_needs_no_daemon(daemon: Daemon, browser: Client, record: Recorded) -> None:
    draw(browser, purpose="kept")
    record(daemon)
    daemon.stop()
    assert "kept" in text(browser.get("/draws/"))


def test_it_sends_strangers_to_the_login(client: Client) -> None:
    assert client.get("/draws/")["Location"] == "/login/?next=/draws/"


def test_it_takes_get_only(browser: Client) -> None:
    assert browser.post("/draws/").status_code == 405
