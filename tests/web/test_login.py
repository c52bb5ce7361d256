import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.conftest import PASSWORD
from tests.web.pages import text


def test_it_lets_an_account_in(client: Client, alice: User) -> None:
    answer = client.post("/login/", {"username": alice.username, "password": PASSWORD, "next": "/draws/"})
    assert answer.status_code == 302 and answer["Location"] == "/draws/"
    assert alice.username in text(client.get("/draws/"))


@pytest.mark.parametrize(
    ("name", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("' OR 1=1 --", "x"), ("a\x00b", "x"), ("", "")]
)
def test_it_keeps_strangers_out(client: Client, alice: User, name: str, password: str) -> None:
    page = client.post("/login/", {"username": name.replace("alice", alice.username), "password": password})
    assert page.status_code == 200 and "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_it_leads_nowhere_else(client: Client, alice: User, target: str) -> None:
    answer = client.post("/login/", {"username": alice.username, "password": PASSWORD, "next": target})
    assert answer["Location"] == "/"


def test_it_lets_an_account_out_by_post_only(browser: Client) -> None:
    assert browser.get("/logout/").status_code == 405
    assert browser.get("/draws/").status_code == 200
    assert browser.post("/logout/").status_code == 302
    assert browser.get("/draws/").status_code == 302


def test_an_account_that_was_closed_is_out(browser: Client, alice: User) -> None:
    alice.is_active = False
    alice.save()
    assert browser.get("/draws/").status_code == 302
