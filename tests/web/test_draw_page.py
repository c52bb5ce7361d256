import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.daemons import Daemon, limited
from tests.web.conftest import CONFIG, connect, logged_in
from tests.web.pages import draw, fill, key_of, serial_of, text, values_of
from webui import gateway
from webui.history.models import Draw

HOSTILE = "<script>alert(1)</script>' OR 1=1 -- %s {{ 7*7 }} \\ é 🎲"


def test_it_draws_on_behalf_of_the_account(shared: Daemon, browser: Client, alice: User) -> None:
    serial = draw(browser, n="7", min="-3", max="3", purpose="a jury")
    body = next(body for head, body, _ in shared.records() if head.get("serial") == serial)
    assert body["drawer"] == f"web:{alice.pk}:{alice.username}"
    assert body["params"] == {"n": 7, "min": -3, "max": 3, "replacement": True, "base": 10}
    assert body["purpose"] == "a jury" and body["key"]


def test_it_leads_to_the_receipt_where_a_reload_draws_nothing(shared: Daemon, browser: Client) -> None:
    serial = draw(browser)
    first, second = browser.get(f"/draws/{serial}/"), browser.get(f"/draws/{serial}/")
    assert values_of(first) == values_of(second) and len(values_of(first)) == 5
    assert next(iter(shared.bodies("draw")[serial:]), None) is None


def test_it_draws_once_however_often_a_form_is_sent(shared: Daemon, browser: Client) -> None:
    form = fill(browser)
    assert len({serial_of(browser.post("/", form)) for _ in range(5)}) == 1


def test_it_gives_each_form_a_key_of_its_own(shared: Daemon, browser: Client) -> None:
    assert key_of(browser.get("/")) != key_of(browser.get("/"))
    assert draw(browser) != draw(browser)


def test_it_draws_different_values_without_replacement(shared: Daemon, browser: Client) -> None:
    serial = draw(browser, n="100", replacement="0")
    assert sorted(map(int, values_of(browser.get(f"/draws/{serial}/")))) == list(range(1, 101))


@pytest.mark.parametrize(("base", "digits"), [("2", "01"), ("8", "01234567"), ("16", "0123456789abcdef")])
def test_it_writes_values_in_other_bases(shared: Daemon, browser: Client, base: str, digits: str) -> None:
    values = values_of(browser.get(f"/draws/{draw(browser, base=base, max='4000')}/"))
    assert values and set("".join(values)) <= set(digits)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("n", "0", "At least 1."),
        ("n", "10001", "At most 10 000."),
        ("n", "", "required"),
        ("n", "5.5", "whole number"),
        ("n", "9" * 5000, "whole number"),
        ("n", "NaN", "whole number"),
        ("n", HOSTILE, "whole number"),
        ("min", "-1000000001", "At least −1 000 000 000."),
        ("min", "101", "greater than the largest value"),
        ("max", "1000000001", "At most 1 000 000 000."),
        ("max", "1e3", "whole number"),
        ("replacement", "maybe", "valid choice"),
        ("replacement", "", "required"),
        ("base", "10 or 1", "valid choice"),
        ("base", "", "required"),
        ("purpose", "é" * 201, "402 bytes"),
        ("purpose", "x" * 401, "Too long: at most 400 characters."),
        ("purpose", "a\x00b", "Null characters"),
        ("purpose", "a\u202eb", "control characters"),
        ("purpose", "a\x1b[31mb", "control characters"),
        ("purpose", "a\r\nSet-Cookie: x=y", "control characters"),
        ("key", "", "out of date"),
        ("key", "A" * 32, "out of date"),
        ("key", "0" * 31, "out of date"),
        ("key", "../../etc/passwd", "out of date"),
    ],
)
def test_it_says_at_the_field_what_is_wrong(
    shared: Daemon, browser: Client, field: str, value: str, words: str
) -> None:
    before = len(shared.bodies("draw"))
    page = browser.post("/", fill(browser, **{field: value}))
    assert page.status_code == 200 and words in text(page)
    assert len(shared.bodies("draw")) == before


def test_it_says_how_many_different_values_there_are(shared: Daemon, browser: Client) -> None:
    page = browser.post("/", fill(browser, n="11", max="10", replacement="0"))
    assert "There are only 10 different values" in text(page)


@pytest.mark.parametrize("field", ["n", "min", "max", "replacement", "base", "key"])
def test_it_survives_a_form_without_a_field(shared: Daemon, browser: Client, field: str) -> None:
    form = fill(browser)
    del form[field]
    assert browser.post("/", form).status_code == 200


def test_it_renews_a_form_whose_key_is_no_key(shared: Daemon, browser: Client) -> None:
    page = browser.post("/", fill(browser, key="nonsense", n="3"))
    answer = browser.post("/", fill(browser, key=key_of(page), n="3"))
    assert answer.status_code == 302


def test_it_keeps_hostile_texts_harmless(shared: Daemon, browser: Client) -> None:
    serial = draw(browser, purpose=HOSTILE)
    page = browser.get(f"/draws/{serial}/")
    assert "<script>" not in page.content.decode() and HOSTILE in text(page)


def test_it_explains_a_form_that_was_sent_again_with_other_values(shared: Daemon, browser: Client) -> None:
    form = fill(browser)
    first = serial_of(browser.post("/", form))
    page = browser.post("/", {**form, "max": "101"})
    assert page.status_code == 409 and "has drawn once already" in text(page)
    assert serial_of(browser.post("/", {**form, "max": "101", "key": key_of(page)})) != first


