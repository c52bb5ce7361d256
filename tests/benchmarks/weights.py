"""What a browser loads for each page, and what moves about while it does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.benchmarks.bench import Bench, NotMeasurable
from tests.benchmarks.figures import Figure, Goal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

    from tests.browser.world import World

SIZES = {"wide": (1280, 900), "phone": (390, 844)}
PAGES = {
    "login": "/login/",
    "draw": "/",
    "receipt": "/draws/1/",
    "history": "/draws/",
    "live": "/live/",
    "service": "/service/",
    "account": "/account/",
    "admin": "/admin/",
    "admin, draws": "/admin/history/draw/",
}
WEIGHT_GOAL = Goal(150, of_ratio=False)
SHIFT_GOAL = Goal(0.01, of_ratio=False)
WHO = "ada"
SETTLED_AFTER = 1500.0
"""Milliseconds after which nothing moves any more."""
WATCH_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifts += entry.value; }))
    .observe({type: "layout-shift", buffered: true});
"""


@dataclass
class Load:
    """What came over the network for one page, and how much of it moved."""

    bytes: int = 0
    requests: int = 0
    shifts: float = 0.0

    def add(self, length: float) -> None:
        """Count what came for one request; nothing came for what the browser had kept."""
        self.bytes += round(length)
        self.requests += length > 0


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """The first visit in a fresh profile, at two sizes, and the next one."""
    from playwright.sync_api import sync_playwright

    from tests.browser.world import running

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise NotMeasurable("needs Chromium")
    with running() as world, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            _draw(browser, world)
            visits = {page: {size: _visits(browser, world, page, size) for size in SIZES} for page in PAGES}
        finally:
            browser.close()
    for number, name in enumerate(("first visit", "next visit")):
        for page, at in visits.items():
            yield _weight(name, page, [visit[number] for visit in at.values()], None if number else WEIGHT_GOAL)
    for page, at in visits.items():
        for size, (first, _) in at.items():
            yield Figure("layout shift", f"{page}, {size}", first.shifts, "", goal=SHIFT_GOAL)


def _draw(browser: Browser, world: World) -> None:
    """Make the draw whose receipt is looked at."""
    with browser.new_context(base_url=world.address) as context:
        context.add_cookies(world.cookies_of(WHO, browser))  # type: ignore[arg-type]
        page = context.new_page()
        page.goto("/")
        page.get_by_role("button", name="Draw", exact=True).click()
        page.get_by_role("link", name="Receipt and proof").wait_for()


def _visits(browser: Browser, world: World, page: str, size: str) -> tuple[Load, Load]:
    """The first visit in a fresh profile, and the next."""
    with browser.new_context(base_url=world.address, viewport=_viewport(size)) as context:
        if page != "login":
            context.add_cookies(world.cookies_of(WHO, browser))  # type: ignore[arg-type]
        return _load(context, PAGES[page]), _load(context, PAGES[page])


def _weight(visit: str, page: str, loads: list[Load], goal: Goal | None) -> Figure:
    heaviest = max(loads, key=lambda load: load.bytes)
    note = f"{heaviest.requests} requests"
    return Figure(f"page weight, {visit}", page, heaviest.bytes / 1000, "kB", goal=goal, note=note)


def _viewport(size: str) -> Any:
    width, height = SIZES[size]
    return {"width": width, "height": height}


def _load(context: BrowserContext, path: str) -> Load:
    """Open a page of its own for the address, and let it settle."""
    page = context.new_page()
    load = Load()
    wire = context.new_cdp_session(page)
    wire.on("Network.loadingFinished", lambda event: load.add(event["encodedDataLength"]))
    wire.send("Network.enable")
    page.add_init_script(WATCH_SHIFTS)
    answer = page.goto(path)
    if answer is None or not answer.ok:
        raise NotMeasurable(f"{path} was not shown: {answer and answer.status}")
    page.wait_for_timeout(SETTLED_AFTER)
    load.shifts = page.evaluate("window.shifts")
    page.close()
    return load
