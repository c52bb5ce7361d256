"""Accounts as people use them: wrong passwords, a new one, and other browsers that are logged out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenVisit
from tests.browser.visits import PHONE, Visit
from tests.browser.world import World
from tests.web.sites import PASSWORD
from webui import access
from webui.people import throttle

NEW = "another-horse-9"
_MAKE = "from django.contrib.auth.models import Group, User; User.objects.create_user({name!r}, password={password!r})"

NewPerson = Callable[[], str]


@pytest.fixture
def new_person(world: World) -> NewPerson:
    """Makes accounts that no other test uses."""
    made: list[str] = []

    def new_person() -> str:
        rows = world.site.rows("SELECT max(id) FROM auth_user")
        made.append(name := f"person{rows[0][0] + 1}")
        world.site.manage("shell", "-v0", "-c", _MAKE.format(name=name, password=PASSWORD))
        return name

    return new_person


def log_in(visit: Visit, name: str, password: str = PASSWORD) -> None:
    """Log in by the form."""
    visit.page.goto("/login/?next=/account/")
    visit.page.get_by_label("Username").fill(name)
    visit.page.get_by_label("Password").fill(password)
    visit.page.get_by_role("button", name="Log in").click()


def test_after_wrong_passwords_the_page_says_how_long_to_wait(open_visit: OpenVisit, new_person: NewPerson) -> None:
    visit, name = open_visit(size=PHONE), new_person()
    for _ in range(throttle.HERE.attempts):
        log_in(visit, name, "wrong")
        expect(visit.page.get_by_role("alert")).to_contain_text("enter a correct username and password")
    log_in(visit, name)
    expect(visit.page.get_by_role("alert")).to_contain_text("nothing more is tried for 15 minutes")
    visit.forgive("429")
    visit.world.site.manage("unlock", name)
    log_in(visit, name)
    expect(visit.page.get_by_role("heading", name="Your account")).to_be_visible()


def test_a_new_password_ends_the_other_browsers_session(open_visit: OpenVisit, new_person: NewPerson) -> None:
    here, there, name = open_visit(), open_visit(size=PHONE), new_person()
    for visit in (here, there):
        log_in(visit, name)
        visit.page.wait_for_url("**/account/")
    here.page.get_by_role("link", name="Change password").click()
    expect(here.page.get_by_label("Old password")).to_be_focused()
    here.page.get_by_label("Old password").fill(PASSWORD)
    here.page.get_by_label("New password", exact=True).fill(NEW)
    here.page.get_by_label("New password again").fill(NEW)
    here.page.get_by_role("button", name="Change password").click()
    expect(here.page.get_by_role("status")).to_contain_text("Your password is changed")
    there.page.reload()
    expect(there.page.get_by_label("Password")).to_be_visible()
    log_in(there, name, NEW)
    expect(there.page.get_by_role("heading", name="Your account")).to_be_visible()


def test_one_browser_logs_the_other_out(open_visit: OpenVisit, new_person: NewPerson) -> None:
    here, there, name = open_visit(), open_visit(size=PHONE), new_person()
    for visit in (here, there):
        log_in(visit, name)
        visit.page.wait_for_url("**/account/")
    here.page.reload()
    sessions = here.page.locator(".sessions li")
    expect(sessions).to_have_count(2)
    expect(sessions.filter(has_text="this one")).not_to_contain_text("Log out")
    here.page.locator(".sessions").get_by_role("button", name="Log out").click()
    expect(sessions).to_have_count(1)
    there.page.reload()
    expect(there.page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("manner", [{"size": PHONE}, {"size": PHONE, "language": "fr", "dark": True}, {}])
def test_the_pages_fit_the_screen(open_visit: OpenVisit, manner: dict[str, object]) -> None:
    visit = open_visit("ada", **manner)
    for address in ("/account/", "/account/password/"):
        visit.page.goto(address)
        assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address


_GIVE = """
from django.contrib.auth.models import Group, User
User.objects.get(username={name!r}).groups.set(Group.objects.filter(name={role!r}))
"""


def test_who_may_no_longer_draw_is_told_so_and_loses_nothing(open_visit: OpenVisit, new_person: NewPerson) -> None:
    visit, name = open_visit(), new_person()
    page = visit.page

    def give(role: str) -> None:
        visit.world.site.manage("shell", "-v0", "-c", _GIVE.format(name=name, role=role))

    give(access.MEMBER)
    log_in(visit, name)
    page.goto("/")
    page.get_by_label("Purpose").fill("a long thought")
    for role, home in ((access.AUDITOR, "/draws/"), ("", "/account/")):
        give(role)
        with page.expect_response(f"**{home}"):  # where the page is led that asks for a new token
            page.get_by_role("button", name="Draw", exact=True).click()
        expect(page.get_by_role("alert")).to_have_count(1)
        expect(page.get_by_role("alert")).to_contain_text("Your account may no longer draw. Nothing was drawn")
    visit.forgive("403")
    give(access.MEMBER)
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.get_by_role("link", name="Receipt and proof")).to_be_visible()
    assert visit.daemon.bodies("draw")[-1]["purpose"] == "a long thought"


def test_the_admin_stands_beside_its_sidebar_before_all_of_the_page_has_come(visit: Visit) -> None:
    visit.become("ada")
    # Django's own script, which comes last, would put it there, too; and one would see it jump.
    visit.page.route("**/nav_sidebar.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    visit.page.goto("/admin/history/draw/")
    expect(visit.page.locator("#main.shifted")).to_have_count(1)
    visit.page.evaluate("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
    visit.page.reload()
    expect(visit.page.locator("#main:not(.shifted)")).to_have_count(1)
