"""A draw form that comes without a login or with an old token: nothing is lost, and nothing drawn."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.daemons import Daemon
from tests.web.pages import key_of, text
from webui import access
from webui.draws.fields import new_key

HERE = {"Origin": "http://testserver"}
AGAIN = {"what": "shuffle", "list": "Ada\nBlaise <b>\n", "purpose": "a long thought"}


def filled() -> dict[str, Any]:
    return {**AGAIN, "key": new_key()}


def careful() -> Client:
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def token_of(page: Any) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert found
    return found[1]


def holds(page: Any, form: dict[str, Any]) -> bool:
    return (
        "Ada\nBlaise &lt;b&gt;\n</textarea>" in page.content.decode()
        and 'value="a long thought"' in page.content.decode()
        and key_of(page) == form["key"]
    )


def test_a_strangers_form_is_shown_again_with_a_way_to_the_login(shared: Daemon, client: Client) -> None:
    before, form = len(shared.bodies("draw")), filled()
    page = client.post("/", form, headers=HERE)
    assert page.status_code == 403 and holds(page, form) and "no longer logged in" in text(page)
    assert '<a href="/login/" target="_blank" rel="noopener">' in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert len(shared.bodies("draw")) == before


def test_a_form_with_an_old_token_is_shown_again_and_draws_when_it_is_sent_once_more(
    shared: Daemon, alice: User
) -> None:
    client = careful()
    client.force_login(alice)
    before, form = len(shared.bodies("draw")), filled()
    page = client.post("/", {**form, "csrfmiddlewaretoken": "x" * 64}, headers=HERE)
    assert page.status_code == 403 and holds(page, form) and "before you last logged in" in text(page)
    assert len(shared.bodies("draw")) == before
    page = client.post("/", {**form, "csrfmiddlewaretoken": token_of(page)}, headers=HERE)
    assert page.status_code == 200 and len(shared.bodies("draw")) == before + 1


@pytest.mark.parametrize(
    "origin",
    [{}, {"Origin": "null"}, {"Origin": "http://elsewhere.example"}, {"Origin": "https://testserver"}],
    ids=["none", "null", "another", "another scheme"],
)
def test_a_form_of_another_site_is_refused_and_not_shown(shared: Daemon, alice: User, origin: dict[str, str]) -> None:
    before = len(shared.bodies("draw"))
    for account in (alice, None):
        client = careful()
        if account:
            client.force_login(account)
        page = client.post("/", filled(), headers=origin)
        assert page.status_code == 403 and "Ada" not in text(page) and "a long thought" not in page.content.decode()
    assert len(shared.bodies("draw")) == before


def test_the_token_of_a_form_of_another_site_helps_nobody(shared: Daemon, alice: User) -> None:
    client = careful()
    client.force_login(alice)
    before, token = len(shared.bodies("draw")), token_of(client.get("/"))
    form = {**filled(), "csrfmiddlewaretoken": token}
    page = client.post("/", form, headers={"Origin": "http://elsewhere.example"})
    assert page.status_code == 403 and len(shared.bodies("draw")) == before


def test_who_may_not_draw_gets_no_form(shared: Daemon, bob: User) -> None:
    bob.groups.clear()
    assert not bob.has_perm(access.DRAW)
    client = careful()
    client.force_login(bob)
    page = client.post("/", filled(), headers=HERE)
    assert page.status_code == 403 and "a long thought" not in page.content.decode()


def test_programs_and_scripts_are_answered_as_before(shared: Daemon, client: Client) -> None:
    for headers in ({"Accept": "application/json"}, {"HX-Request": "true"}):
        assert client.post("/", filled(), headers={**HERE, **headers}).status_code == 302
        assert "Ada" not in text(careful().post("/", filled(), headers={**HERE, **headers}))


def test_a_form_for_another_page_is_not_taken_for_a_draw(shared: Daemon) -> None:
    page = careful().post("/login/", filled(), headers=HERE)
    assert page.status_code == 403 and "Ada" not in text(page)


def test_it_says_that_a_file_must_be_chosen_again(shared: Daemon, client: Client) -> None:
    file = SimpleUploadedFile("names.txt", b"Ada\n", content_type="text/plain")
    page = client.post("/", {**filled(), "list": "", "file": file}, headers=HERE)
    assert "Choose the file again" in text(page)


def test_a_key_that_is_none_is_renewed(shared: Daemon, client: Client) -> None:
    page = client.post("/", {**filled(), "key": "nonsense"}, headers=HERE)
    assert re.fullmatch("[0-9a-f]{32}", key_of(page)) and "a long thought" in page.content.decode()
