import datetime
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from fifod.client import Client as Drawer
from tests.daemons import Daemon
from tests.web.conftest import logged_in, person
from tests.web.pages import draw, text, values_of
from webui import access, gateway
from webui.history.models import Draw
from webui.receipts import links, receipt

Recorded = Callable[[Daemon], None]


def test_it_shows_a_draw_before_it_is_recorded(shared: Daemon, browser: Client) -> None:
    serial = draw(browser, purpose="a raffle")
    assert not Draw.objects.exists()
    page = text(browser.get(f"/draws/{serial}/"))
    assert "a raffle" in page and "5 integers from 1 to 100" in page
    record = shared.bodies("draw")[serial - 1]
    assert record["seed"] in page and record["drawer"] in page


def test_it_shows_the_same_once_the_draw_is_recorded(shared: Daemon, browser: Client, record: Recorded) -> None:
    serial = draw(browser, purpose="a raffle", replacement="0")
    before = browser.get(f"/draws/{serial}/").content
    record(shared)
    assert Draw.objects.filter(serial=serial).exists()
    assert _without_token(browser.get(f"/draws/{serial}/").content) == _without_token(before)


def test_it_names_hash_and_the_hash_before(shared: Daemon, browser: Client) -> None:
    draw(browser)
    serial = draw(browser)
    page = text(browser.get(f"/draws/{serial}/"))
    head = next(head for head, _, _ in shared.records() if head.get("serial") == serial)
    assert head["prev"] in page


def test_on_paper_it_says_where_it_comes_from_and_of_when_it_is(
    shared: Daemon, alice: User, browser: Client, client: Client
) -> None:
    serial = draw(browser)
    identity = next(body["identity"] for head, body, _ in shared.records() if head["kind"] == "ledger")
    for path in (f"/draws/{serial}/", f"/r/{links.make(alice, serial)}/"):
        before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        page = client.get(path) if path.startswith("/r/") else browser.get(path)
        found = re.search(r'<p class="on-paper source">(.*?)</p>', page.content.decode(), re.S)
        assert found and f"<code>http://testserver{path}</code>" in found[1] and identity in found[1]
        made = re.search(r"stood at (\S+ \S+) UTC", found[1])
        assert made
        time = datetime.datetime.fromisoformat(f"{made[1]}+00:00")
        assert before <= time <= datetime.datetime.now(datetime.UTC)


def test_it_sums_up_the_values(shared: Daemon, browser: Client) -> None:
    serial = draw(browser, n="4", min="10", max="10")
    assert "4 values, sum 40, mean 10" in text(browser.get(f"/draws/{serial}/"))


@pytest.mark.parametrize(
    ("value", "mean"), [("479820001", "479820001"), ("-1000000000", "-1000000000"), ("0", "0"), ("100", "100")]
)
def test_it_writes_the_mean_in_plain_digits(shared: Daemon, browser: Client, value: str, mean: str) -> None:
    page = text(browser.get(f"/draws/{draw(browser, n='3', min=value, max=value)}/"))
    assert page.partition(" mean ")[2].split()[0] == mean


def test_the_mean_has_four_decimal_places() -> None:
    assert receipt.Receipt(Draw(), [1, 1, 0]).mean == "0.6667"
    assert receipt.Receipt(Draw(), [-1, *[0] * 99_999]).mean == "0"


@pytest.mark.parametrize("is_recorded", [False, True])
def test_it_hides_anothers_draw(
    shared: Daemon, browser: Client, bob: User, record: Recorded, is_recorded: bool
) -> None:
    serial = draw(browser, purpose="private to alice")
    if is_recorded:
        record(shared)
    page = logged_in(bob).get(f"/draws/{serial}/")
    assert page.status_code == 404 and "private" not in text(page) and "no such draw" in text(page)


def test_it_hides_anothers_draw_while_the_daemon_is_stopped(
    daemon: Daemon, browser: Client, bob: User, record: Recorded
) -> None:
    serial = draw(browser, purpose="private to alice")
    record(daemon)
    daemon.stop()
    page = logged_in(bob).get(f"/draws/{serial}/")
    assert page.status_code == 404 and "private" not in text(page)


def test_it_hides_draws_made_in_a_shell(shared: Daemon, browser: Client, record: Recorded) -> None:
    with Drawer(str(shared.run)) as drawer:
        serial = drawer.integers(3).serial_number
    record(shared)
    assert browser.get(f"/draws/{serial}/").status_code == 404


def test_it_hides_everything_from_an_account_with_a_name_used_before(
    shared: Daemon, browser: Client, alice: User, bob: User
) -> None:
    serial = draw(browser)
    name = alice.username
    alice.delete()
    bob.username = name
    bob.save()
    assert logged_in(bob).get(f"/draws/{serial}/").status_code == 404


@pytest.mark.parametrize("serial", ["999999", "9" * 18])
def test_it_knows_no_draw_that_never_was(shared: Daemon, browser: Client, serial: str) -> None:
    assert browser.get(f"/draws/{serial}/").status_code == 404


@pytest.mark.parametrize("serial", ["0", "-1", "1x", "9" * 19, "1.0", "%00", "..%2f1", "١"])
def test_it_takes_serial_numbers_only(browser: Client, serial: str) -> None:
    assert browser.get(f"/draws/{serial}/").status_code == 404


