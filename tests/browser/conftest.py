"""Fixtures: a browser, a world for all tests of this folder (world.py), and visits to it (visits.py)."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests import needs
from tests.browser.visits import PHONE, USER, WIDE, Manner, Visit
from tests.browser.world import World, running

__all__ = ["USER", "Visit"]

OpenVisit = Callable[..., Visit]
# A deadline, which a busy machine keeps too; five seconds are not.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a screen."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    needs.require(program, "Chromium")
    options = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def world() -> Iterator[World]:
    """Daemon, recorder and site with people, for all tests; who stops something starts it again."""
    with running() as world:
        yield world


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def visit(request: pytest.FixtureRequest, chromium: Browser, world: World) -> Iterator[Visit]:
    """A fresh profile at two sizes, where nobody is logged in; no page may complain."""
    visit = Visit(chromium, world, Manner(size=request.param))
    visit.page.goto("/")
    yield visit
    visit.close()


@pytest.fixture
def open_visit(chromium: Browser, world: World) -> Iterator[OpenVisit]:
    """Opens visits: `open_visit("bob", dark=True)`, `open_visit(language="fr", size=PHONE)`; no page may complain."""
    visits: list[Visit] = []

    def open_visit(name: str = "", **manner: object) -> Visit:
        visits.append(visit := Visit(chromium, world, Manner(**manner)))  # type: ignore[arg-type]
        if name:
            visit.become(name)
        return visit

    yield open_visit
    for visit in visits:
        visit.close()
