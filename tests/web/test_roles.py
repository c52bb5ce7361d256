"""Roles: the groups that the migration makes, and what administrators can give and take."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from tests.web.conftest import PASSWORD, logged_in, person
from tests.web.pages import text
from tests.web.sites import Site
from webui import access
from webui.people import names

make_roles = import_module("webui.people.migrations.0001_roles").make_roles
public_links = import_module("webui.people.migrations.0003_public_links")
ROLES = [access.MEMBER, access.AUDITOR, access.OPERATOR, access.ADMINISTRATOR]


def _permissions(name: str) -> set[str]:
    return set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))


def test_each_role_may_do_what_it_is_for_and_no_more(db: None) -> None:
    assert _permissions(access.MEMBER) == {"draw"}
    assert _permissions(access.AUDITOR) == {"read_all", "view_draw", "view_recorderposition"}
    assert _permissions(access.OPERATOR) == {"control", "view_serviceact"}
    accounts = {"add_user", "change_user", "delete_user", "view_user", "view_group", "view_logentry"}
    links = {"view_publiclink", "delete_publiclink"}
    others = set[str]().union(*map(_permissions, ROLES[:3]))
    assert _permissions(access.ADMINISTRATOR) == accounts | links | others


OLD_ACCOUNTS = """
from django.contrib.auth.models import Group, Permission, User
User.objects.create_user("member")
staff = User.objects.create_user("staff", is_staff=True)
staff.user_permissions.add(Permission.objects.get(codename="control"))
User.objects.create_superuser("root")
from django.contrib.sessions.backends.db import SessionStore
SessionStore().create()
"""
WHO_MAY_WHAT = """
    SELECT u.username, g.name FROM auth_user u
    JOIN auth_user_groups x ON x.user_id = u.id JOIN auth_group g ON g.id = x.group_id