def test_it_shows_all_of_it_while_the_daemon_is_stopped(daemon: Daemon, browser: Client) -> None:
    serial = draw(browser, purpose="a raffle")
    values = values_of(browser.get(f"/draws/{serial}/"))
    daemon.stop()
    page = browser.get(f"/draws/{serial}/")
    assert "a raffle" in text(page) and values_of(page) == values and len(values) == 5


def test_it_shows_a_draws_row_while_the_ledger_cannot_be_read(
    daemon: Daemon, browser: Client, bob: User, record: Recorded, settings: Settings
) -> None:
    serial = draw(browser, purpose="a raffle")
    values = values_of(browser.get(f"/draws/{serial}/"))
    record(daemon)
    settings.LEDGER_DIR = daemon.place / "nowhere"
    page = browser.get(f"/draws/{serial}/")
    assert "from this site's own table" in text(page) and values_of(page) == values and len(values) == 5
    assert "the ledger cannot be read" in text(page)
    assert logged_in(bob).get(f"/draws/{serial}/").status_code == 404


def test_it_says_that_a_draw_is_not_available_now(daemon: Daemon, browser: Client, settings: Settings) -> None:
    serial = draw(browser)
    settings.LEDGER_DIR = daemon.place / "nowhere"
    for address in (f"/draws/{serial}/", f"/draws/{serial}/check/"):
        page = browser.get(address)
        assert page.status_code == 503 and "Nothing is lost" in text(page)


def test_it_computes_the_values_that_were_drawn(shared: Daemon, alice: User, browser: Client) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        reply = drawer.integers(2500, 1, 10**9)
    page = browser.get(f"/draws/{reply.serial_number}/")
    assert values_of(page) == list(map(str, reply.data[:2000]))
    assert f"2500 values, sum {sum(reply.data)}" in text(page) and "The first 2000 of 2500 values" in text(page)


def test_it_shows_a_secret_draw_without_its_values(
    shared: Daemon, alice: User, browser: Client, record: Recorded
) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        reply = drawer.strings(2, secret=True)
    record(shared)
    page = text(browser.get(f"/draws/{reply.serial_number}/"))
    assert "A secret draw" in page and str(reply.seed) not in page and not set(reply.data) & set(page.split())


def test_it_says_that_a_repeatable_draw_is_no_evidence(shared: Daemon, alice: User, browser: Client) -> None:
    params = {"n": 3, "min": 1, "max": 9, "pregeneratedRandomization": {"id": "again"}}
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        reply = drawer.call("generateIntegers", params)
    assert "No evidence of a fair draw" in text(browser.get(f"/draws/{reply.serial_number}/"))


def test_it_says_of_a_classic_draw_that_its_process_is_a_claim(
    shared: Daemon, alice: User, browser: Client, record: Recorded
) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        serial = drawer.integers(3, classic={"pid": 4242}).serial_number
    for _ in range(2):
        page = text(browser.get(f"/draws/{serial}/"))
        assert "a client of the classic bridge; the number of its process as it said itself: 4242" in page
        record(shared)
    assert "the classic bridge" not in text(browser.get(f"/draws/{draw(browser)}/"))


def test_it_shows_every_method(shared: Daemon, alice: User, browser: Client, record: Recorded) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        replies = [drawer.sequences(2, 3), drawer.decimals(2), drawer.gaussians(2), drawer.uuids(2), drawer.blobs(1)]
        with drawer.stream() as stream:
            stream.read(10)
            serials = [reply.serial_number for reply in replies] + [stream.serial_number]
    for _ in range(2):
        assert {browser.get(f"/draws/{serial}/").status_code for serial in serials} == {200}
        record(shared)
    assert values_of(browser.get(f"/draws/{serials[3]}/")) == replies[3].data


def test_it_shows_parameters_as_the_record_has_them(shared: Daemon, alice: User, browser: Client) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        texts = drawer.strings(2, characters="aAbBÄ<i>").serial_number
        lists = drawer.sequences(2, [3, 4], replacement=[True, False]).serial_number
    assert "characters aAbBÄ<i> , replacement true" in text(browser.get(f"/draws/{texts}/"))
    assert "length [3, 4] ," in text(browser.get(f"/draws/{lists}/"))


def test_it_says_that_names_are_not_proven_where_one_user_runs_all(shared: Daemon, browser: Client) -> None:
    assert "names of drawers are not proven" in text(browser.get(f"/draws/{draw(browser)}/"))


def test_it_offers_a_new_draw_to_who_may_draw(shared: Daemon, browser: Client) -> None:
    serial = draw(browser)
    for page, is_offered in (
        (browser.get(f"/draws/{serial}/"), True),
        (logged_in(person("audrey", access.AUDITOR)).get(f"/draws/{serial}/"), False),
    ):
        assert ("New draw" in text(page)) == is_offered and "History" in text(page)


def test_it_sends_strangers_to_the_login(shared: Daemon, browser: Client, client: Client) -> None:
    serial = draw(browser)
    answer = client.get(f"/draws/{serial}/")
    assert answer.status_code == 302 and answer["Location"] == f"/login/?next=/draws/{serial}/"


def test_it_takes_get_only(browser: Client) -> None:
    assert browser.post("/draws/1/").status_code == 405


def _without_token(page: bytes) -> list[bytes]:
    return [line for line in page.splitlines() if b"csrfmiddlewaretoken" not in line and b"Printed as" not in line]
