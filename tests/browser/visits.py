"""A browser's visit to the running site: who comes, with which screen and wishes, and what the pages complain of."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.browser.world import World
from tests.web.sites import PASSWORD

USER = "alice"
WIDE, PHONE, NARROW = (1200, 800), (390, 844), (320, 640)
_SECONDS = 1000.0
# What htmx says of a request that a newer one takes the place of; one that fails is said in other words besides.
_REPLACED = ("htmx:afterRequest", "htmx:sendAbort")


@dataclass(frozen=True)
class Manner:
    """How somebody comes."""

    size: tuple[int, int] = WIDE
    dark: bool = False
    language: str = "en"
    scripts: bool = True

    def options(self) -> dict[str, Any]:
        """The same for a new browser context."""
        return {
            "viewport": {"width": self.size[0], "height": self.size[1]},
            "color_scheme": "dark" if self.dark else "light",
            "locale": self.language,
            "java_script_enabled": self.scripts,
        }


class Visit:
    """A page of the running site in a fresh profile, and what goes wrong on it or behind it."""

    def __init__(self, browser: Browser, world: World, manner: Manner = Manner()) -> None:
        self.world, self.daemon, self.site = world, world.daemon, world.site
        self.complaints: list[str] = []
        self._browser = browser
        self._context = browser.new_context(base_url=world.address, **manner.options())
        self._context.set_default_timeout(30 * _SECONDS)
        self._context.on("page", self._watch)
        self.page = self._context.new_page()

    def _watch(self, page: Page) -> None:
        page.on("console", self._note)  # where Chromium tells of breaches of the Content-Security-Policy, too
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", self._note_failed)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_REPLACED):
            self.complaints.append(f"{message.text} (on {message.page.url if message.page else '?'})")

    def _note_failed(self, request: Request) -> None:
        # Aborted: a download, or what a page had not finished when it was left.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.method} {request.url}: {request.failure}")

    def become(self, name: str) -> None:
        """Be logged in as somebody, quicker than by the form. Do not log out: the others use the same session."""
        self._context.clear_cookies()
        self._context.add_cookies(self.world.cookies_of(name, self._browser))  # type: ignore[arg-type]

    def log_in(self, name: str = USER) -> None:
        """Log in, on the page that asks for it; the next one is there at the end."""
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(lambda address: "/login/" not in address)

    def draw(self, **fields: str) -> str:
        """Draw by form, and follow the link to the receipt; returns its address."""
        self.page.goto("/")
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " ")).fill(value)
        self.page.get_by_role("button", name="Draw", exact=True).click()
        self.page.get_by_role("link", name="Receipt and proof").click()
        self.page.wait_for_url("**/draws/*/")
        return self.page.url

    def forgive(self, *words: str) -> None:
        """Forget the complaints that a test has brought about on purpose: each word must be in one, each has one."""
        for word in words:
            assert any(word in complaint for complaint in self.complaints), f"nothing complained of {word}"
        self.complaints[:] = [
            complaint for complaint in self.complaints if not any(word in complaint for word in words)
        ]

    def close(self) -> None:
        """End the visit; no page may have complained."""
        self._context.close()
        assert not self.complaints, "\n".join(self.complaints)


def look(page: Page, size: tuple[int, int], *, dark: bool = False) -> None:
    """See the page on another screen, and perhaps in the dark."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")  # colours may glide
