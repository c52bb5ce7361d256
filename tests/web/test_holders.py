"""Who holds a session: what is found by one question is what Django finds by four."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from tests.web.conftest import logged_in, person
from webui import access
from webui.people import holders, sessions
from webui.people.models import Session

ROLES = (access.MEMBER, access.AUDITOR, access.OPERATOR, access.ADMINISTRATOR)


def held(account: User) -> Session:
    """The session of somebody who has just logged in, as a request finds it."""
    found = holders.session(logged_in(account).cookies["sessionid"].value)
    assert found
    return found


def told(row: Any) -> dict[str, Any]:
    """All columns of a row."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("roles", [(), (access.MEMBER,), (access.AUDITOR, access.OPERATOR), ROLES])
def test_session_account_and_permissions_are_those_that_django_finds(db: None, roles: tuple[str, ...]) -> None:
    account = person("somebody", *roles)
    account.user_permissions.add(Permission.objects.get(codename="delete_group"))
    session = held(account)
    assert told(session) == told(Session.objects.get())
    assert session.account and told(session.account) == told(User.objects.get())
    fresh = User.objects.get()
    assert session.account.get_all_permissions() == fresh.get_all_permissions()


def test_who_has_no_permissions_has_none(db: None) -> None:
    account = held(person("nobody")).account
    assert account and account.get_all_permissions() == set() and not account.has_perm(access.DRAW)


def test_a_superuser_may_do_everything(db: None) -> None:
    account = held(User.objects.create_superuser("root")).account
    assert account and account.has_perm("any.thing") and access.DRAW in account.get_all_permissions()


def test_a_session_that_has_expired_is_none(alice: User) -> None:
    key = logged_in(alice).cookies["sessionid"].value
    assert holders.session(key)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert holders.session(key) is None
    assert holders.session("nobodys") is None


def test_a_session_may_be_nobodys(db: None) -> None:
    store = sessions.SessionStore()
    store["language"] = "fr"
    store.create()
    session = holders.session(str(store.session_key))
    assert session and session.account is None and session.account_id is None


def test_what_is_taken_from_a_role_is_gone_at_once(alice: User, browser: Client) -> None:
    assert browser.get("/").status_code == 200
    Group.objects.get(name=access.MEMBER).permissions.clear()
    assert browser.get("/").status_code != 200


def test_one_question_tells_who_asks_and_what_they_may(browser: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        browser.get("/")
