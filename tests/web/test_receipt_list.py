import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from fifod import checker
from tests.web.conftest import connect, logged_in, person
from tests.web.ledgers import SEED, Ledger
from tests.web.pages import text, values_of
from webui import access, gateway
from webui.receipts import links

NAMES = ["Anna", "Çelik", "<b>Bert</b>", "Dora D.", "Emil", "Fatou"]
TEXT = "".join(f"{name}\n" for name in NAMES)
PARAMS = {"n": 3, "min": 1, "max": 6, "replacement": False, "base": 10}
DRAWN = [NAMES[position - 1] for position in checker.values("generateIntegers", PARAMS, bytes.fromhex(SEED))]
INPUT = {"count": 6, "sha256": hashlib.sha256(TEXT.encode()).hexdigest()}


@pytest.fixture(params=["/draws/1/list/", "/r/TOKEN/list/"])
def address(request: pytest.FixtureRequest, place: Path, settings: Settings, alice: User) -> str:
    """Where a list is compared: draw 1 picks names of it, 2 is about none, 3 about it but without positions."""
    connect(settings, place)
    ledger = Ledger(place / "state" / "ledger")
    ledger.draw(gateway.drawer(alice), params=PARAMS, input=INPUT)
    ledger.draw(gateway.drawer(alice))
    ledger.draw(gateway.drawer(alice), method="generateUUIDs", params={"n": 1}, input=INPUT)
    return str(request.param).replace("TOKEN", links.make(alice, 1))


def names_of(page: Any) -> list[str]:
    """The names that a page says were drawn."""
    found = re.search(r'<ol class="names">(.*?)</ol>', page.content.decode(), re.S)
    return re.findall(r"<bdi>(.*?)</bdi>", found[1]) if found else []


def test_the_right_list_shows_whose_positions_were_drawn(address: str, browser: Client) -> None:
    page = browser.post(address, {"list": TEXT})
    assert page.status_code == 200 and "This is the list that the draw was about" in text(page)
    assert names_of(page) == [name.replace("<", "&lt;").replace(">", "&gt;") for name in DRAWN]
    assert len(values_of(page)) == 3


@pytest.mark.parametrize("given", [TEXT.replace("\n", "\r\n"), TEXT.removesuffix("\n")])
def test_it_does_not_matter_how_lines_end(address: str, browser: Client, given: str) -> None:
    assert names_of(browser.post(address, {"list": given}))
    assert names_of(browser.post(address, {"file": SimpleUploadedFile("names.txt", given.encode())}))


def test_another_list_is_refused_in_words(address: str, browser: Client) -> None:
    for given, said in (
        (TEXT + "Gustav\n", "it has 7 names, the draw was about one with 6"),
        ("Anna\n", "it has 1 name, the draw was about one with 6"),
        (TEXT.replace("Anna", "Anne"), "A name or the order differs"),
        ("".join(reversed(TEXT.splitlines(keepends=True))), "A name or the order differs"),
        ("Anna\n\nEmil", "Line 2 is empty"),
        ("", "The list is empty"),
        (" \n", "The list is empty"),
    ):
        page = browser.post(address, {"list": given})
        assert page.status_code == 200 and said in text(page) and names_of(page) == []


@pytest.mark.parametrize("file", [b"\xff\xfe\x00", b"\n" * 100, b"x" * 1_500_000, b"\x00\n" * 6, b""])
def test_no_file_of_another_kind_does_harm(address: str, browser: Client, file: bytes) -> None:
    page = browser.post(address, {"file": SimpleUploadedFile("names.txt", file)})
    assert page.status_code == 200 and names_of(page) == [] and 'class="error"' in page.content.decode()


def test_a_list_may_have_a_mebibyte(address: str, browser: Client) -> None:
    assert browser.post(address, {"list": "x" * 100_000}).status_code == 200
    assert browser.post(address, {"list": "x" * 3_000_000}).status_code == 413


def test_the_panel_alone_takes_its_place(address: str, browser: Client) -> None:
    part = browser.post(address, {"list": TEXT}, headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<section class="panel list" id="list"') and names_of(part)


def test_a_draw_without_positions_names_nobody(address: str, browser: Client) -> None:
    page = browser.post("/draws/3/list/", {"list": TEXT})
    assert "This is the list" in text(page) and "The values are no positions in it" in text(page)


def test_a_draw_about_no_list_asks_for_none(address: str, browser: Client) -> None:
    page = browser.get("/draws/2/")
    assert "The list" not in text(page) and "positions in the list" not in text(page)
    assert names_of(browser.post("/draws/2/list/", {"list": TEXT})) == []


def test_only_who_may_read_the_draw_may_compare(address: str, bob: User, client: Client) -> None:
    assert logged_in(bob).post("/draws/1/list/", {"list": TEXT}).status_code == 404
    assert client.post("/draws/1/list/", {"list": TEXT}).status_code == 302
    assert client.post("/r/unknown/list/", {"list": TEXT}).status_code == 404
    assert names_of(logged_in(person("audrey", access.AUDITOR)).post("/draws/1/list/", {"list": TEXT}))


def test_behind_a_public_link_it_works_without_cookies_and_origin(address: str, alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(f"/r/{links.make(alice, 1)}/list/", {"list": TEXT}, headers={"Origin": "null"})
    assert names_of(answer) and not answer.cookies
    strict.force_login(alice)
    assert strict.post("/draws/1/list/", {"list": TEXT}).status_code == 403
