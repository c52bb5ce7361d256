"""The live view: how long after its reply a draw is on a watcher's screen, alone or with many others."""

from __future__ import annotations

import random
import selectors
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

from fifod.client import Client
from tests.benchmarks.bench import Bench, NotMeasurable, say
from tests.benchmarks.figures import Figure, Goal, median
from tests.benchmarks.servers import fifod
from tests.web.sites import Site
from tests.web.visitors import Visitor, make_people

if TYPE_CHECKING:
    from playwright.sync_api import Page

CROWD = 200
PER_ACCOUNT = 20
GOAL = Goal(100, of_ratio=False)
SEEN_WITHIN = 10.0
LONGEST_PAUSE = 0.04

# Noted in the frame in which it is painted, not when it is put into the page.
OBSERVE = """() => {
  window.seen = {};
  new MutationObserver((changes) => {
    const serials = changes.flatMap(({ addedNodes }) => [...addedNodes]).map(({ dataset }) => dataset?.serial);
    requestAnimationFrame(() => serials.filter(Boolean).forEach((serial) => (window.seen[serial] ??= Date.now())));
  }).observe(document.getElementById("log"), { childList: true });
}"""


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """With one watcher, and with 200."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise NotMeasurable("needs Chromium")
    draws = 10 if bench.is_quick else 50
    crowd = 2 * PER_ACCOUNT if bench.is_quick else CROWD
    with fifod(bench) as server:
        assert server.environment is not None
        site = Site(Path(server.environment["FIFOD_STATE_DIR"]), Path(server.runtime_dir))
        names = [f"watcher{number}" for number in range(crowd // PER_ACCOUNT)]
        site.manage("migrate", "-v0")
        make_people(site, **{name: ["member"] for name in names})
        with site.serving() as address, _page(program, address, Visitor(address, names[0])) as page:
            yield _figure(1, _delays(page, server.runtime_dir, draws))
            say(f"{crowd} watchers log in …")
            with _others(address, names, crowd - 1):
                yield _figure(crowd, _delays(page, server.runtime_dir, draws))


def _figure(watchers: int, delays: list[float]) -> Figure:
    worst = quantiles(delays, n=20)[-1]
    name = f"reply to screen, {watchers} watcher{'s' if watchers > 1 else ''}"
    return Figure("live view", name, median(delays), "ms", goal=GOAL, samples=delays, note=f"p95 {worst:.0f} ms")


@contextmanager
def _page(program: str, address: str, visitor: Visitor) -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(base_url=address)
        context.add_cookies([{"name": name, "value": value, "url": address} for name, value in visitor.cookies.items()])
        page = context.new_page()
        page.goto("/live/")
        page.wait_for_selector("#live[data-ready]")
        page.evaluate(OBSERVE)
        yield page
        browser.close()


def _delays(page: Page, runtime_dir: str, draws: int) -> list[float]:
    """Milliseconds from a client's having its reply to the frame that shows the draw."""
    with Client(runtime_dir) as client:
        return [_delay(page, client) for _ in range(draws + 2)][2:]


def _delay(page: Page, client: Client) -> float:
    time.sleep(random.uniform(0, LONGEST_PAUSE))  # in step with nothing that ticks
    serial = client.integers(5).serial_number
    replied = time.time() * 1000
    deadline = time.monotonic() + SEEN_WITHIN
    while time.monotonic() < deadline:
        if seen := page.evaluate("(serial) => window.seen[serial]", str(serial)):
            return max(0.0, float(seen) - replied)
        time.sleep(0.005)
    raise RuntimeError(f"draw {serial} was not shown within {SEEN_WITHIN:g} s")


@contextmanager
def _others(address: str, names: list[str], count: int) -> Iterator[None]:
    """More watchers, who read what comes and do nothing with it."""
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        visitors = [Visitor(address, name) for name in names]
        for number in range(count):
            connection = stack.enter_context(_watcher(visitors[(number + 1) % len(visitors)]))
            selector.register(connection, selectors.EVENT_READ)
        stopped = threading.Event()
        thread = threading.Thread(target=_drain, args=(selector, stopped))
        thread.start()
        stack.callback(thread.join)
        stack.callback(stopped.set)
        yield


@contextmanager
def _watcher(visitor: Visitor) -> Iterator[socket.socket]:
    host, _, port = visitor.host.partition(":")
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    with socket.create_connection((host, int(port)), timeout=SEEN_WITHIN) as connection:
        connection.sendall(f"GET /live/events HTTP/1.1\r\nHost: {visitor.host}\r\nCookie: {cookies}\r\n\r\n".encode())
        if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("a watcher was not let in")
        yield connection


def _drain(selector: selectors.BaseSelector, stopped: threading.Event) -> None:
    while not stopped.is_set():
        for key, _ in selector.select(0.2):
            connection = key.fileobj
            if isinstance(connection, socket.socket) and not connection.recv(65536):
                selector.unregister(connection)
