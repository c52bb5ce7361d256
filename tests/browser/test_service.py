"""The service page as staff uses it: it follows what happens without being reloaded."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenVisit, Visit
from tests.browser.world import World, running
from tests.waiting import until

LONG = 60_000.0
"""For what a process of its own does, which gives way to others."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A world of its own, in which programs may come to harm."""
    with running() as world:
        yield world


def open_page(visit: Visit) -> Locator:
    """The service page, in which a mark is set that a reload would lose; the daemon's part of it."""
    visit.log_in("oscar")
    visit.page.get_by_role("link", name="Service").click()
    visit.page.evaluate("window.isTheSamePage = true")
    return visit.page.get_by_role("region", name="Daemon")


def stop(daemon: Locator) -> None:
    daemon.locator("summary", has_text="Stop the daemon").click()
    daemon.get_by_role("button", name="Yes, stop the daemon").click()


def test_stop_and_start_show_without_a_reload(visit: Visit) -> None:
    daemon, page = open_page(visit), visit.page
    expect(daemon).to_contain_text("Running since")
    stop(daemon)
    expect(daemon).to_contain_text("Stopped since")
    expect(page.get_by_text("Daemon, stop: done.")).to_be_visible()
    expect(daemon.get_by_role("button", name="Yes, stop the daemon")).to_be_hidden()
    expect(daemon.locator("summary").first).to_be_focused()
    expect(page.get_by_role("log")).to_contain_text("as it was asked to")
    daemon.get_by_role("button", name="Start the daemon").click()
    expect(daemon).to_contain_text("Running since")
    assert page.evaluate("window.isTheSamePage")


def test_it_follows_what_happens_elsewhere(visit: Visit, world: World) -> None:
    daemon, page = open_page(visit), visit.page
    log = page.get_by_role("log")
    expect(daemon).to_contain_text("Running since")
    trial, mark = world.trial, os.urandom(4).hex()
    for number in range(3):
        trial.supervisor.output.lines.add("fifod", f"<b>{mark}</b> {number}\x1b[31m")
    # Programs may say something at any time, so not all that comes is this test's.
    mine = log.locator("li", has_text=mark)
    expect(mine).to_have_count(3)
    expect(mine.last).to_contain_text(f"<b>{mark}</b> 2\\x1b[31m")
    assert log.evaluate("list => list.scrollTop + list.clientHeight >= list.scrollHeight - 8")
    [program] = [program for program in trial.supervisor.programs if program.name == "fifod"]
    pid = program.process.pid if program.process else 0
    expect(daemon).to_contain_text(f"Main process{pid}")
    program.send(9)
    expect(daemon).to_contain_text("was killed by SIGKILL")
    expect(daemon).not_to_contain_text(f"Main process{pid}")
    assert page.evaluate("window.isTheSamePage")


