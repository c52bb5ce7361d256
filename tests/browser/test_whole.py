"""A walk through the whole site, as people take it together, everything running for real."""

import subprocess
import sys
from dataclasses import asdict

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import USER, OpenVisit, Visit
from tests.browser.visits import PHONE, Manner
from tests.waiting import DEADLINE
from tests.web.sites import CHECKOUT

KINDS = ("Integers", "Sequences", "Decimals", "Gaussians", "Strings", "UUIDs", "Blobs")
MANNERS = {"wide": Manner(), "phone, dark": Manner(size=PHONE, dark=True)}
_BRIGHTNESS = """() => getComputedStyle(document.documentElement).backgroundColor.match(/[0-9]+/g)
  .slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3"""


@pytest.fixture(params=list(MANNERS.values()), ids=list(MANNERS))
def alice(request: pytest.FixtureRequest, open_visit: OpenVisit) -> Visit:
    """Alice at her desk, and on her phone at night."""
    return open_visit(USER, **asdict(request.param))


def press_draw(page: Page) -> None:
    page.get_by_role("button", name="Draw", exact=True).click()


def open_receipt(page: Page) -> int:
    """Follow the link of a draw just made; its serial number."""
    page.get_by_role("link", name="Receipt and proof").click()
    page.wait_for_url("**/draws/*/")
    return int(page.url.rstrip("/").rpartition("/")[2])


def check(page: Page) -> None:
    """Press the button on a receipt; every step holds."""
    page.get_by_role("link", name="Check this draw").click()
    expect(page.get_by_text("All steps hold.")).to_be_visible()


def is_on(page: Page, serial: int) -> bool:
    return bool(page.locator(f'#results a[href="/draws/{serial}/"]').count())


@pytest.mark.parametrize("kind", KINDS)
def test_a_draw_of_each_kind_is_checked_on_its_receipt(alice: Visit, kind: str) -> None:
    page = alice.page
    page.goto("/")
    page.get_by_role("link", name=kind, exact=True).click()
    expect(page.get_by_role("link", name=kind, exact=True)).to_have_attribute("aria-current", "true")
    press_draw(page)
    open_receipt(page)
    check(page)


def test_strangers_follow_a_public_link_until_it_is_revoked(alice: Visit, open_visit: OpenVisit) -> None:
    page, stranger = alice.page, open_visit()
    page.goto("/?what=pick")
    page.get_by_label("Names, one a line").fill("Ada\nBlaise\nÉmilie")
    page.get_by_label("Purpose").fill("who brings the cake")
    press_draw(page)
    serial = open_receipt(page)
    page.get_by_role("button", name="Make a public link").click()
    link = page.get_by_label("The new link").input_value()
    stranger.page.goto(link)
    expect(stranger.page.get_by_text("who brings the cake")).to_be_visible()
    check(stranger.page)
    stranger.page.goto(f"/draws/{serial}/")
    expect(stranger.page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name="Revoke")).to_have_count(0)
    answer = stranger.page.goto(link)
    assert answer and answer.status == 404
    stranger.forgive("404")


def test_the_history_finds_a_draw_by_words_and_method(alice: Visit) -> None:
    page = alice.page
    alice.draw(Purpose="a pin in a haystack")
    serial = int(page.url.rstrip("/").rpartition("/")[2])
    page.goto("/draws/?q=haystack")
    while not is_on(page, serial):  # the recorder follows the ledger by itself
        page.reload()
    page.get_by_label("Method").select_option("generateUUIDs")
    expect(page.get_by_text("No draw fits all of this.")).to_be_visible()
    page.get_by_label("Method").select_option("generateIntegers")
    expect(page.locator(f'#results a[href="/draws/{serial}/"]')).to_be_visible()


def test_the_live_view_shows_a_draw_made_in_a_shell(alice: Visit) -> None:
    page = alice.page
    page.goto("/live/")
    expect(page.locator("#state")).to_contain_text("Following")
    before = len(alice.daemon.bodies("draw"))
    command = [sys.executable, "-m", "fifod.cli", "integers", "3"]
    subprocess.run(
        command, env=alice.daemon.environment, cwd=CHECKOUT, check=True, timeout=DEADLINE, capture_output=True
    )
    expect(page.locator(f'#log li[data-serial="{before + 1}"]')).to_contain_text(f"draw {before + 1}")


def test_pages_follow_the_daemon_that_is_stopped_and_started(alice: Visit, open_visit: OpenVisit) -> None:
    staff, watcher = open_visit("oscar"), open_visit("bob")
    alice.page.goto("/")
    watcher.page.goto("/live/")
    expect(watcher.page.locator("#daemon-state")).to_have_text("runs")
    staff.page.goto("/service/")
    daemon = staff.page.get_by_role("region", name="Daemon")
    daemon.locator("summary", has_text="Stop the daemon").click()
    daemon.get_by_role("button", name="Yes, stop the daemon").click()
    expect(daemon).to_contain_text("Stopped since")
    expect(watcher.page.locator("#daemon-state")).to_have_text("does not run")
    press_draw(alice.page)
    expect(alice.page.get_by_role("alert")).to_contain_text("The draw service is not running. Nothing was drawn.")
    alice.forgive("503")
    daemon.get_by_role("button", name="Start the daemon").click()
    expect(daemon).to_contain_text("Running since")
    expect(watcher.page.locator("#daemon-state")).to_have_text("runs")
    press_draw(alice.page)
    open_receipt(alice.page)
    check(alice.page)


def test_whoever_prefers_french_or_asks_for_it_gets_french(open_visit: OpenVisit) -> None:
    french, english = open_visit(USER, language="fr"), open_visit()
    french.page.goto("/draws/")
    expect(french.page.locator("html")).to_have_attribute("lang", "fr")
    expect(french.page.get_by_role("heading", name="Vos tirages")).to_be_visible()
    english.page.goto("/login/")
    expect(english.page.locator("html")).to_have_attribute("lang", "en")
    english.page.get_by_role("button", name="Français").click()
    expect(english.page.locator("html")).to_have_attribute("lang", "fr")
    english.page.goto("/login/")
    expect(english.page.get_by_role("button", name="Français")).to_have_attribute("aria-current", "true")


def test_dark_is_dark_and_light_is_light(open_visit: OpenVisit) -> None:
    for dark in (False, True):
        page = open_visit(USER, dark=dark).page
        for address in ("/", "/draws/", "/live/"):
            page.goto(address)
            assert (page.evaluate(_BRIGHTNESS) < 80) == dark, address
