import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from fifod.client import Client
from tests.browser.conftest import OpenVisit
from tests.browser.visits import PHONE, USER, WIDE, Visit
from tests.browser.world import World

NAMES = [f"Person {number}" for number in range(1, 41)]
TEXT = "".join(f"{name}\n" for name in NAMES)
INPUT = {"count": len(NAMES), "sha256": hashlib.sha256(TEXT.encode()).hexdigest()}


@pytest.fixture
def drawer(world: World) -> Client:
    """Draws as alice does on a page."""
    [(number,)] = world.site.rows("SELECT id FROM auth_user WHERE username = ?", USER)
    return Client(str(world.daemon.run), user=f"{number}:{USER}")


def picked(drawer: Client) -> tuple[int, list[str]]:
    """A draw of three names: its serial number, and whose positions they are."""
    with drawer:
        reply = drawer.integers(3, 1, 40, replacement=False, input=INPUT, purpose="Spring raffle")
    return reply.serial_number, [NAMES[position - 1] for position in reply.data]


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_a_check_shows_its_steps(open_visit: OpenVisit, drawer: Client, scripts: bool, size: tuple[int, int]) -> None:
    serial, _ = picked(drawer)
    page = open_visit("alice", scripts=scripts, size=size).page
    page.goto(f"/draws/{serial}/")
    page.get_by_role("link", name="Check this draw").click()
    expect(page.get_by_text("All steps hold.")).to_be_visible()
    expect(page.locator(".steps > li.holds")).to_have_count(5)
    expect(page.locator(".working strong")).to_have_count(3)
    page.get_by_text("What was compared").first.click()
    expect(page.get_by_text("SHA-256 of the body, computed now")).to_be_visible()
    assert page.url.endswith(f"/draws/{serial}/" if scripts else f"/draws/{serial}/check/")
    assert is_narrow(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_secret_draw_is_proved_by_its_seed(open_visit: OpenVisit, scripts: bool) -> None:
    page = open_visit("alice", scripts=scripts).page
    page.goto("/")
    page.locator("main [name=secret]").check()
    page.get_by_role("button", name="Draw", exact=True).click()
    seed = page.locator("#result [name=seed]").get_attribute("value") or ""
    values = page.locator("#result .drawn li").all_inner_texts()
    if scripts:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy seed").click()
        expect(page.locator("#result .note [role=status]")).to_have_text("Copied.")
        assert page.evaluate("navigator.clipboard.readText()") == seed
    save_with_seed(page, seed)
    page.get_by_role("link", name="Receipt and proof").click()
    page.get_by_label("The seed of this draw").fill("0" * 64)
    page.get_by_role("button", name="Check with the seed").click()
    expect(page.get_by_text("Another seed")).to_be_visible()
    page.get_by_label("The seed of this draw").fill(seed)
    page.get_by_role("button", name="Check with the seed").click()
    expect(page.get_by_text("All steps hold.")).to_be_visible()
    assert page.locator("#check .drawn li").all_inner_texts() == values and seed not in page.url
    save_with_seed(page, seed)


def save_with_seed(page: Page, seed: str) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save receipt with seed and values").click()
    assert f'"seed":"{seed}"' in Path(download.value.path()).read_text()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_list_given_again_names_who_was_drawn(open_visit: OpenVisit, drawer: Client, scripts: bool) -> None:
    serial, names = picked(drawer)
    page = open_visit("alice", scripts=scripts).page
    page.goto(f"/draws/{serial}/")
    page.get_by_label("The list, one name a line").fill(TEXT.replace("Person 7\n", "Person 77\n"))
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("A name or the order differs")).to_be_visible()
    page.get_by_label("The list, one name a line").fill(TEXT)
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".names bdi")).to_have_text(names)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_public_link_opens_in_a_fresh_profile_and_is_gone_once_revoked(
    open_visit: OpenVisit, drawer: Client, scripts: bool
) -> None:
    serial, names = picked(drawer)
    owner = open_visit("alice", scripts=scripts).page
    owner.goto(f"/draws/{serial}/")
    owner.get_by_role("button", name="Make a public link").click()
    link = owner.get_by_label("The new link. It is shown only now").input_value()
    visit = open_visit(scripts=scripts)
    see_public_page(visit.page, link, names)
    owner.get_by_role("button", name="Revoke").click()
    expect(owner.get_by_role("button", name="Revoke")).to_have_count(0)
    visit.page.goto(link)
    expect(visit.page.get_by_role("heading", name="This link leads nowhere")).to_be_visible()
    visit.forgive("404")


