"""The service page as staff uses it: it follows what happens without being reloaded."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.world import World, running


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
    before, trial = log.locator("li").count(), world.trial
    for number in range(3):
        trial.supervisor.output.lines.add("fifod", f"<b>line</b> {number}\x1b[31m")
    expect(log.locator("li")).to_have_count(before + 3)
    expect(log.locator("li").last).to_contain_text("<b>line</b> 2\\x1b[31m")
    assert log.evaluate("list => list.scrollTop + list.clientHeight >= list.scrollHeight - 8")
    [program] = [program for program in trial.supervisor.programs if program.name == "fifod"]
    pid = program.process.pid if program.process else 0
    expect(daemon).to_contain_text(f"Main process{pid}")
    program.send(9)
    expect(daemon).to_contain_text("was killed by SIGKILL")
    expect(daemon).not_to_contain_text(f"Main process{pid}")
    assert page.evaluate("window.isTheSamePage")


def test_it_fits_the_screen(visit: Visit) -> None:
    open_page(visit)
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_it_says_so_when_one_is_no_longer_logged_in(visit: Visit) -> None:
    open_page(visit)
    visit.page.context.clear_cookies()
    expect(visit.page.get_by_role("alert").filter(has_text="Reload it to log in again")).to_be_visible()
    visit.complaints.clear()
