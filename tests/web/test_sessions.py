"""Sessions: whose they are, what is told of them, and that ending one holds at once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import UpdateError
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tests.web.conftest import PASSWORD, logged_in
from tests.web.pages import text
from webui.people import sessions
from webui.people.models import Session

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.0 Mobile/15E148 Safari/604.1"
)


def log_in(account: User, agent: str = FIREFOX, address: str = "192.0.2.7", password: str = PASSWORD) -> Client:
    """A browser of some kind at some address, in which somebody logs in as people do."""
    client = Client(raise_request_exception=False, headers={"user-agent": agent}, REMOTE_ADDR=address)
    answer = client.post("/login/", {"username": account.username, "password": password})
    assert answer.status_code == 302, text(answer)
    return client


def is_in(client: Client) -> bool:
    """Whether somebody is logged in."""
    return client.get("/account/").status_code == 200


def number_of(client: Client) -> int:
    """The number of a browser's session."""
    return Session.objects.get(session_key=client.cookies["sessionid"].value).pk


def test_a_session_tells_what_its_owner_knows_it_by(alice: User) -> None:
    log_in(alice)
    [session] = sessions.of(alice)
    assert (session.device, session.address) == ("Firefox on Linux", "192.0.2.7")
    assert timezone.now() - session.begun < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130 Safari/537.36 Edg/130", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit Chrome/130 Safari/537", "Chrome on macOS"),
        ("curl/8.5.0", "Another program"),
        ("", "Another program"),
        ("<script>Firefox", "Firefox"),
    ],
)
def test_a_device_is_named_in_words(agent: str, device: str) -> None:
    assert Session(agent=agent).device == device


def test_ending_one_holds_at_once_and_leaves_the_others(alice: User) -> None:
    here, there = log_in(alice), log_in(alice, PHONE)
    assert here.post(f"/account/sessions/{number_of(there)}/end/")["Location"] == "/account/"
    assert is_in(here) and not is_in(there)


def test_ending_all_others_leaves_this_one(alice: User, bob: User) -> None:
    here, others, stranger = log_in(alice), [log_in(alice, PHONE) for _ in range(2)], log_in(bob)
    page = here.post("/account/sessions/end-others/", follow=True)
    assert "2 other sessions are ended." in text(page)
    assert is_in(here) and is_in(stranger) and not any(map(is_in, others))


def test_nobody_ends_anothers(alice: User, bob: User) -> None:
    hers, his = log_in(alice), log_in(bob)
    assert his.post(f"/account/sessions/{number_of(hers)}/end/").status_code == 404
    assert is_in(hers)


def test_a_request_that_is_under_way_does_not_bring_an_ended_session_back(alice: User) -> None:
    store = sessions.SessionStore(log_in(alice).cookies["sessionid"].value)
    store["language"] = "fr"
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


def test_logging_in_changes_the_key_and_logging_out_removes_the_session(alice: User, client: Client) -> None:
    client.post("/language/", {"language": "fr"})
    client.cookies["sessionid"] = "a" * 32
    client.post("/login/", {"username": alice.username, "password": PASSWORD})
    key = client.cookies["sessionid"].value
    assert key != "a" * 32 and Session.objects.filter(session_key=key).exists()
    client.post("/logout/")
    assert not Session.objects.exists()
    client.cookies["sessionid"] = key
    assert not is_in(client)


def test_its_key_stands_on_no_page(alice: User) -> None:
    client, other = log_in(alice), log_in(alice, PHONE)
    page = client.get("/account/").content.decode()
    for somebody in (client, other):
        assert somebody.cookies["sessionid"].value not in page


def test_being_seen_is_noted_now_and_then_and_not_at_each_request(
    alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = log_in(alice)
    before = timezone.now() - timedelta(minutes=10)
    Session.objects.update(seen=before)
    for address in ("198.51.100.1", "198.51.100.2"):
        client.get("/account/password/", REMOTE_ADDR=address)
    session = Session.objects.get()
    assert session.seen > before and session.address == "198.51.100.1"
    with django_assert_max_num_queries(2) as asked:
        client.get("/account/password/")
    assert not [query for query in asked.captured_queries if not query["sql"].startswith("SELECT")]


def test_expired_ones_let_nobody_in_and_are_cleared_by_the_next_login(alice: User, bob: User) -> None:
    client = log_in(alice)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(client)
    log_in(bob)
    assert [session.account for session in Session.objects.all()] == [bob]


def test_an_account_holds_so_many_and_the_idle_ones_end(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_HELD", 3)
    stranger, *browsers = log_in(bob), *(log_in(alice) for _ in range(5))
    assert [is_in(browser) for browser in browsers] == [False, False, True, True, True] and is_in(stranger)


def test_djangos_own_command_clears_them_too(alice: User) -> None:
    log_in(alice)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    call_command("clearsessions")
    assert not Session.objects.exists()


def test_sessions_go_with_their_account(alice: User) -> None:
    client = log_in(alice)
    alice.delete()
    assert not Session.objects.exists() and not is_in(client)


def test_what_goes_on_after_a_request_can_ask_again_who_it_is(alice: User) -> None:
    key = log_in(alice).cookies["sessionid"].value
    assert sessions.account_of(key) == alice
    User.objects.update(is_active=False)
    assert sessions.account_of(key) is None
    User.objects.update(is_active=True)
    assert sessions.account_of(key) == alice
    Session.objects.all().delete()
    assert sessions.account_of(key) is None and sessions.account_of(None) is None


@pytest.mark.parametrize(
    ("behind_tls", "told", "seen"),
    [
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (True, "2001:db8::1", "2001:db8::1"),
        (True, "::ffff:203.0.113.9", "203.0.113.9"),
        (True, "nonsense", "127.0.0.1"),
        (True, "", "127.0.0.1"),
        (False, "203.0.113.9", "127.0.0.1"),
    ],
)
def test_the_address_is_what_the_proxy_says_and_nobody_else(
    alice: User, settings: Settings, behind_tls: bool, told: str, seen: str
) -> None:
    settings.BEHIND_TLS = behind_tls
    client = Client(headers={"x-forwarded-for": told})
    client.post("/login/", {"username": alice.username, "password": PASSWORD})
    assert Session.objects.get().address == seen


def test_an_inactive_account_is_out_everywhere_at_once(alice: User, browser: Client) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not is_in(browser) and not is_in(logged_in(alice))


def test_an_account_that_was_read_with_another_session_is_not_taken(alice: User, bob: User) -> None:
    client = log_in(alice)
    Session.objects.update(account=bob)
    page = client.get("/account/")
    assert alice.username in text(page) and bob.username not in text(page)


def test_a_session_without_the_mark_of_the_password_lets_nobody_in(alice: User) -> None:
    client = log_in(alice)
    store = sessions.SessionStore(client.cookies["sessionid"].value)
    store["_auth_user_hash"] = ""
    store.save()
    assert not is_in(client)
