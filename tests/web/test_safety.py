import re
from contextlib import closing
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.daemons import Daemon
from tests.web.pages import draw, text
from webui import gateway

WEBUI = Path(__file__).parent.parent.parent / "webui"
TEMPLATES = sorted(WEBUI.rglob("*.html"))


def _addresses(serial: int) -> list[str]:
    return [
        "/",
        "/draws/",
        f"/draws/{serial}/",
        "/login/",
        "/healthz",
        "/no/such/page",
        "/static/webui/site.css",
        "/admin/",
    ]


def test_every_answer_allows_nothing_inline_and_nothing_from_elsewhere(shared: Daemon, browser: Client) -> None:
    for address in _addresses(draw(browser)):
        with closing(browser.get(address)) as answer:
            policy = answer["Content-Security-Policy"]
            assert "unsafe" not in policy and policy.startswith("default-src 'none'"), address
            assert answer["X-Content-Type-Options"] == "nosniff", address


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_inline_script_or_style(template: Path) -> None:
    source = template.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", source)


def test_pages_with_peoples_data_are_not_kept_by_browsers(shared: Daemon, browser: Client) -> None:
    for address in ("/", "/draws/", f"/draws/{draw(browser)}/"):
        assert "no-store" in browser.get(address)["Cache-Control"]


def test_static_files_of_site_and_admin_are_served_without_being_collected(client: Client, db: None) -> None:
    for name in ("webui/site.css", "webui/icon.svg", "admin/css/base.css"):
        with closing(client.get(f"/static/{name}")) as answer:
            assert answer.status_code == 200


def test_an_unknown_page_gets_a_page_of_our_own(browser: Client) -> None:
    page = browser.get("/no/such/page")
    assert page.status_code == 404 and "There is no such page" in text(page)


def test_a_fault_gets_a_page_of_our_own(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(account: User) -> str:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(gateway, "drawer", fail)
    page = browser.get("/draws/")
    assert page.status_code == 500 and "fault of this site" in text(page)
    assert "secret detail" not in text(page) and "Traceback" not in text(page)


def test_other_host_names_are_refused(browser: Client) -> None:
    page = browser.get("/", headers={"host": "evil.example"})
    assert page.status_code == 400 and "Not understood" in text(page)
