import hashlib
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.web.conftest import connect, logged_in, person
from tests.web.ledgers import Ledger
from tests.web.pages import text, values_of
from webui import access, gateway
from webui.history.recorder import Recorder
from webui.receipts import links
from webui.receipts.models import PublicLink
from webui.receipts.tokens import without_tokens

LIST = {"input": {"count": 5, "sha256": "1f" * 32}}
PATHS = ["", "check/", "receipt.json"]


@pytest.fixture
def ledger(place: Path, settings: Settings, alice: User) -> Ledger:
    """A ledger in which draw 2 is alice's."""
    connect(settings, place)
    ledger = Ledger(place / "state" / "ledger")
    ledger.draw("unix:1000", purpose="of a shell", **LIST)
    ledger.draw(gateway.drawer(alice), purpose="a raffle", **LIST)
    ledger.draw(gateway.drawer(alice), purpose="another matter")
    return ledger


def made(browser: Client, serial: int = 2) -> str:
    """The path of a new link."""
    page = browser.post(f"/draws/{serial}/links/")
    assert page.status_code == 200
    found = re.search(r'value="http://testserver(/r/[A-Za-z0-9_-]{32}/)"', page.content.decode())
    assert found, text(page)
    return found[1]


def test_whoever_has_the_link_sees_receipt_check_and_file(ledger: Ledger, browser: Client, client: Client) -> None:
    link = made(browser)
    page = client.get(link)
    assert page.status_code == 200 and "a raffle" in text(page) and values_of(page) == ["37", "89", "98", "27", "31"]
    assert ledger.hashes[2] in text(page) and f"http://testserver{link}" in text(page)
    assert "All steps hold" in text(client.get(f"{link}check/"))
    assert json.loads(client.get(f"{link}receipt.json").content)["data"] == [37, 89, 98, 27, 31]


def test_it_shows_nothing_else_of_anybody(ledger: Ledger, browser: Client, client: Client) -> None:
    link = made(browser)
    for visitor in (client, browser, logged_in(person("ada", access.ADMINISTRATOR))):
        page = visitor.get(link)
        assert "1 other draw by this account" in text(page) and "1 other draw about the same list" in text(page)
        assert "another matter" not in text(page) and "of a shell" not in text(page)
        addresses = set(re.findall(r'(?:href|action|src|hx-[a-z]+)="(/[^"]*)"', page.content.decode()))
        assert {one for one in addresses if not one.startswith(("/static/", link))} == set()
        assert "Log out" not in text(page) and "csrf" not in page.content.decode()


def test_the_address_gets_nowhere_else(ledger: Ledger, browser: Client, client: Client) -> None:
    link = made(browser)
    for path in (link, f"{link}check/", f"{link}receipt.json", "/r/unknown/"):
        answer = client.get(path)
        assert answer["Referrer-Policy"] == "no-referrer" and "noindex" in answer["X-Robots-Tag"]
        assert "no-store" in answer["Cache-Control"] and "private" in answer["Cache-Control"]
        assert not answer.cookies


def test_a_revoked_link_and_one_that_never_was_look_alike(ledger: Ledger, browser: Client, client: Client) -> None:
    link, other = made(browser), made(browser)
    first = PublicLink.objects.earliest("pk")
    assert browser.post(f"/draws/2/links/{first.pk}/revoke/")["Location"] == "/draws/2/"
    assert client.get(other).status_code == 200
    for path in PATHS:
        gone, never = client.get(f"{link}{path}"), client.get(f"/r/{'x' * 32}/{path}")
        assert gone.status_code == never.status_code == 404
        assert gone.content == never.content and gone.headers == never.headers
        assert "a raffle" not in text(gone)


@pytest.mark.parametrize("token", ["x", "é", "%00", "..%2f2", "%ff", "a" * 5000, "' OR 1=1 --", "%", "-" * 32])
def test_no_other_token_opens_anything(ledger: Ledger, browser: Client, client: Client, token: str) -> None:
    made(browser)
    for path in PATHS:
        assert client.get(f"/r/{token}/{path}").status_code == 404


def test_only_the_hash_of_a_token_is_kept(ledger: Ledger, browser: Client) -> None:
    token = made(browser).split("/")[2]
    link = PublicLink.objects.get()
    assert link.digest == hashlib.sha256(token.encode()).hexdigest()
    assert token not in "".join(map(str, PublicLink.objects.values_list().get()))
    assert token not in browser.get("/draws/2/").content.decode() and "Made" in text(browser.get("/draws/2/"))


def test_tokens_are_long_and_never_the_same(ledger: Ledger, browser: Client) -> None:
    tokens = {made(browser).split("/")[2] for _ in range(5)}
    assert len(tokens) == 5 and all(len(token) == 32 for token in tokens)  # 192 bits


def test_a_draw_has_so_many_links_and_no_more(ledger: Ledger, browser: Client) -> None:
    for _ in range(links.MAX_LINKS):
        made(browser)
    page = browser.post("/draws/2/links/")
    assert "as many links as a draw may have" in text(page) and "/r/" not in page.content.decode()
    assert PublicLink.objects.count() == links.MAX_LINKS


def test_the_panel_alone_takes_its_place_on_the_page(ledger: Ledger, browser: Client) -> None:
    for path in ("/draws/2/links/", "/draws/2/links/1/revoke/"):
        part = browser.post(path, headers={"HX-Request": "true"}).content.decode()
        assert part.lstrip().startswith('<section class="panel links"') and "<html" not in part


