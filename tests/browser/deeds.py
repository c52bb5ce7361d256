"""What visitors do on a page before there is to be seen what is to be seen; by selectors, so in any language."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

Deed = Callable[[Page], object]

SEND = "main button[type=submit]"
DRAW = "#form > button"
_GROW = """() => {
  const box = Object.assign(document.createElement("textarea"), {name: "more", value: "x".repeat(3 << 20)});
  document.querySelector("main form").append(box);
}"""


def nothing(page: Page) -> None:
    """What is to be seen is there once the page is open."""


def then(*deeds: Deed) -> Deed:
    """One deed after the other."""

    def deed(page: Page) -> None:
        for each in deeds:
            each(page)

    return deed


def fill_in(**fields: str) -> Deed:
    """Fill in fields by their names."""

    def deed(page: Page) -> None:
        for name, value in fields.items():
            page.locator(f"main [name={name}]:visible").first.fill(value)

    return deed


def press(selector: str, until: str = "") -> Deed:
    """Press something; wait until something else is to be seen, or else for the page that follows."""

    def deed(page: Page) -> None:
        if until:
            page.locator(selector).first.click()
            page.locator(until).first.wait_for()
            return
        with page.expect_navigation():
            page.locator(selector).first.click()

    return deed


def unfold(selector: str = "main details") -> Deed:
    """Open what is folded."""
    return lambda page: page.evaluate("all => document.querySelectorAll(all).forEach(one => one.open = true)", selector)


def clear_clients(page: Page) -> None:
    """Remove the live view's clients that an earlier visit left: no two may have the same name."""
    page.locator("#live[data-ready]").wait_for()
    cards = page.locator(".client-card")
    for left in reversed(range(cards.count())):
        cards.last.locator(".remove").click()
        expect(cards).to_have_count(left)


def forget_cookies(page: Page) -> None:
    """Take the page's cookies away."""
    page.context.clear_cookies()


def grow(page: Page) -> None:
    """Make the page's form far larger than any may be."""
    page.evaluate(_GROW)


def guess(name: str, times: int) -> Deed:
    """Try to log in with wrong passwords; who does so more than five times has to wait."""
    return then(*[fill_in(username=name, password="nonsense"), press(SEND)] * times)


def prove_secret(page: Page) -> None:
    """Draw secretly, and check the draw on its receipt with the seed."""
    page.locator("main [name=secret]").check()
    press(DRAW, "#result .note form")(page)
    seed = page.locator("#result [name=seed]").get_attribute("value") or ""
    press("#result .actions a")(page)
    then(fill_in(seed=seed), press("#check .seed button", "#check .verdict"), unfold())(page)


def follow_public_link(page: Page) -> None:
    """Make a public link on a receipt, and follow it as a stranger."""
    press("#links form[action$='/links/'] button", "#new-link")(page)
    address = page.locator("#new-link").input_value()
    forget_cookies(page)
    page.goto(address)
