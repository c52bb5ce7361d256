"""Guessing passwords: how often, for whom, and that nobody can shut another out."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from tests.web.conftest import PASSWORD, logged_in
from tests.web.pages import text
from tests.web.sites import Site
from webui.people import throttle
from webui.people.models import LoginAttempt

HOME, CAFE = "192.0.2.7", "198.51.100.66"


def attempt(name: str, password: str = "wrong", address: str = CAFE, **headers: str) -> Any:
    """Try to log in from somewhere."""
    client = Client(raise_request_exception=False, REMOTE_ADDR=address, headers=headers)
    return client.post("/login/", {"username": name, "password": password})


def fail(name: str, times: int, address: str = CAFE) -> None:
    """Try with wrong passwords."""
    for _ in range(times):
        assert attempt(name, address=address).status_code == 200


def later(time: timedelta) -> None:
    """Let time pass: all attempts so far are older by so much."""
    for row in LoginAttempt.objects.all():
        row.time -= time
        row.save()


def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(alice: User) -> None:
    fail(alice.username, throttle.HERE.attempts)
    page = attempt(alice.username, PASSWORD)
    assert page.status_code == 429 and 890 <= int(page["Retry-After"]) <= 900
    assert "nothing more is tried for 15 minutes" in text(page) and "_auth_user_id" not in page.client.session
    later(throttle.HERE.time)
    assert attempt(alice.username, PASSWORD).status_code == 302


def test_a_clock_that_was_ahead_shuts_nobody_out(alice: User) -> None:
    fail(alice.username, throttle.HERE.attempts)
    later(-timedelta(days=3))
    assert attempt(alice.username, PASSWORD).status_code == 302


def test_a_clock_that_is_put_right_by_seconds_forgets_no_attempt(alice: User) -> None:
    fail(alice.username, throttle.HERE.attempts)
    later(-timedelta(seconds=30))
    assert attempt(alice.username, PASSWORD).status_code == 429


def test_the_wait_does_not_grow_by_trying_on(alice: User) -> None:
    fail(alice.username, throttle.HERE.attempts)
    later(throttle.HERE.time - timedelta(seconds=60))
    for _ in range(3):
        assert int(attempt(alice.username)["Retry-After"]) <= 60


def test_a_login_forgets_what_failed_before_it(alice: User) -> None:
    for _ in range(2):
        fail(alice.username, throttle.HERE.attempts - 1)
        assert attempt(alice.username, PASSWORD).status_code == 302
    assert not LoginAttempt.objects.exists()


def test_a_stranger_does_not_shut_anybody_out(alice: User) -> None:
    fail(alice.username, throttle.HERE.attempts)
    assert attempt(alice.username).status_code == 429
    assert attempt(alice.username, PASSWORD, HOME).status_code == 302


def _from_everywhere(name: str) -> None:
    count = throttle.NAME.attempts
    for number in range(count):
        assert attempt(name, address=f"203.0.113.{number}").status_code == 200


def test_many_places_guess_one_name_no_faster_and_its_owner_gets_in_from_where_they_were(alice: User) -> None:
    assert attempt(alice.username, PASSWORD, HOME).status_code == 302
    _from_everywhere(alice.username)
    assert attempt(alice.username, PASSWORD, CAFE).status_code == 429
    assert attempt(alice.username, PASSWORD, HOME).status_code == 302
    later(throttle.NAME.time)
    assert attempt(alice.username, PASSWORD, CAFE).status_code == 302


def test_one_place_guesses_many_names_no_faster(alice: User) -> None:
    for number in range(throttle.PLACE.attempts):
        assert attempt(f"name{number}").status_code == 200
    assert attempt(alice.username, PASSWORD).status_code == 429
    assert attempt(alice.username, PASSWORD, HOME).status_code == 302


def test_an_ipv6_network_is_one_place(alice: User) -> None:
    for number in range(throttle.HERE.attempts):
        fail(alice.username, 1, f"2001:db8:1:2::{number:x}")
    assert attempt(alice.username, address="2001:db8:1:2:ffff::1").status_code == 429
    assert attempt(alice.username, address="2001:db8:1:3::1").status_code == 200


def test_a_name_is_one_name_however_it_is_written(alice: User) -> None:
    for name in (alice.username, alice.username.upper(), alice.username.title(), alice.username, alice.username):
        assert attempt(name).status_code == 200
    assert attempt(alice.username, PASSWORD).status_code == 429


def test_headers_do_not_make_another_place(alice: User, settings: Settings) -> None:
    fail(alice.username, throttle.HERE.attempts)
    for headers in ({"x-forwarded-for": "1.2.3.4"}, {"x-real-ip": "1.2.3.4"}, {"user-agent": "another"}):
        assert attempt(alice.username, **headers).status_code == 429
    settings.BEHIND_TLS = True
    for spoofed in ("1.2.3.4", "5.6.7.8"):
        assert (
            attempt(alice.username, address="127.0.0.1", **{"x-forwarded-for": f"{spoofed}, {CAFE}"}).status_code == 429
        )


def test_nobody_learns_which_names_there_are(alice: User, bob: User) -> None:
    bob.is_active = False
    bob.save()
    answers = [attempt(name) for name in (alice.username, bob.username, "nobody-at-all")]
    assert len({text(answer) for answer in answers}) == 1 and {answer.status_code for answer in answers} == {200}
    for name in (alice.username, "nobody-at-all"):
        fail(name, throttle.HERE.attempts - 1)
    refused = [attempt(name) for name in (alice.username, "nobody-at-all")]
    assert len({text(answer) for answer in refused}) == 1 and {answer.status_code for answer in refused} == {429}


def test_an_unknown_name_costs_a_hash_like_a_known_one(alice: User, hashes: list[str]) -> None:
    attempt(alice.username)
    known = len(hashes)
    attempt("nobody-at-all")
    assert known == 1 and len(hashes) == 2


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    seen: list[str] = []
    encode = MD5PasswordHasher.encode

    def noting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        seen.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", noting)
    return seen


def test_while_one_has_to_wait_no_password_is_looked_at(alice: User, hashes: list[str]) -> None:
    fail(alice.username, throttle.HERE.attempts)
    attempt(alice.username)
    assert len(hashes) == throttle.HERE.attempts


def test_an_empty_form_is_no_attempt(alice: User) -> None:
    for given in ({}, {"username": alice.username}, {"password": "x"}):
        assert Client().post("/login/", given).status_code == 200
    assert not LoginAttempt.objects.exists()


def test_what_people_typed_is_not_kept_and_old_attempts_go(alice: User) -> None:
    attempt("my-password-by-mistake", "and-another")
    assert "password" not in str(LoginAttempt.objects.values().get())
    later(throttle.NAME.time + timedelta(seconds=1))
    attempt(alice.username)
    assert LoginAttempt.objects.count() == 1


def test_a_command_lets_somebody_try_again_at_once(alice: User) -> None:
    fail(alice.username, throttle.HERE.attempts)
    call_command("unlock", alice.username)
    assert attempt(alice.username, PASSWORD).status_code == 302


def test_the_old_password_cannot_be_guessed_on_the_page_that_changes_it(alice: User) -> None:
    client = logged_in(alice)
    new = {"new_password1": "another-horse-9", "new_password2": "another-horse-9"}
    for _ in range(throttle.HERE.attempts):
        assert client.post("/account/password/", {"old_password": "wrong", **new}).status_code == 200
    page = client.post("/account/password/", {"old_password": PASSWORD, **new})
    assert page.status_code == 429 and "Too many wrong passwords" in text(page)
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


AT_ONCE = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from django.db import connection
from webui.people import throttle
together = Barrier(12)
def guess(_):
    together.wait(30)
    try:
        throttle.begin("keeper", "192.0.2.7")
        return 1
    except throttle.TooMany:
        return 0
    finally:
        connection.close()
with ThreadPoolExecutor(12) as pool:
    print(sum(pool.map(guess, range(12))))
"""


def test_many_guesses_at_once_are_no_way_round(site: Site) -> None:
    assert int(site.manage("shell", "-v0", "-c", AT_ONCE)) == throttle.HERE.attempts


@pytest.mark.parametrize("name", ["x" * 100_000, "a\x00b", "\ud7ff\u202e", "name\r\nSet-Cookie: x=y", "é" * 5000])
def test_strange_names_are_just_wrong(db: None, name: str) -> None:
    answer = attempt(name)
    assert answer.status_code in (200, 400, 413) and "x" not in answer.cookies
