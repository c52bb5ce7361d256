"""What every address keeps to: nothing changes by looking, no form without its token, no way to elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.messages.storage.base import Message
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from deploy import management
from tests.daemons import Daemon
from tests.web import addresses
from tests.web.conftest import PASSWORD, logged_in, person
from tests.web.pages import draw
from tests.web.sites import Site
from webui import access, gateway

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " https://evil.example",
    "\thttps://evil.example",
    "/\t/evil.example",
    "https://127.0.0.1@evil.example/",
    "https://evil.example\\@127.0.0.1/",
    "/x\r\nSet-Cookie: a=b",
    "/%0d%0aSet-Cookie:%20a=b",
    "/\0//evil.example",
    "http://[::1",
)
FILLINGS = {
    "serial": "1",
    "part": "daemon",
    "verb": "stop",
    "app_label": "auth",
    "content_type_id": "1",
    "token": "x" * 22,
    "url": "no/such/page",
}
ONE = "1"


# `manage.py check --deploy` in the form that the installation uses.


def installed(site: Site, **variables: str) -> Site:
    """The site with the unit's variables; only the places are the test's."""
    for name in management.VARIABLES:
        path = Path(management.VARIABLES[name]).name
        site.environment[name] = str(site.state / path)
    site.environment |= variables
    return site


def test_behind_tls_djangos_deployment_check_has_nothing_to_say(site: Site) -> None:
    tls = installed(site, FIFOD_WEB_TLS="1", FIFOD_WEB_HOSTS="draws.example.org")
    said = tls.manage("check", "--deploy", "--fail-level", "DEBUG")
    # W005 and W021 are about all names below the host's, which its owner knows and the proxy can say.
    assert "no issues (2 silenced)" in said, said


def test_without_tls_it_misses_what_only_tls_can_give(site: Site) -> None:
    said = installed(site).manage("check", "--deploy")
    missed = set(re.findall(r"\(([a-z_]+\.\w+)\)", said))
    # HSTS, no redirection to TLS, and the token goes over plain HTTP; so does the session's cookie (Django 6 has
    # another number for that).
    assert missed - {"security.W010", "security.W012"} == {"security.W004", "security.W008", "security.W016"}, said
    assert missed & {"security.W010", "security.W012"}, said


# Every address.


def filled(shape: str) -> str:
    """An address with something in place of each name."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: FILLINGS.get(found[1], ONE), shape)


def every_address() -> list[str]:
    """All addresses of the site, filled in."""
    from django.urls import get_resolver

    return sorted({filled(addresses._plain(route)) for route in addresses._routes(get_resolver(), "/")})


def content(*but: type) -> dict[str, list[Any]]:
    """All rows of all tables."""
    models = [model for model in apps.get_models() if model not in but]
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in models}


@pytest.fixture
def everybody(shared: Daemon, record: Callable[[Daemon], None], settings: Settings, place: Path) -> User:
    """An account that may do everything, with a draw that is recorded; no supervisor."""
    settings.SUPERVISOR = str(place / "nobody")
    settings.METRICS_TOKEN_FILE = place / "none"
    account = person("everybody", access.MEMBER, access.AUDITOR, access.OPERATOR, access.ADMINISTRATOR)
    User.objects.filter(pk=account.pk).update(is_staff=True, is_superuser=True)
    draw(logged_in(account))
    record(shared)
    return User.objects.get(pk=account.pk)


def test_looking_changes_nothing(shared: Daemon, everybody: User, settings: Settings) -> None:
    client = logged_in(everybody)
    before, drawn = content(Session), gateway.status()["draws"]
    for address in every_address():
        for method in (client.get, client.options):
            with closing(method(address)) as answer:
                assert answer.status_code < 500 or address == "/healthz", address
    assert content(Session) == before
    assert gateway.status()["draws"] == drawn
    assert client.get("/").status_code == 200, "somebody was logged out by a look"


def test_nothing_is_taken_without_the_forms_token(shared: Daemon, everybody: User) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(everybody)
    before, drawn = content(Session), gateway.status()["draws"]
    for address in every_address():
        for method, form in (("post", {}), ("post", {"csrfmiddlewaretoken": "x" * 64}), ("put", {}), ("delete", {})):
            with closing(getattr(client, method)(address, form)) as answer:
                # A list or seed given on a public page is compared and kept nowhere: the link is what one must know.
                is_compared = address.startswith("/r/") and address.endswith(("/list/", "/seed/"))
                refusals = (404, 405) if is_compared else (403, 405)
                assert answer.status_code in refusals, f"{method} {address}: {answer.status_code}"
    assert content(Session) == before and gateway.status()["draws"] == drawn
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"X-HTTP-Method-Override": "POST"}, {"X-Method-Override": "DELETE"}, {"X-HTTP-Method": "POST"}],
)
def test_a_look_cannot_be_called_something_else(shared: Daemon, everybody: User, headers: dict[str, str]) -> None:
    client = logged_in(everybody)
    before = content(Session)
    for address in ("/logout/", "/service/daemon/stop/", "/service/ledger/verify/"):
        assert client.get(address, {"_method": "POST"}, headers=headers).status_code == 405
    assert content(Session) == before