def see_public_page(page: Page, link: str, names: list[str]) -> None:
    page.goto(link)
    expect(page.get_by_text("Spring raffle", exact=True)).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    page.get_by_label("The list, one name a line").fill(TEXT)
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".names bdi")).to_have_text(names)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save receipt").click()
    assert "fifod-receipt-1" in Path(download.value.path()).read_text()
    page.get_by_role("link", name="Check this draw").click()
    expect(page.get_by_text("All steps hold.")).to_be_visible()
    assert page.context.cookies() == []


def test_the_new_link_can_be_copied(open_visit: OpenVisit, drawer: Client) -> None:
    serial, _ = picked(drawer)
    page = open_visit("alice").page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/draws/{serial}/")
    page.get_by_role("button", name="Make a public link").click()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("The new link. It is shown only now").input_value()


def test_every_character_of_the_new_link_is_seen(open_visit: OpenVisit, drawer: Client) -> None:
    serial, _ = picked(drawer)
    page = open_visit("alice").page
    page.goto(f"/draws/{serial}/")
    page.get_by_role("button", name="Make a public link").click()
    box = page.get_by_label("The new link. It is shown only now")
    pictures = []
    for text in ("a_b", "a b"):
        box.evaluate("(box, text) => box.value = text", text)
        pictures.append(box.screenshot())
    assert pictures[0] != pictures[1]


def test_the_keyboard_alone_checks_and_reads_on(open_visit: OpenVisit, drawer: Client) -> None:
    serial, _ = picked(drawer)
    page = open_visit("alice").page
    page.goto(f"/draws/{serial}/")
    page.get_by_role("link", name="Check this draw").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#check")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_text("What was compared").first).to_be_focused()


def test_others_draws_are_named_and_lead_nowhere(open_visit: OpenVisit, drawer: Client, world: World) -> None:
    with Client(str(world.daemon.run)) as other:
        another = other.integers(3, 1, 40, replacement=False, input=INPUT, purpose="in secret").serial_number
    serial, _ = picked(drawer)
    page = open_visit("alice").page
    page.goto(f"/draws/{serial}/")
    expect(page.get_by_text(re.compile("other draws? about the same list"))).to_be_visible()
    page.get_by_text("Which?").last.click()
    expect(page.get_by_text(f"Draw {another}", exact=False).last).to_be_attached()
    assert "in secret" not in page.content() and f"/draws/{another}/" not in page.content()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("method", ["pick", "integers", "strings", "many"])
def test_a_receipt_prints_on_one_sheet(open_visit: OpenVisit, drawer: Client, paper: str, method: str) -> None:
    serial = drawn(drawer, method)
    visit = open_visit("alice")
    for address in (f"/draws/{serial}/", public_link(visit, serial)):
        visit.page.goto(address)
        assert pages(visit.page.pdf(format=paper)) == 1, address
        visit.page.emulate_media(media="print")
        assert visit.page.get_by_text("fifod-client verify").is_visible()
        expect(visit.page.get_by_text("The 5000 values are not printed here")).to_be_visible(visible=method == "many")
        expect(visit.page.get_by_text(visit.page.url, exact=True)).to_be_visible()
        expect(visit.page.get_by_text("Printed as the page stood at")).to_be_visible()
        visit.page.emulate_media(media="null")
        expect(visit.page.get_by_text("Printed as the page stood at")).to_be_hidden()


def drawn(drawer: Client, method: str) -> int:
    """A draw to be printed."""
    if method == "pick":
        return picked(drawer)[0]
    with drawer:
        if method == "strings":
            return drawer.strings(50, 20, purpose="passwords " * 30).serial_number
        # All of them as long as they can be.
        return drawer.integers(5000 if method == "many" else 200, -(10**9), -(10**8), purpose="audit Q3").serial_number


def public_link(visit: Visit, serial: int) -> str:
    visit.page.goto(f"/draws/{serial}/")
    visit.page.get_by_role("button", name="Make a public link").click()
    return visit.page.get_by_label("The new link. It is shown only now").input_value()


def pages(pdf: bytes) -> int:
    """How many pages a document has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def is_narrow(page: Page) -> bool:
    """Whether nothing sticks out at the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