"""


def test_an_upgrade_leaves_everybody_what_they_could_do(site: Site) -> None:
    site.manage("migrate", "people", "zero", "-v0")
    site.manage("shell", "-c", "from django.contrib.auth.models import Group; Group.objects.all().delete()")
    site.manage("shell", "-c", OLD_ACCOUNTS)
    for _ in range(2):
        site.manage("migrate", "-v0")
        assert sorted(site.rows(WHO_MAY_WHAT)) == [("member", "member"), ("root", "member"), ("staff", "member")]
        assert site.rows("SELECT count(*) FROM auth_user_user_permissions") == [(1,)]
        assert site.rows("SELECT count(*) FROM django_session") == [(0,)]


def test_making_the_roles_again_changes_nothing(db: None) -> None:
    before = {name: _permissions(name) for name in ROLES}
    public_links.forbid(apps, None)
    make_roles(apps, None)
    public_links.allow(apps, None)
    assert {name: _permissions(name) for name in ROLES} == before and Group.objects.count() == len(ROLES)


def test_an_upgrade_lets_administrators_revoke_links(site: Site) -> None:
    question = """
        SELECT g.name, p.codename FROM auth_group g JOIN auth_group_permissions x ON x.group_id = g.id
        JOIN auth_permission p ON p.id = x.permission_id WHERE p.codename LIKE '%publiclink'
    """
    given = [("administrator", "delete_publiclink"), ("administrator", "view_publiclink")]
    site.manage("migrate", "people", "0002", "-v0")
    assert site.rows(question) == []
    site.manage("migrate", "-v0")
    assert sorted(site.rows(question)) == given
    site.manage("migrate", "people", "zero", "-v0")
    site.manage("migrate", "-v0")
    assert sorted(site.rows(question)) == given
    assert site.rows("SELECT count(*) FROM auth_group") == [(len(ROLES),)]


def test_a_group_that_had_a_roles_name_steps_aside_with_its_people(db: None) -> None:
    Group.objects.all().delete()
    old = Group.objects.create(name="operator")
    old.permissions.add(Permission.objects.get(codename="view_draw"))
    clerk = User.objects.create_user("clerk")
    clerk.groups.add(old)
    make_roles(apps, None)
    clerk = User.objects.get(pk=clerk.pk)
    assert clerk.has_perm("history.view_draw") and not clerk.has_perm(access.CONTROL)
    assert [group.name for group in clerk.groups.order_by("pk")] == ["operator (before there were roles)", "member"]
    assert _permissions("operator") == {"control", "view_serviceact"}


@pytest.fixture
def administrator(db: None) -> User:
    """Somebody with the role, who is no superuser."""
    return person("administrator", access.ADMINISTRATOR)


@pytest.fixture
def superuser(db: None) -> User:
    """The superuser."""
    return User.objects.create_superuser("root", password=PASSWORD)


def _change(actor: User, account: User, **changes: Any) -> Any:
    """Send the form of an account as it is, but for some changes."""
    client = logged_in(actor)
    address = f"/admin/auth/user/{account.pk}/change/"
    page = client.get(address)
    form = page.context["adminform"].form if page.status_code == 200 else None
    kept = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()} if form else {}
    kept["groups"] = [group.pk for group in account.groups.all()]
    sent = {name: value for name, value in (kept | changes).items() if value is not None and value is not False}
    return client.post(address, sent)


def _fresh(account: User) -> User:
    return User.objects.get(pk=account.pk)


def test_a_new_account_is_a_member_unless_one_says_otherwise(administrator: User) -> None:
    client = logged_in(administrator)
    form = client.get("/admin/auth/user/add/").context["adminform"].form
    assert [group.name for group in form.get_initial_for_field(form.fields["groups"], "groups")] == [access.MEMBER]
    given = {"username": "carol", "password1": "correct-horse-8", "password2": "correct-horse-8"}
    member = Group.objects.get(name=access.MEMBER)
    answer = client.post("/admin/auth/user/add/", {**given, "usable_password": "true", "groups": [member.pk]})
    assert answer.status_code == 302, text(answer)
    assert User.objects.get(username="carol").has_perm(access.DRAW)


def test_an_administrator_gives_and_takes_roles(administrator: User, alice: User) -> None:
    auditor = Group.objects.get(name=access.AUDITOR)
    assert _change(administrator, alice, groups=[auditor.pk]).status_code == 302
    assert [group.name for group in alice.groups.all()] == [access.AUDITOR]
    assert _change(administrator, alice, is_active=False).status_code == 302
    assert not _fresh(alice).is_active


def test_an_administrator_becomes_no_more_than_that(administrator: User) -> None:
    mighty = Group.objects.create(name="mighty")
    mighty.permissions.set(Permission.objects.all())
    more = {"is_superuser": "on", "is_staff": "on", "user_permissions": [Permission.objects.all()[0].pk]}
    assert _change(administrator, administrator, **more).status_code == 302
    refused = _change(administrator, administrator, groups=[mighty.pk])
    assert refused.status_code == 200 and "not one of the available choices" in text(refused)
    account = _fresh(administrator)
    assert not account.is_superuser and not account.user_permissions.exists()
    assert not account.groups.filter(pk=mighty.pk).exists()


def test_an_administrator_does_nothing_to_who_may_more(administrator: User, superuser: User, alice: User) -> None:
    alice.user_permissions.add(Permission.objects.get(codename="delete_group"))
    client = logged_in(administrator)
    for account in (superuser, alice):
        address = f"/admin/auth/user/{account.pk}"
        assert client.get(f"{address}/change/").status_code == 200, "it may be looked at"
        assert client.post(f"{address}/change/", {"email": "x@example.org"}).status_code == 403
        assert client.post(f"{address}/password/", {"password1": "x" * 12, "password2": "x" * 12}).status_code == 403
        assert client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
        assert _fresh(account).check_password(PASSWORD)


def test_an_administrator_gives_a_new_password(administrator: User, alice: User, browser: Client) -> None:
    assert browser.get("/").status_code == 200
    new = {"password1": "another-horse-9", "password2": "another-horse-9", "usable_password": "true"}
    answer = logged_in(administrator).post(f"/admin/auth/user/{alice.pk}/password/", new)
    assert answer.status_code == 302, text(answer)
    assert _fresh(alice).check_password("another-horse-9")
    assert browser.get("/").status_code == 302, "who had the old password is out"


def test_a_superuser_remains(superuser: User) -> None:
    for changes in ({"is_superuser": False}, {"is_active": False}):
        refused = _change(superuser, superuser, **changes)
        assert refused.status_code == 200 and "the last superuser" in text(refused)
    another = User.objects.create_superuser("another", password=PASSWORD)
    assert _change(another, superuser, is_superuser=False).status_code == 302
    assert not _fresh(superuser).is_superuser and _fresh(another).is_superuser


def test_nobody_deletes_themselves_and_nothing_deletes_many(administrator: User, alice: User) -> None:
    client = logged_in(administrator)
    assert client.post(f"/admin/auth/user/{administrator.pk}/delete/", {"post": "yes"}).status_code == 403
    many = {"action": "delete_selected", "_selected_action": [administrator.pk, alice.pk], "post": "yes"}
    client.post("/admin/auth/user/", many)
    assert User.objects.filter(pk__in=[administrator.pk, alice.pk]).count() == 2
    assert client.post(f"/admin/auth/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()


def test_a_number_is_never_given_again(db: None) -> None:
    account = User.objects.create_user("short-lived")
    number = account.pk
    account.delete()
    assert User.objects.create_user("next").pk > number


def test_roles_are_changed_by_superusers_only(administrator: User, superuser: User) -> None:
    address = f"/admin/auth/group/{Group.objects.get(name=access.MEMBER).pk}/change/"
    assert logged_in(administrator).post(address, {"name": "member"}).status_code == 403
    assert logged_in(superuser).post(address, {"name": "member"}).status_code == 302


def test_what_was_done_to_accounts_can_be_read_and_not_changed(administrator: User, alice: User) -> None:
    _change(administrator, alice, email="alice@example.org")
    entry = LogEntry.objects.get()
    client = logged_in(administrator)
    page = text(client.get("/admin/admin/logentry/"))
    assert alice.username in page and administrator.username in page and "Changed" in page
    assert client.post(f"/admin/admin/logentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "a\x00b",
        "a\nb",
        "a\x1b[31m",
        "a\u202eb",
        "a\u2066b",
        "a\u200bb",
        "a:b",
        "<b>",
        "../x",
        "x" * 151,
        "é" * 100,
    ],
)
def test_names_that_records_cannot_hold_are_refused(administrator: User, name: str) -> None:
    before = User.objects.count()
    assert "errornote" in _add(administrator, name) and User.objects.count() == before


@pytest.mark.parametrize("name", ["Éva", "ÉVA", "e\u0301va", "\u212bngstrom", "\u00c5NGSTROM"])
def test_a_name_that_differs_in_capitals_only_is_taken(administrator: User, name: str) -> None:
    for taken in ("éva", "ångstrom"):
        User.objects.create_user(taken)
    assert names.is_taken(name)
    assert "perhaps with other capitals" in _add(administrator, name) or "already exists" in _add(administrator, name)


def _add(actor: User, name: str) -> str:
    given = {
        "username": name,
        "password1": "correct-horse-8",
        "password2": "correct-horse-8",
        "usable_password": "true",
    }
    answer = logged_in(actor).post("/admin/auth/user/add/", given)
    return str(answer.content.decode())


def test_own_permissions_and_those_of_groups_count_together(alice: User) -> None:
    alice.user_permissions.add(Permission.objects.get(codename="control"))
    account = _fresh(alice)
    assert account.get_all_permissions() == {access.DRAW, access.CONTROL}
    account.is_active = False
    assert not account.get_all_permissions() and not account.has_perm(access.DRAW)
    assert access.DRAW in User.objects.create_superuser("root").get_all_permissions()


@pytest.mark.parametrize(
    ("roles", "home"),
    [
        ([access.AUDITOR], "/draws/"),
        ([access.OPERATOR], "/service/"),
        ([access.OPERATOR, access.AUDITOR], "/draws/"),
        ([], "/account/"),
    ],
)
def test_who_may_not_draw_begins_elsewhere(db: None, roles: list[str], home: str) -> None:
    assert logged_in(person("somebody", *roles)).get("/")["Location"] == home


def test_a_refusal_has_no_trace_in_the_log(db: None, site: Site) -> None:
    site.manage("firstlogin", "clerk", "--role", "auditor", given=PASSWORD + "\n")
    told = site.manage("shell", "-v0", "-c", REFUSED)
    forbidden, elsewhere = told.splitlines()
    assert forbidden == "django.request: WARNING: Forbidden (Permission denied): /service/"
    assert elsewhere.startswith("django.security.DisallowedHost: ERROR: Invalid HTTP_HOST header: 'elsewhere'")


REFUSED = """
from django.contrib.auth.models import User
from django.test import Client
client = Client(headers={"host": "localhost"})
client.force_login(User.objects.get())
client.get("/service/")
client.get("/", headers={"host": "elsewhere"})
"""