@pytest.mark.parametrize("verb", ["TRACE", "CONNECT", "PROPFIND", "DEBUG", "TRACK", "X" * 300])
def test_other_verbs_do_nothing(shared: Daemon, everybody: User, verb: str) -> None:
    client = logged_in(everybody)
    before = content(Session)
    for address in ("/draws/", "/service/", "/service/daemon/stop/", "/live/"):
        assert client.generic(verb, address).status_code in (403, 405), address
    assert content(Session) == before


# Ways to elsewhere.


def leads_elsewhere(location: str) -> bool:
    """Whether a browser would leave the site; it takes a backslash for a slash and leaves out tabs and line ends."""
    seen = re.sub(r"[\t\r\n]", "", location).strip().replace("\\", "/")
    parts = urlsplit(seen)
    return bool(parts.netloc or parts.scheme)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_logging_in_leads_nowhere_else(client: Client, alice: User, target: str) -> None:
    for address in ("/login/", "/admin/login/"):
        form = {"username": alice.get_username(), "password": PASSWORD, "next": target}
        for answer in (client.post(address, form), client.post(f"{address}?next=", form | {"next": target})):
            location = answer.get("Location", "/")
            assert not leads_elsewhere(location), location
            assert "Set-Cookie: a" not in str(answer.headers) and "\n" not in location
        client.logout()


@pytest.mark.parametrize("target", ELSEWHERE)
def test_who_is_logged_in_already_is_led_nowhere_else(browser: Client, target: str) -> None:
    answer = browser.get("/login/", {"next": target})
    assert answer.status_code == 302 and not leads_elsewhere(answer["Location"]), answer["Location"]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_choosing_a_language_leads_nowhere_else(client: Client, db: None, target: str) -> None:
    for headers in ({}, {"referer": target.strip().replace("\r", "").replace("\n", "").replace("\0", "")}):
        answer = client.post("/language/", {"language": "fr", "next": target}, headers=headers)
        assert answer.status_code == 302 and not leads_elsewhere(answer["Location"]), answer["Location"]
        assert "a=b" not in str(answer.cookies)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_logging_out_leads_nowhere_else(browser: Client, target: str) -> None:
    answer = browser.post("/logout/", {"next": target})
    assert answer.status_code == 302 and not leads_elsewhere(answer["Location"]), answer["Location"]


def test_what_a_language_is_called_cannot_be_anything(client: Client, db: None) -> None:
    for language in ("../../etc/passwd", "fr\r\nX: y", "x" * 10_000, "<script>"):
        client.post("/language/", {"language": language, "next": "/login/"})
        page = client.get("/login/")
        assert page.status_code == 200 and b'<html lang="en">' in page.content


# Names of the host.


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example:8000",
        "127.0.0.1:8000:evil",
        "localhost\\evil.example",
        "localhost, evil.example",
        "[::1",
        "",
        "x" * 5000,
    ],
)
def test_a_host_name_that_is_not_the_sites_is_refused(browser: Client, host: str) -> None:
    for address in ("/", "/login/", "/no/such/page"):
        answer = browser.get(address, headers={"host": host})
        assert answer.status_code == 400, address
        assert b"evil" not in answer.content


def test_a_proxys_headers_are_not_believed_where_there_is_none(browser: Client) -> None:
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "forwarded": "host=evil.example"}
    for address in ("/", "/draws/", "/login/"):
        answer = browser.get(address, headers=forged)
        assert b"evil.example" not in answer.content and "Strict-Transport-Security" not in answer
        assert not leads_elsewhere(answer.get("Location", "/"))


def test_a_form_is_not_taken_from_another_origin(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.get("/login/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    form = {"username": alice.get_username(), "password": PASSWORD, "csrfmiddlewaretoken": found[1]}
    for origin in ("https://evil.example", "http://localhost", "null", "http://testserver.evil.example"):
        assert client.post("/login/", form, headers={"origin": origin}).status_code == 403, origin
    assert client.post("/login/", form, headers={"origin": "http://testserver"}).status_code == 302


def test_messages_hold_no_markup(shared: Daemon, everybody: User) -> None:
    """What a page says of an act goes through a cookie or the session as a text, never as HTML."""
    page = logged_in(everybody).post("/service/daemon/start/", follow=True)
    assert all(
        isinstance(message, Message) and not hasattr(message.message, "__html__")
        for message in page.context["messages"]
    )
