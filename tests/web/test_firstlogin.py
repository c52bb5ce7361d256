import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

pytestmark = pytest.mark.django_db


def _firstlogin(monkeypatch: pytest.MonkeyPatch, name: str, given: str, *options: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    call_command("firstlogin", name, *options)


def test_it_makes_an_administrator(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    _firstlogin(monkeypatch, "keeper", "open-sesame\n")
    assert client.login(username="keeper", password="open-sesame")
    assert client.get("/admin/").status_code == 200


def test_it_gives_an_account_a_new_password(monkeypatch: pytest.MonkeyPatch, client: Client, alice: User) -> None:
    _firstlogin(monkeypatch, alice.username, "open-sesame\n")
    assert client.login(username=alice.username, password="open-sesame")
    assert User.objects.get(pk=alice.pk).is_superuser


@pytest.mark.parametrize(
    ("name", "given"), [("keeper", ""), ("keeper", "short\n"), ("a b", "open-sesame\n"), ("", "open-sesame\n")]
)
def test_it_refuses_what_cannot_be(monkeypatch: pytest.MonkeyPatch, name: str, given: str) -> None:
    with pytest.raises(CommandError, match="cannot"):
        _firstlogin(monkeypatch, name, given)
    assert not User.objects.exists()


def test_it_makes_an_account_with_a_role_only(monkeypatch: pytest.MonkeyPatch) -> None:
    _firstlogin(monkeypatch, "carol", "open-sesame\n", "--role", "auditor", "--role", "member")
    account = User.objects.get(username="carol")
    assert {group.name for group in account.groups.all()} == {"auditor", "member"} and not account.is_superuser


def test_a_role_takes_no_power_from_a_superuser(monkeypatch: pytest.MonkeyPatch) -> None:
    _firstlogin(monkeypatch, "keeper", "open-sesame\n")
    _firstlogin(monkeypatch, "keeper", "open-sesame\n", "--role", "member")
    assert User.objects.get(username="keeper").is_superuser


def test_it_makes_no_second_account_that_differs_in_capitals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    _firstlogin(monkeypatch, "keeper", "open-sesame\n")
    with pytest.raises(CommandError, match="other capitals"):
        _firstlogin(monkeypatch, "Keeper", "open-sesame\n")
