"""The history as people use it: search, filters, pages, files and charts, with scripts and without."""

import csv
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from fifod.client import Client
from tests.browser.conftest import OpenVisit, Visit
from tests.browser.world import World
from tests.waiting import pace, until

DRAWS = 60
LINES = """element => {
  const style = getComputedStyle(element), padding = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
  // Beside other cells one is as high as they are, so what counts is the text.
  const text = document.createRange();
  text.selectNodeContents(element);
  const height = Math.min(element.getBoundingClientRect().height - padding, text.getBoundingClientRect().height);
  return Math.round(height / parseFloat(style.lineHeight));
}"""


@pytest.fixture(scope="module")
def drawn(world: World) -> Iterator[None]:
    """Draws of bob, most of them for one purpose, and one of a program."""
    [(number,)] = world.site.rows("SELECT id FROM auth_user WHERE username = 'bob'")
    with Client(str(world.daemon.run), user=f"{number}:bob") as client:
        for _ in range(DRAWS):
            client.integers(2, purpose="looked through")
        last = client.call("generateUUIDs", {"n": 1}, purpose="looked for", secret=True).serial_number

    def is_recorded() -> bool:
        pace(0.05)
        return bool(world.site.rows("SELECT 1 FROM history_draw WHERE serial = ?", last))

    until(is_recorded, "the draws are recorded")
    yield


def look(open_visit: OpenVisit, name: str = "bob", **manner: object) -> Page:
    """Somebody's history, as a page that remembers that it was not loaded anew."""
    page = open_visit(name, **manner).page
    page.goto("/draws/")
    if manner.get("scripts", True):
        page.evaluate("window.isTheSamePage = true")
    return page


def rows(page: Page) -> int:
    return page.locator(".history tbody tr").count()


def test_a_search_shows_while_one_types_and_has_an_address(drawn: None, open_visit: OpenVisit) -> None:
    page = look(open_visit)
    page.get_by_role("searchbox").fill("looked fo")
    expect(page.locator(".history tbody tr")).to_have_count(1)
    page.wait_for_url("**/draws/?q=looked+fo")
    expect(page.get_by_role("status").filter(has_text="1 draw on this page")).to_be_attached()
    assert page.evaluate("window.isTheSamePage")
    page.reload()
    expect(page.locator(".history tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Search: looked fo").click()
    page.wait_for_url("**/draws/")
    assert rows(page) == 50


def test_filters_and_pages_work_with_the_keyboard_alone(drawn: None, open_visit: OpenVisit) -> None:
    page = look(open_visit)
    page.get_by_text("Filters and order").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Secret").focus()
    page.keyboard.press("Space")
    expect(page.locator(".history tbody tr")).to_have_count(1)
    page.keyboard.press("Space")
    expect(page.locator(".history tbody tr")).to_have_count(50)
    newest = page.locator(".history .serial").first.inner_text()
    page.get_by_role("link", name="Next page").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Previous page")).to_be_visible()
    assert rows(page) >= DRAWS - 50 and "after=" in page.url
    page.get_by_role("link", name="Previous page").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".history .serial").first).to_have_text(newest)
    page.go_back()
    expect(page.get_by_role("link", name="Previous page")).to_be_visible()


def test_an_order_is_chosen_from_the_list(drawn: None, open_visit: OpenVisit) -> None:
    page = look(open_visit)
    page.get_by_text("Filters and order").click()
    newest = page.locator(".history .serial").first.inner_text()
    page.get_by_label("Order").select_option("oldest")
    expect(page.locator(".history .serial").first).not_to_have_text(newest)
    page.wait_for_url("**order=oldest*")


def test_it_works_without_scripts(drawn: None, open_visit: OpenVisit) -> None:
    page = look(open_visit, scripts=False)
    page.get_by_role("searchbox").fill("looked for")
    page.get_by_role("button", name="Search").click()
    assert rows(page) == 1
    page.goto("/draws/")
    page.get_by_role("link", name="Next page").click()
    assert rows(page) >= DRAWS - 50


def test_what_was_found_is_exported(drawn: None, open_visit: OpenVisit) -> None:
    page = look(open_visit)
    page.goto("/draws/?q=looked")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    with download.value.path().open(newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == DRAWS + 1 and {row["purpose"] for row in found} == {"looked through", "looked for"}


def test_charts_are_drawn_and_fit_the_screen(visit: Visit, drawn: None) -> None:
    visit.become("bob")
    visit.page.goto("/draws/charts/")
    bar = visit.page.locator(".chart svg rect.rect").first
    expect(bar).to_be_attached()
    assert bar.evaluate("bar => getComputedStyle(bar).fill") != "rgb(0, 0, 0)"
    assert visit.page.locator(".chart .methods").evaluate("it => it.scrollWidth <= it.clientWidth")
    scrolls = visit.page.locator(".chart .newest").evaluate("it => it.scrollWidth > it.clientWidth")
    expect(visit.page.get_by_text("push it sideways")).to_be_visible(visible=scrolls)
    visit.page.get_by_text("The same in numbers").last.click()
    expect(visit.page.get_by_role("row", name="Integers")).to_be_visible()
    for address in ("/draws/charts/", "/draws/", "/draws/?q=looked&mark=secret&since=2026-13-01"):
        visit.page.goto(address)
        assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address


def test_an_endless_word_spoils_neither_table_nor_names(visit: Visit, drawn: None) -> None:
    [(number,)] = visit.site.rows("SELECT id FROM auth_user WHERE username = 'bob'")
    with Client(str(visit.daemon.run), user=f"{number}:bob") as client:
        serial = client.integers(2, purpose="W" * 400).serial_number

    def is_recorded() -> bool:
        pace(0.05)
        return bool(visit.site.rows("SELECT 1 FROM history_draw WHERE serial = ?", serial))

    until(is_recorded, "the draw is recorded")
    visit.become("audrey")
    visit.page.goto(f"/draws/?q={serial}")
    row = visit.page.locator(".history tbody tr")
    for place, most in ((".serial", 1), (".when", 1), (".who bdi", 1), (".purpose bdi", 3), ("td:nth-child(4)", 2)):
        assert row.locator(place).evaluate(LINES) <= most, place
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_auditor_sees_who_drew_and_the_admin_its_numbers(drawn: None, open_visit: OpenVisit) -> None:
    page = look(open_visit, "audrey")
    expect(page.locator(".history .who").first).to_be_visible()
    page.goto("/admin/")
    expect(page.get_by_text("Draws in all")).to_be_visible()
    expect(page.locator(".chart svg").first).to_be_visible()
    page.goto("/admin/history/draw/")
    expect(page.get_by_label("Search", exact=True)).to_be_visible()