@contextmanager
def under_way(world: World, done: int, total: int) -> Iterator[None]:
    """As if the newest check were at some point of a large ledger; at the end it is cut off."""
    lock = os.open(f"{world.site.database}.verification", os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with closing(sqlite3.connect(world.site.database, timeout=30, isolation_level=None)) as database:
            database.execute("UPDATE service_verification SET outcome = '', done = ?, total = ?", (done, total))
        yield
    finally:
        os.close(lock)


def test_verifying_the_ledger_shows_how_far_it_is_and_what_came_of_it(visit: Visit, world: World) -> None:
    open_page(visit)
    page, ledger = visit.page, visit.page.get_by_role("region", name="Ledger")
    ledger.get_by_role("button", name="Verify the ledger").click()
    expect(page.get_by_text("Ledger, verify: begun.")).to_be_visible()
    expect(ledger).to_contain_text("Good.", timeout=LONG)
    expect(ledger).to_contain_text("Begun by oscar at")
    with under_way(world, 600_000, 1_000_000):
        expect(ledger.get_by_role("progressbar", name="Ledger Begun by oscar")).to_have_js_property("value", 600_000)
        expect(ledger).to_contain_text("60 %")
        expect(ledger.get_by_role("button", name="Verify the ledger")).to_be_hidden()
        ledger.get_by_role("button", name="Cancel the check of the ledger").click()
        expect(ledger).to_contain_text("it was cancelled and ends in a moment")
    expect(ledger).to_contain_text("Cut off:")
    expect(ledger.get_by_role("button", name="Verify the ledger")).to_be_visible()
    assert page.evaluate("window.isTheSamePage")


def test_the_focus_goes_with_the_button_that_took_the_others_place(visit: Visit, world: World) -> None:
    open_page(visit)
    ledger = visit.page.get_by_role("region", name="Ledger")
    ledger.get_by_role("button", name="Verify the ledger").click()
    expect(ledger).to_contain_text("Good.", timeout=LONG)
    expect(ledger.get_by_role("button", name="Verify the ledger")).to_be_visible()
    with under_way(world, 1, 2):
        cancel = ledger.get_by_role("button", name="Cancel the check of the ledger")
        expect(cancel).to_be_visible()
        cancel.focus()
        cancel.press("Enter")
        expect(ledger).to_contain_text("ends in a moment")
    expect(cancel).to_be_hidden()


def test_lines_can_be_sifted(visit: Visit, world: World) -> None:
    open_page(visit)
    page, lines = visit.page, world.trial.supervisor.output.lines
    lines.add("fifod", "a line of the daemon")
    lines.add("classic", "a line of the bridge")
    log = page.get_by_role("log")
    expect(log).to_contain_text("a line of the bridge")
    expect(page.get_by_role("button", name="Filter")).to_be_hidden()
    page.get_by_role("combobox", name="Program").select_option("classic")
    expect(log.get_by_text("a line of the bridge").first).to_be_visible()
    expect(log.get_by_text("a line of the daemon").first).to_be_hidden()
    lines.add("fifod", "another line of the daemon")
    lines.add("classic", "another line of the bridge")
    expect(log.get_by_text("another line of the bridge").first).to_be_visible()
    expect(log.get_by_text("another line of the daemon").first).to_be_hidden()
    page.get_by_role("combobox", name="Lines").select_option("error")
    expect(log.locator("li:visible")).to_have_count(0)
    page.get_by_role("combobox", name="Lines").select_option("")
    page.get_by_role("combobox", name="Program").select_option("")
    expect(log.get_by_text("another line of the daemon").first).to_be_visible()


def test_it_works_without_scripts(open_visit: OpenVisit, world: World) -> None:
    visit = open_visit("oscar", scripts=False)
    page = visit.page
    page.goto("/service/")
    world.trial.supervisor.output.lines.add("fifod", "a line of the daemon")
    world.trial.supervisor.output.lines.add("classic", "a line of the bridge")
    page.goto("/service/")
    page.get_by_role("combobox", name="Program").select_option("classic")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("log").get_by_text("a line of the bridge").first).to_be_visible()
    expect(page.get_by_role("log").get_by_text("a line of the daemon").first).to_be_hidden()
    page.get_by_role("button", name="Verify the ledger").click()
    expect(page.get_by_text("Ledger, verify: begun.")).to_be_visible()

    def is_good() -> bool:
        page.reload()
        return "Good." in page.content()

    until(is_good, "the page has the result")


def test_every_page_says_so_when_fifod_is_stopped(visit: Visit) -> None:
    daemon, page = open_page(visit), visit.page
    said = page.get_by_text("fifod is stopped at the moment")
    expect(said).to_be_hidden()
    stop(daemon)
    expect(said).to_be_visible()
    page.goto("/draws/")
    expect(said).to_be_visible()
    page.goto("/service/")
    daemon.get_by_role("button", name="Start the daemon").click()
    expect(said).to_be_hidden()
    page.goto("/draws/")
    expect(said).to_be_hidden()


def test_it_fits_the_screen(visit: Visit) -> None:
    open_page(visit)
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_it_says_so_when_one_is_no_longer_logged_in(visit: Visit) -> None:
    open_page(visit)
    visit.page.context.clear_cookies()
    expect(visit.page.get_by_role("alert").filter(has_text="Reload it to log in again")).to_be_visible()
    visit.complaints.clear()
