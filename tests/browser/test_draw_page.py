"""The draw page as people use it."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import USER, OpenVisit, Visit
from tests.web.sites import PASSWORD


@pytest.fixture
def page(visit: Visit) -> Page:
    """The draw page at two sizes, with somebody logged in."""
    visit.become(USER)
    visit.page.goto("/")
    return visit.page


def press_draw(page: Page) -> None:
    page.get_by_role("button", name="Draw", exact=True).click()


def drawn(page: Page) -> list[str]:
    """The values of a draw that is shown in place."""
    expect(page.get_by_role("link", name="Receipt and proof")).to_be_visible()
    return page.locator("#result .drawn li").all_inner_texts()


def has_next_key(page: Page) -> None:
    """Wait until the form is ready for another draw."""
    expect(page.locator("#id_key:not([data-next])")).to_have_count(1)


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("Integers", r"\d{1,3}"),
        ("Sequences", r"(\d{1,3} ?){6}"),
        ("Decimals", r"0(\.\d{1,6})?"),
        ("Gaussians", r"-?\d+\.\d+"),
        ("Strings", r"[A-Za-z0-9]{12}"),
        ("UUIDs", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("Blobs", r"[A-Za-z0-9+/]{43}="),
    ],
)
def test_one_click_gives_a_draw_of_each_kind(page: Page, kind: str, pattern: str) -> None:
    page.get_by_role("link", name=kind, exact=True).click()
    expect(page.get_by_role("link", name=kind, exact=True)).to_have_attribute("aria-current", "true")
    press_draw(page)
    values = drawn(page)
    assert values and all(re.fullmatch(pattern, value) for value in values), values


def test_names_are_picked_from_a_list(page: Page) -> None:
    page.get_by_role("link", name="Pick from a list").click()
    page.get_by_label("Names, one a line").fill("Ada\nBlaise\nÉmilie\n")
    page.get_by_label("How many").fill("2")
    press_draw(page)
    names = dict(enumerate(("Ada", "Blaise", "Émilie"), 1))
    for row in drawn(page):
        line, position, name = row.split()
        assert line == "line" and names[int(position)] == name
    expect(page.locator("#said")).to_contain_text(re.compile(r"^\S+, line \d\. \S+, line \d\.\s*$"))


def test_empty_lines_are_taken_out_by_a_button(page: Page) -> None:
    page.get_by_role("link", name="Shuffle a list").click()
    box = page.get_by_label("Names, one a line")
    tidy = page.get_by_role("button", name="Remove empty lines")
    box.fill("Ada\nBlaise")
    expect(page.get_by_text("2 names.")).to_be_visible()
    expect(tidy).to_be_hidden()
    box.fill("Ada\n\n \t\nBlaise\n\n")
    press_draw(page)
    expect(page.get_by_text("Lines 2, 3, 5 are empty: remove them.")).to_be_visible()
    tidy.click()
    expect(box).to_have_value("Ada\nBlaise\n")
    expect(box).to_be_focused()
    expect(tidy).to_be_hidden()
    expect(page.get_by_text("2 names.")).to_be_visible()
    expect(page.get_by_text("are empty")).to_be_hidden()


def test_a_file_is_shuffled(page: Page) -> None:
    page.get_by_role("link", name="Shuffle a list").click()
    page.get_by_label("Or a text file").set_input_files(
        {"name": "teams.txt", "mimeType": "text/plain", "buffer": b"red\r\nblue\r\ngreen\r\n"}
    )
    expect(page.get_by_label("Names, one a line")).to_have_value("red\nblue\ngreen\n")
    press_draw(page)
    assert sorted(row.split()[-1] for row in drawn(page)) == ["blue", "green", "red"]


def test_a_file_that_is_no_text_is_explained(page: Page) -> None:
    page.get_by_role("link", name="Shuffle a list").click()
    page.get_by_label("Or a text file").set_input_files(
        {"name": "teams.txt", "mimeType": "text/plain", "buffer": b"red\nbl\xfce\n"}
    )
    file = page.get_by_label("Or a text file")
    expect(file).to_have_accessible_description(re.compile(r"The file is not UTF-8 text\. Save"))
    with page.expect_response("**/check/"):
        page.get_by_label("Purpose").fill("teams")
    expect(file).to_have_attribute("aria-invalid", "true")
    press_draw(page)
    expect(page.get_by_text("The file is not UTF-8 text (line 2).")).to_be_visible()


def test_a_file_that_is_too_big_is_explained_at_once_and_where_it_was_chosen(page: Page, visit: Visit) -> None:
    page.get_by_role("link", name="Shuffle a list").click()
    file = page.get_by_label("Or a text file")
    too_big = b"somebody\n" * (3 * 1024 * 1024 // 9)
    file.set_input_files({"name": "all.txt", "mimeType": "text/plain", "buffer": too_big})
    expect(file).to_have_accessible_description(re.compile("The file has more than 1 MiB"))
    before = len(visit.daemon.bodies("draw"))
    press_draw(page)
    expect(file).to_be_focused()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert len(visit.daemon.bodies("draw")) == before
    file.set_input_files({"name": "few.txt", "mimeType": "text/plain", "buffer": b"Ada\nBlaise\n"})
    expect(page.get_by_text("The file has more than 1 MiB")).to_have_count(0)
    press_draw(page)
    assert len(drawn(page)) == 2


def test_a_double_click_draws_once(page: Page, visit: Visit) -> None:
    before = len(visit.daemon.bodies("draw"))
    page.get_by_role("button", name="Draw", exact=True).dblclick()
    drawn(page)
    has_next_key(page)
    assert len(visit.daemon.bodies("draw")) == before + 1


# Within a second of the answer, however slow the test is: the page sends the form once more as soon as it has it.
_CLICK_AGAIN = """() => {
  const form = document.getElementById("form");
  let answers = 0;
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.requestConfig.elt !== form || form.answered === detail.xhr) return;
    form.answered = detail.xhr;
    answers += 1;
    if (answers > 1) return form.dataset.answers = answers;
    window.first = [...document.querySelectorAll("#result .drawn li")].map(value => value.innerText);
    setTimeout(() => form.requestSubmit());
  });
}"""


def test_a_second_click_that_comes_after_the_answer_draws_nothing(page: Page, visit: Visit) -> None:
    before = len(visit.daemon.bodies("draw"))
    page.evaluate(_CLICK_AGAIN)
    press_draw(page)
    expect(page.locator("#form[data-answers='2']")).to_be_visible()
    has_next_key(page)
    assert drawn(page) == page.evaluate("window.first") and len(visit.daemon.bodies("draw")) == before + 1


def test_the_next_click_draws_again(page: Page, visit: Visit) -> None:
    before = len(visit.daemon.bodies("draw"))
    press_draw(page)
    first = page.locator("#result h2")
    expect(first).to_contain_text(f"Draw {before + 1}")
    has_next_key(page)
    press_draw(page)
    expect(first).to_contain_text(f"Draw {before + 2}")


def test_a_change_right_after_a_draw_makes_the_next_one(page: Page) -> None:
    press_draw(page)
    drawn(page)
    page.get_by_label("How many").fill("2")
    press_draw(page)
    expect(page.locator("#result .drawn li")).to_have_count(2)


def test_a_reload_draws_nothing(page: Page, visit: Visit) -> None:
    press_draw(page)
    drawn(page)
    before = len(visit.daemon.bodies("draw"))
    address = page.get_by_role("link", name="Receipt and proof").get_attribute("href")
    page.reload()
    expect(page.get_by_text("What you draw stands here")).to_be_visible()
    newest = page.get_by_text("Your newest draw:").locator(f'a[href="{address}"]')
    while not newest.count():  # the recorder follows by itself
        page.reload()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert len(visit.daemon.bodies("draw")) == before


def test_going_back_from_the_receipt_gives_a_fresh_form(page: Page, visit: Visit) -> None:
    first = visit.draw()
    page.go_back()
    press_draw(page)
    page.get_by_role("link", name="Receipt and proof").click()
    page.wait_for_url("**/draws/*/")
    assert page.url != first


def test_errors_stand_at_the_field_when_one_draws(page: Page) -> None:
    page.get_by_label("Smallest value").fill("101")
    press_draw(page)
    expect(page.get_by_text("Must not be greater than the largest value.")).to_be_visible()
    field = page.get_by_label("Smallest value")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("Must not be greater"))


def test_errors_come_and_go_as_one_types(page: Page) -> None:
    field = page.get_by_label("How many")
    field.fill("10001")
    expect(page.get_by_text("At most 10\u202f000.")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("")
    expect(page.get_by_text("At most 10\u202f000.")).to_be_hidden()
    field.fill("7")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()


def test_the_purpose_stays_when_another_kind_is_chosen(page: Page) -> None:
    page.get_by_label("Purpose").fill("the raffle")
    page.get_by_role("link", name="UUIDs").click()
    expect(page.get_by_label("Smallest value")).to_have_count(0)
    assert page.get_by_label("Purpose").input_value() == "the raffle"
    assert page.url.endswith("?what=uuids")


def test_what_a_check_says_of_fields_that_are_gone_is_left_out(page: Page) -> None:
    def answer_late(route: Route) -> None:
        answer = route.fetch()
        page.get_by_role("link", name="UUIDs").click(no_wait_after=True)
        expect(page.get_by_label("Smallest value")).to_have_count(0)
        route.fulfill(response=answer)

    page.route("**/check/", answer_late)
    with page.expect_response("**/check/"):
        page.get_by_label("Smallest value").fill("200")
    expect(page.get_by_text("greater than the largest")).to_have_count(0)


def test_the_keyboard_alone_is_enough(visit: Visit) -> None:
    page = visit.page
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type(USER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Draw", exact=True)).to_be_visible()
    while not page.evaluate("document.activeElement.closest('#choices')"):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("link", name="UUIDs")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="UUIDs")).to_have_attribute("aria-current", "true")
    while page.evaluate("document.activeElement.name") != "n":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert len(drawn(page)) == 1
    expect(page.locator("#result h2")).to_be_focused()


def test_what_was_drawn_is_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press_draw(page)
    values = drawn(page)
    for name, text in (("Copy values", "\n".join(values) + "\n"), ("Copy CSV", "\n".join(["value", *values]) + "\n")):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == text
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert "serialNumber" in json.loads(page.evaluate("navigator.clipboard.readText()"))


def test_many_values_have_a_picture_with_words(page: Page) -> None:
    page.get_by_label("How many").fill("1000")
    press_draw(page)
    expect(page.get_by_role("img", name="How the values are spread")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.locator(".picture tbody tr")).to_have_count(20)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_who_is_no_longer_logged_in_is_told(page: Page) -> None:
    expect(page.get_by_role("button", name="Draw", exact=True)).to_be_visible()
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.context.add_cookies([cookie for cookie in cookies if cookie["name"] == "csrftoken"])  # type: ignore[misc]
    press_draw(page)
    expect(page.get_by_role("alert")).to_contain_text("no longer logged in")


def type_a_list(page: Page) -> None:
    page.get_by_role("link", name="Pick from a list").click()
    page.get_by_label("Names, one a line").fill("Ada\nBlaise\n")
    page.get_by_label("Purpose").fill("a long thought")


def log_in_beside(page: Page, name: str = USER) -> None:
    """Follow the link of the message, and log in there."""
    with page.expect_popup() as opened:
        page.get_by_role("alert").get_by_role("link", name="Log in (opens in a new tab)").click()
    beside = opened.value
    assert beside.evaluate("window.opener") is None
    beside.get_by_label("Username").fill(name)
    beside.get_by_label("Password").fill(PASSWORD)
    beside.get_by_role("button", name="Log in").click()
    expect(beside.get_by_role("heading", name="Draw", exact=True)).to_be_visible()
    beside.close()


def test_a_draw_goes_on_after_a_login_in_another_tab(page: Page, visit: Visit) -> None:
    type_a_list(page)
    before = len(visit.daemon.bodies("draw"))
    page.context.clear_cookies()
    press_draw(page)
    expect(page.get_by_role("alert")).to_contain_text("no longer logged in")
    expect(page.get_by_role("alert")).to_be_focused()
    log_in_beside(page)
    press_draw(page)
    assert len(drawn(page)) == 1
    expect(page.get_by_role("alert")).to_have_count(0)
    bodies = visit.daemon.bodies("draw")
    assert len(bodies) == before + 1 and bodies[-1]["purpose"] == "a long thought"
    visit.forgive("403")


def test_a_login_as_somebody_else_is_told_before_a_draw(page: Page, visit: Visit) -> None:
    type_a_list(page)
    before = len(visit.daemon.bodies("draw"))
    page.context.clear_cookies()
    press_draw(page)
    log_in_beside(page, "nina")
    press_draw(page)
    expect(page.get_by_role("alert")).to_contain_text("under this name: nina")
    expect(page.get_by_role("banner")).to_contain_text("nina")
    assert len(visit.daemon.bodies("draw")) == before
    press_draw(page)
    drawn(page)
    assert visit.daemon.bodies("draw")[-1]["drawer"].endswith(":nina")
    visit.forgive("403")


def test_who_types_on_is_told_once_that_the_login_has_ended(page: Page, visit: Visit) -> None:
    type_a_list(page)
    page.context.clear_cookies()
    purpose = page.get_by_label("Purpose")
    for word in ("one", "two"):
        with page.expect_response("**/login/**"):
            purpose.fill(word)
        expect(page.get_by_role("alert")).to_have_count(1)
        expect(page.get_by_role("alert")).to_contain_text("no longer logged in")
        expect(purpose).to_be_focused()
    log_in_beside(page)
    purpose.fill("three")
    expect(page.get_by_role("alert")).to_have_count(0)
    visit.forgive("403")


def test_without_scripts_the_form_is_shown_again_until_one_is_logged_in(open_visit: OpenVisit) -> None:
    visit = open_visit(USER, scripts=False)
    page = visit.page
    page.goto("/")
    type_a_list(page)
    before = len(visit.daemon.bodies("draw"))
    page.context.clear_cookies()
    press_draw(page)
    expect(page.get_by_role("alert")).to_contain_text("no longer logged in")
    log_in_beside(page)
    press_draw(page)
    expect(page.get_by_role("alert")).to_contain_text("opened before you last logged in")
    assert page.get_by_label("Names, one a line").input_value().split() == ["Ada", "Blaise"]
    assert len(visit.daemon.bodies("draw")) == before
    press_draw(page)
    assert len(drawn(page)) == 1
    assert visit.daemon.bodies("draw")[-1]["purpose"] == "a long thought"
    visit.forgive("403")


def test_it_works_without_scripts(open_visit: OpenVisit) -> None:
    page = open_visit(USER, scripts=False).page
    page.goto("/")
    page.get_by_role("link", name="Pick from a list").click()
    page.get_by_label("Names, one a line").fill("Ada\nBlaise")
    press_draw(page)
    assert len(drawn(page)) == 1
    expect(page.get_by_role("button", name="Copy values")).to_be_hidden()
    page.get_by_role("link", name="Integers").click()
    press_draw(page)
    page.wait_for_url("**/draws/*/")
