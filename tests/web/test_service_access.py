"""The service page refuses whom it must, and does nothing that was not asked for by its own forms."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.supervised import Supervised
from tests.web.conftest import logged_in
from tests.web.pages import text
from tests.web.service import account, pid_of
from webui.service.models import ServiceAct

ACTS = [
    ("daemon", "stop"),
    ("daemon", "start"),
    ("recorder", "restart"),
    ("daemon", "reload"),
    ("ledger", "verify"),
    ("ledger", "cancel"),
]


@contextmanager
def nobody_may_anything(trial: Supervised) -> Iterator[None]:
    """See that programs and table are as before."""
    before = [pid_of(trial, name) for name in ("fifod", "recorder")]
    yield
    assert [pid_of(trial, name) for name in ("fifod", "recorder")] == before
    assert not ServiceAct.objects.exists()


@pytest.mark.parametrize(("staff", "may"), [(False, False), (True, False)])
def test_it_refuses_accounts_that_may_not(trial: Supervised, db: None, staff: bool, may: bool) -> None:
    client = logged_in(account("somebody", staff=staff, may=may))
    with nobody_may_anything(trial):
        for address in ("/service/", "/service/fresh/"):
            page = client.get(address)
            assert page.status_code == 403 and "may not see this page" in text(page)
        for part, verb in ACTS:
            assert client.post(f"/service/{part}/{verb}/").status_code == 403
            assert client.get(f"/service/{part}/{verb}/").status_code == 403
    assert "Service" not in text(client.get("/draws/"))


def test_it_refuses_an_account_that_was_shut_out(trial: Supervised, operator: Client) -> None:
    User.objects.filter(username="operator").update(is_active=False)
    with nobody_may_anything(trial):
        assert operator.get("/service/")["Location"].startswith("/login/")
        assert operator.post("/service/daemon/stop/")["Location"].startswith("/login/")


def test_it_lets_strangers_log_in_first(trial: Supervised, db: None, client: Client) -> None:
    with nobody_may_anything(trial):
        for address in ("/service/", "/service/fresh/", "/service/daemon/stop/"):
            for ask in (client.get, client.post):
                assert ask(address)["Location"].startswith("/login/?next=/service/")


@pytest.mark.parametrize(
    "address",
    ["daemon/kill/", "recorder/reload/", "web/stop/", "fifod/stop/", "daemon/__class__/", "daemon/", "daemon/stop/x/"],
)
def test_there_are_no_other_acts(trial: Supervised, operator: Client, address: str) -> None:
    with nobody_may_anything(trial):
        assert operator.post(f"/service/{address}").status_code == 404


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_an_address_that_is_opened_does_nothing(trial: Supervised, operator: Client, method: str) -> None:
    with nobody_may_anything(trial):
        assert getattr(operator, method)("/service/daemon/stop/").status_code == 405


def test_a_form_of_another_site_does_nothing(trial: Supervised, db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(account("operator", staff=True, may=True))
    with nobody_may_anything(trial):
        for part, verb in ACTS:
            assert client.post(f"/service/{part}/{verb}/").status_code == 403


def test_every_form_carries_the_token_and_stopping_is_asked_for_twice(trial: Supervised, operator: Client) -> None:
    page = operator.get("/service/").content.decode()
    forms = re.findall(r'<form class="act.*?</form>', page, re.S)
    assert len(forms) == 9 and all("csrfmiddlewaretoken" in form for form in forms)
    hidden = "".join(re.findall(r"<details>.*?</details>", page, re.S))
    assert len(re.findall(r"/service/\w+/(?:stop|restart)/", hidden)) == 4
    assert len(re.findall(r"/service/\w+/(?:stop|restart)/", page)) == 4


def test_the_header_leads_there_whoever_may(trial: Supervised, operator: Client) -> None:
    assert 'href="/service/"' in operator.get("/draws/").content.decode()
