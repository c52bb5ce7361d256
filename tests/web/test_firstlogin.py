import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

pytestmark = pytest.mark.django_db


def _firstlogin(monkeypatch: pytest.MonkeyPatch, name: str, given: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    call_command("firstlogin", name)


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
