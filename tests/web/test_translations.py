"""The site in French: nothing is missing, nothing stays English, and what machines read is not translated."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import polib
import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from tests import catalogue, needs
from tests.daemons import Daemon
from tests.web import addresses
from tests.web.conftest import logged_in, person
from tests.web.pages import draw, fill, text, values_of
from webui import access
from webui.receipts import links
from webui.service.models import ServiceAct
from webui.service.units import exit_in_words, failed, refused
from webui.service.words import shown

CATALOGUE = catalogue.SITE / catalogue.PLACE
FRENCH = {"Accept-Language": "fr"}
KINDS = ("integers", "pick", "shuffle", "sequences", "decimals", "gaussians", "strings", "uuids", "blobs")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd%]|</?\w+>")
ENGLISH = re.compile(
    r"(?<![\w{-])(the|of|with|without|your|you|this|that|which|are|was|were|has|have|from|nobody|everybody|draws?|drawn"
    r"|recorded|records?|ledger|daemon|recorder|receipts?|links?|history|seed|values?|newest|search|unknown|running|stopped"
    r"|start|stop|account|password|roles?|verb|unit|result|time|none|yet|all|each|by)(?![\w}-])",
    re.IGNORECASE,
)
# Names of permissions, which Django keeps in the database, stand on a group's page.
ROUTES_WITH_ENGLISH = {"/admin/auth/group/<object_id>/change/"}


@pytest.fixture(scope="module")
def entries() -> polib.POFile:
    """The French catalogue."""
    return polib.pofile(str(CATALOGUE))


def test_everything_has_its_french(entries: polib.POFile) -> None:
    assert [entry.msgid for entry in entries if not entry.translated()] == []
    assert entries.obsolete_entries() == [] and len(entries) > 500


def test_what_is_filled_in_is_the_same_in_both_languages(entries: polib.POFile) -> None:
    for entry in entries:
        plural = entry.msgstr_plural
        pairs = [(entry.msgid_plural, plural[1]), (entry.msgid, plural[0])] if plural else [(entry.msgid, entry.msgstr)]
        for english, french in pairs:
            assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(french)), english


def test_the_compiled_catalogue_is_that_of_the_source(entries: polib.POFile) -> None:
    assert entries.to_binary() == CATALOGUE.with_suffix(".mo").read_bytes(), "run python -m tests.catalogue"


def test_all_that_is_marked_is_in_the_catalogue(entries: polib.POFile, place: Path) -> None:
    needs.commands("xgettext", "msgmerge", "msguniq")
    site = Path(shutil.copytree(catalogue.SITE, place / "site"))
    marked, kept = _texts(catalogue.renew(site)), _texts(entries)
    assert marked - kept == set(), "run python -m tests.catalogue, and write the French"
    assert kept - marked == set(), "run python -m tests.catalogue"


def _texts(entries: polib.POFile) -> set[tuple[str, ...]]:
    return {(entry.msgctxt or "", entry.msgid, entry.msgid_plural) for entry in entries}


@pytest.fixture
def administrator(shared: Daemon, record: Callable[[Daemon], None], settings: Settings, place: Path) -> Client:
    """The browser of an administrator who reads French and has drawn; something stands in every table."""
    settings.SUPERVISOR = str(place / "nobody")
    account = person("ada", access.ADMINISTRATOR)
    browser = _french(logged_in(account))
    draw(browser, purpose="tombola")
    record(shared)
    for result in ("done", str(refused("it does not run, so there was nothing to do")), "still under way after 3 s"):
        ServiceAct.objects.create(
            account_id=account.pk, account_name="ada", verb="start", unit="fifod.service", result=result
        )
    LogEntry.objects.create(user=account, action_flag=1)
    links.make(account, 1)
    person("newest", access.MEMBER)  # the account whose pages are looked at
    return browser


def _french(browser: Client) -> Client:
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    return browser


def _pages() -> Iterator[str]:
    """Every page that an administrator sees, as access.txt writes its address."""
    for line in addresses.read():
        is_page = not re.search(
            r"<missing>|<token>|json|csv|healthz|metrics|jsi18n|events|fresh|/check/$", line.address
        )
        if line.answers.get("administrator", "").startswith("200") and is_page:
            yield line.address
    yield "/draws/<serial>/check/"
    yield from (f"/?what={kind}" for kind in KINDS)


@pytest.mark.parametrize("route", sorted(set(_pages()) - ROUTES_WITH_ENGLISH))
def test_a_page_in_french_holds_no_english(administrator: Client, route: str) -> None:
    answer = administrator.get(_filled(route))
    assert answer.status_code == 200 and '<html lang="fr"' in answer.content.decode()
    assert _english(answer) == []


def _filled(route: str) -> str:
    newest = apps.get_model("history", "Draw").objects.latest("serial").serial
    if not route.startswith("/admin/"):
        return route.replace("<serial>", str(newest))
    if "<object_id>" in route or "<id>" in route:
        _, _, app, model, *_ = route.split("/")
        number = newest if model == "draw" else apps.get_model(app, model)._default_manager.latest("pk").pk
        return re.sub(r"<(object_)?id>", str(number), route)
    return route.replace("<app_label>", "auth")


def _english(answer: Any) -> list[str]:
    """English words of a page, each with what stands around it."""
    words = _words(answer)
    return [words[max(0, found.start() - 30) : found.end() + 30] for found in ENGLISH.finditer(words)]


def _words(answer: Any) -> str:
    """What a page says, but for code and what is marked as English."""
    page = answer.content.decode()
    page = re.sub(r"<(script|style|code|pre|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r'<(\w+)[^>]* lang="en"[^>]*>.*?</\1>', " ", page, flags=re.DOTALL)
    said = re.findall(r' (?:title|placeholder|aria-label|alt|data-(?:none|fault|out|lost))="([^"]*)"', page)
    return " ".join(unescape(" ".join([re.sub(r"<[^>]*>", " ", page), *said])).split())


def test_errors_and_refusals_are_french(administrator: Client) -> None:
    for answer in (
        administrator.get("/draws/999999999999/"),
        administrator.get("/r/nothing/"),
        administrator.post("/", fill(administrator, n="0")),
        _french(Client()).post("/login/", {"username": "a", "password": "b"}),
        _french(Client(enforce_csrf_checks=True)).post("/login/", {}),
    ):
        assert '<html lang="fr"' in answer.content.decode()
        assert _english(answer) == []


def test_results_are_kept_in_english_and_shown_in_french() -> None:
    result = failed(f"it {exit_in_words(1, 74)}; the lines below say why")
    assert str(result) == "failed: it could not write (status 74); the lines below say why"
    with translation.override("fr"):
        assert (
            shown(str(result))
            == "échec\u00a0: il n’a pas pu écrire (état 74)\u00a0; les lignes ci-dessous disent pourquoi"
        )
        assert shown("was killed by SIGKILL and left a core dump").endswith("et a laissé une image mémoire")
        assert shown("") == "" and shown("no such text") == "no such text"
    with translation.override("en"):
        assert shown(str(result)) == str(result)


def test_commands_that_have_no_settings_can_ask_the_service() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-c", "import webui.service.supervisor, webui.service.systemd, webui.service.journal"]
    subprocess.run(command, cwd=catalogue.SITE.parent, env=environment, check=True, timeout=60)


def test_who_chooses_a_language_keeps_it(alice: User) -> None:
    browser = logged_in(alice)
    assert '<html lang="en">' in browser.get("/").content.decode()
    assert re.findall(
        r'value="(?:en|fr)" lang="(\w+)"[^>]*>(\w+)<', _french(Client()).get("/login/").content.decode()
    ) == [
        ("en", "English"),
        ("fr", "Français"),
    ]
    answer = browser.post("/language/", {"language": "fr", "next": "/draws/"})
    assert (answer.status_code, answer["Location"]) == (302, "/draws/")
    for _ in range(2):
        assert '<html lang="fr">' in browser.get("/draws/", headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example/"])
def test_the_choice_of_a_language_leads_nowhere_else(db: None, elsewhere: str) -> None:
    for sent in ({"next": elsewhere}, {}):
        answer = Client().post("/language/", {"language": "fr", **sent}, headers={"Referer": elsewhere})
        assert answer["Location"] == "/"


def test_numbers_are_the_same_in_french(shared: Daemon, record: Callable[[Daemon], None], alice: User) -> None:
    french, english = _french(logged_in(alice)), logged_in(alice)
    wide = {"min": "1000000", "max": "9000000", "n": "3"}
    serial = draw(french, **wide)
    record(shared)
    address = f"/draws/{serial}/"
    values = values_of(french.get(address))
    assert len(values) == 3 and all(re.fullmatch(r"[1-9]\d{6}", value) for value in values)
    assert values == values_of(english.get(address))
    for file in (f"{address}receipt.json", "/draws/export.csv", "/draws/export.json"):
        assert _body(french, file) == _body(english, file), file
    assert 'value="1000000"' in french.post("/", fill(french, **{**wide, "n": "0"})).content.decode()


def _body(browser: Client, address: str) -> bytes:
    answer: Any = browser.get(address)
    return b"".join(answer) if answer.streaming else answer.content


def test_numbers_that_browsers_send_are_understood_in_french(shared: Daemon, alice: User) -> None:
    french = _french(logged_in(alice))
    page = french.get("/?what=gaussians").content.decode()
    assert re.search(r'<input type="number" name="mean" value="0"', page)
    form = {**fill(french), "what": "gaussians", "n": "2", "significantDigits": "5", "standardDeviation": "0.25"}
    answer = french.post("/", {**form, "mean": "1000.5"}, headers={"Accept": "application/json"})
    assert answer.status_code == 200, text(answer)
    told = answer.json()
    assert (told["params"]["mean"], told["params"]["standardDeviation"]) == (1000.5, 0.25)
    assert all(isinstance(value, float | int) for value in told["data"])
