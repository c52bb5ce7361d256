"""Daemon, recorder, web server and a real browser, all running for real."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests import needs
from tests.daemons import Daemon, reachable_directory, remove
from tests.web.conftest import CONFIG, PASSWORD
from tests.web.sites import Site

USER = "alice"
_SECONDS = 1000.0


class Visit:
    """A page of the running site, and what may go wrong behind it."""

    def __init__(self, page: Page, daemon: Daemon, site: Site) -> None:
        self.page = page
        self.daemon = daemon
        self.site = site
        self.complaints: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def log_in(self) -> None:
        """Log in, on the page that asks for it."""
        self.page.get_by_label("Username").fill(USER)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()

    def draw(self, **fields: str) -> str:
        """Draw by form; returns the address of the receipt."""
        self.page.goto("/")
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " ")).fill(value)
        self.page.get_by_role("button", name="Draw").click()
        self.page.wait_for_url("**/draws/*/")
        return self.page.url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a screen."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    needs.require(program, "Chromium")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Daemon, Site, str]]:
    """Everything that a user of the site needs, and the site's address."""
    place = reachable_directory()
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    site.manage("firstlogin", USER, given=PASSWORD + "\n")
    with Daemon(place, CONFIG) as daemon, site.recorder(), site.serving() as address:
        yield daemon, site, address
    remove(place)


@pytest.fixture(params=["wide", "phone"])
def visit(request: pytest.FixtureRequest, chromium: Browser, running: tuple[Daemon, Site, str]) -> Iterator[Visit]:
    """A fresh profile at two sizes, where nobody is logged in; no page may complain."""
    daemon, site, address = running
    size = {"wide": {"width": 1200, "height": 800}, "phone": {"width": 390, "height": 780}}[request.param]
    context = chromium.new_context(base_url=address, viewport=size)  # type: ignore[arg-type]
    context.set_default_timeout(30 * _SECONDS)
    visit = Visit(context.new_page(), daemon, site)
    visit.page.goto("/")
    yield visit
    context.close()
    assert visit.complaints == []
