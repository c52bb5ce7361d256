"""Somebody who has a keyboard and no mouse."""

from playwright.sync_api import Locator, Page, expect

MOST_STOPS = 250
_IS_FOCUSED = "element => element === document.activeElement"
# Where one is must show: a ring of two pixels or more, or a thick line in a picture, around something on the screen.
_IS_SEEN = """() => {
  const focused = document.activeElement;
  if (focused === document.body) return "";
  const box = focused.getBoundingClientRect(), style = getComputedStyle(focused);
  const isOnScreen = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  const edge = focused.closest("svg") && focused.querySelector("rect");
  const hasRing = edge ? parseFloat(getComputedStyle(edge).strokeWidth) >= 4
    : style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return isOnScreen && hasRing ? "" : focused.outerHTML.slice(0, 200);
}"""


class Keyboard:
    """The keys that one needs to get around, and what one must see meanwhile."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type over what stands in a field."""
        self.press("Control+a")
        self.page.keyboard.type(text)

    def go_to(self, target: Locator, key: str = "Tab") -> None:
        """Go from stop to stop until one is at the target; at each of them one sees where one is."""
        expect(target).to_be_visible()
        for _ in range(MOST_STOPS):
            if target.evaluate(_IS_FOCUSED):
                return
            self.press(key)
            unseen = self.page.evaluate(_IS_SEEN)
            assert not unseen, f"one does not see that one is at {unseen}"
        raise AssertionError(f"the keyboard does not get to {target}")

    def use(self, target: Locator, key: str = "Enter") -> None:
        """Go to something and press it."""
        self.go_to(target)
        self.press(key)