def test_it_sends_strangers_to_the_login(shared: Daemon, client: Client) -> None:
    before = len(shared.bodies("draw"))
    for answer in (client.get("/"), client.post("/", {"n": "5"})):
        assert answer.status_code == 302 and answer["Location"] == "/login/?next=/"
    assert len(shared.bodies("draw")) == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_it_takes_get_and_post_only(browser: Client, method: str) -> None:
    assert browser.generic(method, "/").status_code == 405


def test_it_draws_nothing_for_a_get_with_fields(shared: Daemon, browser: Client) -> None:
    before = len(shared.bodies("draw"))
    assert browser.get("/", fill(browser)).status_code == 200
    assert len(shared.bodies("draw")) == before


def test_it_refuses_a_form_from_another_site(shared: Daemon, alice: User) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(alice)
    page = careful.post("/", fill(careful))
    assert page.status_code == 403 and "out of date" in text(page) and "Traceback" not in text(page)


def test_it_refuses_a_form_that_is_far_too_large(shared: Daemon, browser: Client) -> None:
    page = browser.post("/", fill(browser, purpose="x" * 3_000_000))
    assert page.status_code == 413 and "Nothing was drawn" in text(page)


def test_it_says_that_the_daemon_is_stopped(daemon: Daemon, browser: Client) -> None:
    form = fill(browser)
    daemon.stop()
    page = browser.post("/", form)
    assert page.status_code == 503 and "not running" in text(page) and "Nothing was drawn" in text(page)


def test_it_says_that_the_daemon_was_never_there(place: Path, settings: Settings, browser: Client) -> None:
    connect(settings, place)
    page = browser.post("/", fill(browser))
    assert page.status_code == 503 and "not running" in text(page)


def test_a_form_sent_again_after_a_time_out_gives_one_draw(
    daemon: Daemon, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = fill(browser)
    daemon.tell(signal.SIGSTOP)
    monkeypatch.setattr(gateway, "SECONDS_FOR_A_DRAW", 0.2)
    page = browser.post("/", form)
    daemon.tell(signal.SIGCONT)
    assert page.status_code == 504 and "Press “Draw” again" in text(page) and key_of(page) == form["key"]
    monkeypatch.undo()
    serials = {serial_of(browser.post("/", form)) for _ in range(3)}
    assert len(serials) == 1 and len(daemon.bodies("draw")) == 1


def test_it_says_that_the_ledgers_disk_is_full(place: Path, settings: Settings, browser: Client) -> None:
    connect(settings, place)
    # A limit on the size of files stands in for the end of a disk: the same write fails in the same way.
    daemon = Daemon(place, CONFIG)
    try:
        daemon.start(prepare=limited(resource.RLIMIT_FSIZE, 4096))
        pages = [browser.post("/", fill(browser)) for _ in range(20)]
    finally:
        daemon.end()
    page = pages[-1]
    assert page.status_code == 503 and "could not be recorded" in text(page)


def test_it_says_that_the_quota_is_used_up(place: Path, settings: Settings, browser: Client) -> None:
    connect(settings, place)
    with Daemon(place, f"{CONFIG}[limits]\ndraws_per_minute = 2\n"):
        draw(browser), draw(browser)
        page = browser.post("/", fill(browser))
    assert page.status_code == 429 and "Wait a minute" in text(page)


def test_it_says_that_the_site_may_not_draw_for_others(place: Path, settings: Settings, browser: Client) -> None:
    connect(settings, place)
    with Daemon(place, 'durability = "process"\n'):
        page = browser.post("/", fill(browser))
    assert page.status_code == 502 and "whoever runs this site" in text(page)


def test_it_names_ones_newest_draw(daemon: Daemon, alice: User, bob: User, record: Callable[[Daemon], None]) -> None:
    browser, other = logged_in(alice), logged_in(bob)
    assert "newest draw" not in text(browser.get("/"))
    draw(browser), draw(browser)
    record(daemon)
    draw(other)
    record(daemon)
    page = browser.get("/")
    time = Draw.objects.get(serial=2).time
    assert f"Your newest draw: 2 , {time:%Y-%m-%d %H:%M:%S} UTC" in text(page)
    assert '<a href="/draws/2/">2</a>' in page.content.decode()
    assert "Your newest draw: 3 ," in text(other.get("/"))
    assert "newest draw" not in text(browser.get("/", headers={"HX-Request": "true"}))


def test_it_names_no_draw_while_there_may_be_a_newer_one(
    daemon: Daemon, browser: Client, record: Callable[[Daemon], None]
) -> None:
    draw(browser)
    record(daemon)
    draw(browser)
    assert "newest draw" not in text(browser.get("/"))
    record(daemon)
    assert "Your newest draw: 2 ," in text(browser.get("/"))


@pytest.mark.parametrize("name", ["al\u202eice", "bell\x07", "ü" * 150, "tab\there", "𝔞" * 150, "o'brien; --", "a:b"])
def test_it_draws_for_accounts_with_odd_names(shared: Daemon, alice: User, browser: Client, name: str) -> None:
    alice.username = name
    alice.save()
    serial = draw(browser)
    assert browser.get(f"/draws/{serial}/").status_code == 200
