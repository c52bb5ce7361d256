"""With the keyboard alone one does everything, and sees where one is all the time."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import USER, OpenVisit, Visit
from tests.browser.deeds import clear_clients
from tests.browser.keyboard import Keyboard
from tests.browser.visits import PHONE, WIDE
from tests.web.sites import PASSWORD


def test_one_logs_in_and_out(visit: Visit) -> None:
    page, keys = visit.page, Keyboard(visit.page)
    expect(page.get_by_label("Username")).to_be_focused()
    keys.type(USER)
    keys.go_to(page.get_by_label("Password"))
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Draw", exact=True)).to_be_visible()
    keys.use(page.get_by_role("button", name="Log out"))
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_one_skips_to_the_content(visit: Visit) -> None:
    page, keys = visit.page, Keyboard(visit.page)
    visit.become(USER)
    page.goto("/draws/")
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    keys.press("Enter", "Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_one_draws_and_checks_the_draw(visit: Visit) -> None:
    page, keys = visit.page, Keyboard(visit.page)
    visit.become(USER)
    page.goto("/")
    keys.use(page.get_by_role("link", name="Sequences"))
    expect(page.get_by_role("link", name="Sequences")).to_have_attribute("aria-current", "true")
    keys.go_to(page.get_by_label("Purpose"))
    keys.type("by keyboard")
    keys.use(page.get_by_role("button", name="Draw", exact=True), "Space")
    expect(page.locator("#result h2")).to_be_focused()
    keys.use(page.get_by_role("link", name="Receipt and proof"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Draw ")
    keys.use(page.get_by_role("link", name="Check this draw"))
    expect(page.get_by_text("All steps hold.")).to_be_visible()
    keys.use(page.locator("#check summary").first, "Space")
    expect(page.locator("#check .compared").first).to_be_visible()


def test_one_searches_and_filters_the_history(visit: Visit) -> None:
    page, keys = visit.page, Keyboard(visit.page)
    visit.become(USER)
    address = visit.draw(Purpose="a needle").removeprefix(visit.world.address)
    page.goto("/draws/")
    while not page.locator(f'#results a[href="{address}"]').count():  # the recorder follows by itself
        page.reload()
    keys.go_to(page.get_by_role("searchbox"))
    keys.type("needle")
    keys.press("Enter")
    expect(page.locator("#results").get_by_text("a needle").first).to_be_visible()
    keys.use(page.locator("summary", has_text="Filters and order"), "Space")
    keys.go_to(page.get_by_label("Method"))
    page.keyboard.type("UUIDs")
    expect(page.get_by_text("No draw fits all of this.")).to_be_visible()
    keys.use(page.get_by_role("link", name="Remove all filters"))
    expect(page.get_by_role("searchbox")).to_have_value("")


def _live(open_visit: OpenVisit, size: tuple[int, int]) -> Page:
    page = open_visit(USER, size=size).page
    page.goto("/live/")
    expect(page.locator("#state")).not_to_be_empty()
    clear_clients(page)
    return page


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_one_works_the_live_view(open_visit: OpenVisit, size: tuple[int, int]) -> None:
    page = _live(open_visit, size)
    keys = Keyboard(page)
    keys.use(page.get_by_role("button", name="Pause"), "Space")
    expect(page.locator("#state")).to_contain_text("Paused")
    keys.use(page.get_by_role("button", name="Go on"), "Space")
    keys.go_to(page.get_by_label("Speed"))
    keys.press("ArrowDown")
    expect(page.get_by_label("Speed")).to_have_value("200")
    keys.go_to(page.get_by_label("Name of the new client"))
    keys.type("Ada")
    keys.press("Enter")
    card = page.locator(".client-card", has_text="Ada")
    keys.use(card.get_by_role("button", name="Send"))
    expect(card.get_by_role("status")).to_contain_text("Draw")
    keys.use(card.get_by_role("button", name="Remove"))
    expect(card).to_have_count(0)
    keys.use(page.get_by_role("button", name="Clear the log"))
    expect(page.locator("#log li")).to_have_count(0)


def test_staff_stops_and_starts_the_daemon(visit: Visit) -> None:
    page, keys = visit.page, Keyboard(visit.page)
    visit.become("oscar")
    page.goto("/service/")
    daemon = page.get_by_role("region", name="Daemon")
    keys.use(daemon.locator("summary", has_text="Stop the daemon"))
    keys.use(daemon.get_by_role("button", name="Yes, stop the daemon"))
    expect(daemon).to_contain_text("Stopped since")
    keys.use(daemon.get_by_role("button", name="Start the daemon"))
    expect(daemon).to_contain_text("Running since")
