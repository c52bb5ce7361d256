"""The account page, the password, and what may stand in addresses that lead on."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.conftest import PASSWORD, logged_in, person
from tests.web.pages import text
from tests.web.test_sessions import PHONE, is_in, log_in
from webui import access, gateway

NEW = "another-horse-9"


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str = NEW) -> object:
    """Send the form for a new password."""
    given = {"old_password": old, "new_password1": new, "new_password2": again}
    return client.post("/account/password/", given, follow=True)


def test_it_says_who_one_is(db: None) -> None:
    account = person("carol", access.AUDITOR, access.OPERATOR)
    page = text(logged_in(account).get("/account/"))
    assert account.username in page and f"{gateway.drawer(account)}" in page.replace(
        f": {account.username}", f":{account.username}"
    )
    assert "reads everybody's draws" in page and "starts and stops the service" in page
    assert "Member" not in page and "Superuser" not in page


def test_it_says_so_to_who_has_no_role(db: None) -> None:
    assert "ask whoever runs this site" in text(logged_in(person("nobody")).get("/account/"))


def test_it_lists_where_one_is_logged_in_and_marks_here(alice: User, bob: User) -> None:
    log_in(alice, PHONE, "203.0.113.5"), log_in(bob, PHONE, "198.51.100.99")
    page = text(log_in(alice).get("/account/"))
    assert "Firefox on Linux this one" in page and "Safari on iPhone from 203.0.113.5" in page
    assert "198.51.100.99" not in page


def test_every_page_leads_there(browser: Client) -> None:
    assert 'href="/account/"' in browser.get("/draws/").content.decode()


def test_a_new_password_holds_and_ends_the_other_sessions(alice: User) -> None:
    here, there = log_in(alice), log_in(alice, PHONE)
    assert "Your password is changed" in text(change(here))
    assert is_in(here) and not is_in(there)
    assert "Safari on iPhone" not in text(here.get("/account/"))
    log_in(alice, password=NEW)


@pytest.mark.parametrize(
    ("old", "new", "again", "says"),
    [
        ("wrong", NEW, NEW, "Your old password was entered incorrectly"),
        (PASSWORD, NEW, "another", "didn’t match"),
        (PASSWORD, "short", "short", "too short"),
        (PASSWORD, "password123", "password123", "too common"),
    ],
)
def test_it_says_what_is_wrong_with_a_new_password(alice: User, old: str, new: str, again: str, says: str) -> None:
    there, here = log_in(alice, PHONE), log_in(alice)
    assert says in text(change(here, old, new, again))
    assert is_in(there) and User.objects.get(pk=alice.pk).check_password(PASSWORD)


def test_forms_of_other_sites_do_nothing(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    for address in ("/account/password/", "/account/sessions/end-others/", "/account/sessions/1/end/", "/language/"):
        assert client.post(address).status_code == 403
    assert Client(enforce_csrf_checks=True).post("/login/", {"username": "x", "password": "y"}).status_code == 403


def test_pages_of_the_account_are_not_kept_by_browsers(browser: Client) -> None:
    for address in ("/account/", "/account/password/", "/login/"):
        assert "no-store" in browser.get(address)["Cache-Control"], address


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "http:evil.example",
    "/%0d%0aSet-Cookie:x=y//evil.example",
    "/\r\nSet-Cookie: x=y",
    "\x00//evil.example",
    "https://testserver@evil.example/",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_address_leads_elsewhere_or_sets_headers(alice: User, target: str) -> None:
    client = Client()
    answers = [
        client.post("/language/", {"language": "fr", "next": target}),
        client.post("/language/", {"language": "fr"}, headers={"referer": target}),
        client.post("/login/", {"username": alice.username, "password": PASSWORD, "next": target}),
        client.get("/login/", {"next": target}),
        client.get("/admin/login/", {"next": target}),
        client.post("/logout/", {"next": target}),
    ]
    for answer in answers:
        led = answer.headers.get("Location", "/")
        assert answer.status_code == 302 and led.startswith("/") and not led.startswith(("//", "/\\")), led
        assert "\r" not in led and "\n" not in led and "x" not in answer.cookies


def test_a_language_lasts_and_an_unknown_one_changes_nothing(client: Client, db: None) -> None:
    answer = client.post("/language/", {"language": "fr", "next": "/login/"})
    assert answer["Location"] == "/login/" and 'lang="fr"' in client.get("/login/").content.decode()
    client.post("/language/", {"language": "../../etc/passwd", "next": "/login/"})
    assert '<html lang="fr">' in client.get("/login/").content.decode()


def test_a_name_is_shown_not_obeyed(db: None) -> None:
    account = User.objects.create_user("<b>\u202exyz", password=PASSWORD)
    page = logged_in(account).get("/account/").content.decode()
    assert "<b>\u202e" not in page and "<bdi>&lt;b&gt;" in page
