"""`python -m tests.screenshots`: a picture of every page, on a wide screen and a phone, light and dark."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.contents import fill
from tests.browser.sights import SIGHTS, Sight
from tests.browser.visits import PHONE, WIDE, Manner, Visit, look
from tests.browser.world import running

FOLDER = Path(__file__).parent.parent / "var" / "screenshots"
SIZES = {"wide": WIDE, "phone": PHONE}


def main() -> int:
    """Run the command; the exit status."""
    options = _options()
    os.umask(0o022)
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = [sight for sight in SIGHTS if not options.pages or sight.name in options.pages]
    with chromium() as browser, running() as world:
        words = fill(world)
        for sight in wanted:
            take(sight, Visit(browser, world, Manner(language=options.language)), words, options.folder)
    print(f"{4 * len(wanted)} pictures are in {options.folder}")
    return 0


def take(sight: Sight, visit: Visit, words: dict[str, str], folder: Path) -> None:
    """Take the four pictures of a page."""
    sight.visit(visit, words)
    for (size, screen), theme in product(SIZES.items(), ("light", "dark")):
        look(visit.page, screen, dark=theme == "dark")
        visit.page.screenshot(path=folder / f"{sight.name}-{size}-{theme}.png", full_page=True, animations="disabled")
    visit.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where to (default: var/screenshots)")
    parser.add_argument("--language", default="en", choices=["en", "fr"], help="what the pages speak (default: en)")
    parser.add_argument("--pages", nargs="*", metavar="PAGE", help=f"only these: {', '.join(s.name for s in SIGHTS)}")
    return parser.parse_args()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a screen."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        sys.exit("cannot take screenshots: there is no Chromium here; the package chromium has it")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
