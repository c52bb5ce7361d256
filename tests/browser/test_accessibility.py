"""No page keeps anybody out: axe-core finds nothing serious, all fits the screen, and headings stand in order."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from tests.browser.contents import fill
from tests.browser.sights import NO_PAGES, SIGHTS, Sight
from tests.browser.visits import NARROW, PHONE, WIDE, Manner, Visit, look
from tests.browser.world import World
from tests.web import addresses

Words = dict[str, str]

# No preload: axe-core would fetch style sheets anew and put them into the page, which the policy forbids.
EVERYTHING = {"resultTypes": ["violations", "incomplete"], "preload": False}
COLOURS = {**EVERYTHING, "runOnly": ["color-contrast"]}
_TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter(element => {
  const box = element.getBoundingClientRect();
  return box.right > innerWidth + 1 && box.width > 1 && getComputedStyle(element).position != "absolute";
}).map(element => element.outerHTML.slice(0, 120)).slice(0, 5)"""
# Django's filter of a list of choices: its icon is a <span> with a name, beside an input that has one of its own.
_WHERE = {"exclude": [".selector-filter .search-label-icon"]}
# Text in the very colour of its ground: axe-core leaves it to people to say whether that was meant.
_UNSEEN = "equalRatio"
_HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .filter(heading => heading.checkVisibility()).map(heading => Number(heading.tagName[1]))"""


@pytest.fixture(scope="module")
def words(world: World) -> Words:
    """What addresses name, in a world with draws of all kinds."""
    return fill(world)


@pytest.fixture(params=SIGHTS, ids=[sight.name for sight in SIGHTS])
def sight(request: pytest.FixtureRequest) -> Sight:
    """Each page."""
    found: Sight = request.param
    return found


@pytest.fixture
def see(sight: Sight, chromium: Browser, world: World, words: Words) -> Iterator[Callable[[Manner], Page]]:
    """Opens the page."""
    visits: list[Visit] = []

    def see(manner: Manner) -> Page:
        visits.append(visit := Visit(chromium, world, manner))
        sight.visit(visit, words)
        return visit.page

    yield see
    for visit in visits:
        visit.close()


def serious(page: Page, what: dict[str, Any]) -> list[str]:
    """What axe-core finds that keeps people out."""
    page.evaluate(AXE_SCRIPT)
    told = page.evaluate("([where, what]) => axe.run(where, what)", [_WHERE, what])
    found = told["violations"]
    unseen = [
        f"in the colour of its ground: {node['html'][:200]}"
        for doubt in told["incomplete"]
        for node in doubt["nodes"]
        if any(check["data"] and check["data"].get("messageKey") == _UNSEEN for check in node["any"])
    ]
    return unseen + [
        f"{violation['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def test_it_keeps_nobody_out(see: Callable[[Manner], Page]) -> None:
    # All of it in one visit: with some pages it takes longer to get there than to look.
    page = see(Manner())
    _are_in_order(page.evaluate(_HEADINGS))
    for size in (WIDE, PHONE):
        for dark in (False, True):
            look(page, size, dark=dark)
            assert serious(page, COLOURS if dark else EVERYTHING) == [], f"at {size}, {dark=}"
    _fits(page)


def test_it_fits_the_screen_in_french(see: Callable[[Manner], Page]) -> None:
    _fits(see(Manner(size=PHONE, language="fr")))


def _are_in_order(levels: list[int]) -> None:
    assert levels[0] == 1 and levels.count(1) == 1, levels
    assert all(then <= now + 1 for now, then in pairwise(levels)), levels


def _fits(page: Page) -> None:
    for size in (PHONE, NARROW):
        look(page, size)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        assert width <= size[0], page.evaluate(_TOO_WIDE)


def test_no_page_of_the_site_is_left_out() -> None:
    lines = addresses.read()
    pages = {line.shape for line in lines if line.elsewhere or any("200" in told for told in line.answers.values())}
    known = {re.sub(r"<[^>]*>", "<>", route) for route in [*NO_PAGES, *(sight.route for sight in SIGHTS)]}
    assert pages - known == set(), "addresses of access.txt that are neither in SIGHTS nor in NO_PAGES"