@pytest.mark.parametrize("who", ["stranger", "auditor", "administrator"])
def test_nobody_but_the_owner_makes_or_revokes_links(ledger: Ledger, browser: Client, client: Client, who: str) -> None:
    roles = {"stranger": access.MEMBER, "auditor": access.AUDITOR, "administrator": access.ADMINISTRATOR}
    other = logged_in(person(who, access.MEMBER, roles[who]))
    link = made(browser)
    number = PublicLink.objects.get().pk
    assert other.post("/draws/2/links/").status_code == 404
    assert other.post(f"/draws/2/links/{number}/revoke/").status_code == 404
    assert client.get(link).status_code == 200 and PublicLink.objects.count() == 1
    assert "Public link" not in text(other.get("/draws/2/"))


def test_a_link_is_revoked_below_its_own_draw_only(ledger: Ledger, browser: Client, client: Client) -> None:
    link = made(browser)
    browser.post(f"/draws/3/links/{PublicLink.objects.get().pk}/revoke/")
    assert client.get(link).status_code == 200


def test_links_are_made_and_revoked_by_post_with_a_token_of_the_form(ledger: Ledger, alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    for path in ("/draws/2/links/", "/draws/2/links/1/revoke/"):
        assert strict.post(path).status_code == 403
        assert strict.get(path).status_code == 405
    assert not PublicLink.objects.exists()


def test_a_link_goes_with_its_account(ledger: Ledger, browser: Client, client: Client, alice: User) -> None:
    link = made(browser)
    alice.delete()
    assert client.get(link).status_code == 404


def test_a_secret_draw_stays_secret(ledger: Ledger, browser: Client, client: Client, alice: User) -> None:
    ledger.draw(gateway.drawer(alice), seed="", seedHash="ab" * 32)
    link = made(browser, 4)
    assert "A secret draw" in text(client.get(link)) and values_of(client.get(link)) == []


def test_a_draw_that_cannot_be_read_now_says_so(
    ledger: Ledger, browser: Client, client: Client, settings: Settings
) -> None:
    link = made(browser)
    settings.LEDGER_DIR = ledger.directory / "nowhere"
    for path in PATHS:
        answer = client.get(link + path)
        assert answer.status_code == 503 and "Nothing is lost" in text(answer) and "no-referrer" in str(answer.headers)
    assert client.get("/r/unknown/").status_code == 404


def test_a_recorded_draw_is_shown_from_its_row_then(
    ledger: Ledger, browser: Client, client: Client, settings: Settings
) -> None:
    for _ in Recorder(ledger.directory).record_batches():
        pass
    link = made(browser)
    settings.LEDGER_DIR = ledger.directory / "nowhere"
    assert client.get(link).status_code == 200 and client.get(f"{link}receipt.json").status_code == 503


def test_no_token_comes_into_the_log(
    ledger: Ledger, browser: Client, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    link = made(browser)
    strict = Client(enforce_csrf_checks=True)
    answers = [client.post(link), strict.post(link), client.get("/r/wrong-token/"), client.get(f"{link}nowhere")]
    assert [answer.status_code for answer in answers] == [405, 403, 404, 404]
    said = [_as_logged(record) for record in caplog.records]
    assert len(said) >= 4 and all("/r/…" in one for one in said)
    assert link.split("/")[2] not in "".join(said) and "wrong-token" not in "".join(said)


def _as_logged(record: logging.LogRecord) -> str:
    assert "without_tokens" in _handler()["filters"]
    assert without_tokens(record)
    return record.getMessage()


def _handler() -> dict[str, Any]:
    logging_: Any = site_settings.LOGGING
    handler: dict[str, Any] = logging_["handlers"]["stderr"]
    return handler


@pytest.mark.parametrize("at_once", [False, True], ids=["one", "some at once"])
def test_an_administrator_revokes_anybodys_links(
    ledger: Ledger, browser: Client, client: Client, at_once: bool
) -> None:
    link, other = made(browser), made(browser, 3)
    administrator = logged_in(person("ada", access.ADMINISTRATOR))
    page = administrator.get("/admin/receipts/publiclink/")
    assert "alice" in text(page) and 'href="/draws/2/"' in page.content.decode()
    assert link.split("/")[2] not in page.content.decode()
    number = PublicLink.objects.get(serial=2).pk
    chosen = {"action": "delete_selected", "_selected_action": [number], "post": "yes"}
    place = "/admin/receipts/publiclink/"
    done = (
        administrator.post(place, chosen)
        if at_once
        else administrator.post(f"{place}{number}/delete/", {"post": "yes"})
    )
    assert done.status_code == 302
    assert client.get(link).status_code == 404 and client.get(other).status_code == 200
    assert f"public link {number} to draw 2" in text(administrator.get("/admin/admin/logentry/"))


@pytest.mark.parametrize("role", [access.MEMBER, access.AUDITOR, access.OPERATOR])
def test_nobody_else_sees_or_revokes_links_in_the_admin(
    ledger: Ledger, browser: Client, client: Client, role: str
) -> None:
    link, other = made(browser), logged_in(person("other", role))
    number = PublicLink.objects.get().pk
    for path in ("", f"{number}/change/", f"{number}/delete/"):
        assert other.get(f"/admin/receipts/publiclink/{path}").status_code == 403
    assert other.post(f"/admin/receipts/publiclink/{number}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(link).status_code == 200


def test_whose_account_was_closed_can_be_found_by_it(ledger: Ledger, browser: Client, alice: User) -> None:
    made(browser)
    administrator = logged_in(person("ada", access.ADMINISTRATOR))
    closed = {"account__is_active__exact": "0"}
    assert "0 public links" in text(administrator.get("/admin/receipts/publiclink/", closed))
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "1 public link" in text(administrator.get("/admin/receipts/publiclink/", closed))
    for wanted, count in (("alice", 1), ("2", 1), ("22", 0), ("bob", 0)):
        assert f"{count} public link" in text(administrator.get("/admin/receipts/publiclink/", {"q": wanted}))
