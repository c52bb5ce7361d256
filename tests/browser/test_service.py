"""The service page as staff uses it: it follows what happens without being reloaded."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import USER, Visit
from tests.daemons import Daemon, reachable_directory, remove
from tests.supervised import Supervised
from tests.web.conftest import CONFIG, PASSWORD
from tests.web.sites import Site

Running = tuple[Daemon, Site, str]


@pytest.fixture(scope="module")
def trial() -> Iterator[Supervised]:
    """What keeps stand-ins for the daemon and the recorder running."""
    place = reachable_directory()
    trial = Supervised(place)
    trial.start("fifod")
    trial.start("recorder")
    with trial.running():
        yield trial
    remove(place)


@pytest.fixture(scope="module")
def running(trial: Supervised) -> Iterator[Running]:
    """The site, which is told of the supervisor."""
    place = reachable_directory()
    site = Site(place / "state", place / "run")
    site.environment["FIFOD_SUPERVISOR"] = trial.address
    site.manage("migrate", "-v0")
    site.manage("firstlogin", USER, given=PASSWORD + "\n")
    with Daemon(place, CONFIG) as daemon, site.serving() as address:
        yield daemon, site, address
    remove(place)


def open_page(visit: Visit) -> Locator:
    """The service page, in which a mark is set that a reload would lose; the daemon's part of it."""
    visit.log_in()
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


def test_it_follows_what_happens_elsewhere(visit: Visit, trial: Supervised) -> None:
    daemon, page = open_page(visit), visit.page
    log = page.get_by_role("log")
    expect(daemon).to_contain_text("Running since")
    before = log.locator("li").count()
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
