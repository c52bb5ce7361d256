"""What the history finds: each filter, their mixtures, every order, and nothing that is wrong."""

import random
from collections.abc import Callable
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.conftest import logged_in, person
from tests.web.histories import all_found, all_found_back, listed, record
from tests.web.ledgers import Ledger
from tests.web.pages import text
from webui import access, gateway
from webui.history import terms
from webui.history.models import Draw
from webui.history.question import Order, Question
from webui.history.recorder import Recorder

UUIDS = {"method": "generateUUIDs", "params": {"n": 1}}
LIST = "ab" * 32


@pytest.fixture
def ledger(place: Path, alice: User, bob: User) -> Ledger:
    """Draws of alice, bob and a program."""
    ledger = Ledger(place / "ledger")
    mine, theirs = gateway.drawer(alice), gateway.drawer(bob)
    ledger.draw(mine, purpose="Audit sample Q3")
    ledger.draw(mine, purpose="raffle", input={"count": 3, "sha256": LIST})
    ledger.draw(theirs, purpose="audit of bob", repeatable=True)
    ledger.draw(mine, seed="", seedHash="cd" * 32, purpose="Tombola d'été à l'école", **UUIDS)
    ledger.draw("unix:1000", transport="classic", claimedPid=7)
    ledger.draw(mine, purpose='<b>100 %</b> _ \\ "quoted"')
    ledger.add("undelivered", {"draw": 2, "reason": "the reply FIFO was not read"})
    record(ledger)
    return ledger


@pytest.fixture
def auditor(db: None) -> Client:
    """The browser of somebody who may read all."""
    return logged_in(person("auditor", access.AUDITOR))


OWN: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [6, 4, 2, 1]),
    ({"q": "audit"}, [1]),
    ({"q": "AUDIT q3"}, [1]),
    ({"q": "aud"}, [1]),
    ({"q": "udit"}, []),
    ({"q": "sample audit"}, [1]),
    ({"q": "audit raffle"}, []),
    ({"q": "ete"}, [4]),
    ({"q": "École"}, [4]),
    ({"q": "100 %"}, [6]),
    ({"q": '"quoted" OR audit'}, []),
    ({"q": "NOT audit"}, []),
    ({"q": "audit*"}, [1]),
    ({"q": "told:audit"}, []),
    ({"q": "2"}, [2]),
    ({"q": "#2"}, [2]),
    ({"q": "3"}, []),
    ({"q": "9" * 18}, []),
    ({"q": "0"}, []),
    ({"q": LIST}, [2]),
    ({"q": LIST.upper()}, [2]),
    ({"q": "cd" * 32}, []),
    ({"method": "generateUUIDs"}, [4]),
    ({"method": "generateIntegers"}, [6, 2, 1]),
    ({"mark": "secret"}, [4]),
    ({"mark": "undelivered"}, [2]),
    ({"mark": "list"}, [2]),
    ({"mark": ["list", "undelivered"]}, [2]),
    ({"mark": ["list", "secret"]}, []),
    ({"mark": "repeatable"}, []),
    ({"mark": "classic"}, []),
    ({"since": "2026-11-23"}, [6, 4, 2, 1]),
    ({"since": "2026-11-24"}, []),
    ({"until": "2026-11-22"}, []),
    ({"since": "2026-11-23", "until": "2026-11-23", "method": "generateUUIDs"}, [4]),
    ({"order": "oldest"}, [1, 2, 4, 6]),
    ({"order": "method"}, [6, 2, 1, 4]),
    ({"order": "method", "q": "tombola"}, [4]),
    ({"order": "oldest", "mark": "undelivered"}, [2]),
]


def test_a_member_finds_own_draws(ledger: Ledger, browser: Client) -> None:
    assert [(asked, listed(browser, **asked)) for asked, _ in OWN] == OWN


EVERYBODYS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [6, 5, 4, 3, 2, 1]),
    ({"q": "audit"}, [3, 1]),
    ({"q": "unix:1000"}, [5]),
    ({"q": "unix:1"}, []),
    ({"q": "3"}, [3]),
    ({"person": "unix:1000"}, [5]),
    ({"person": "unix:1000", "method": "generateUUIDs"}, []),
    ({"mark": "classic"}, [5]),
    ({"mark": "repeatable"}, [3]),
    ({"whose": "own"}, []),
    ({"whose": "own", "person": "unix:1000"}, []),
    ({"method": "generateIntegers"}, [6, 5, 3, 2, 1]),
    ({"order": "person"}, [5, 6, 4, 2, 1, 3]),
    ({"order": "person", "method": "generateIntegers"}, [5, 6, 2, 1, 3]),
]


def test_an_auditor_finds_everybodys(ledger: Ledger, auditor: Client) -> None:
    assert [(asked, listed(auditor, **asked)) for asked, _ in EVERYBODYS] == EVERYBODYS


def test_an_auditor_finds_a_person_by_the_accounts_name(ledger: Ledger, auditor: Client, bob: User) -> None:
    assert listed(auditor, person=bob.username.upper()) == [3]
    assert listed(auditor, person=f"web:{bob.pk}") == [3]
    assert listed(auditor, person=gateway.drawer(bob)) == [3]
    assert listed(auditor, q=gateway.drawer(bob)) == [3]


PRYING: list[dict[str, str]] = [
    {"person": "unix:1000"},
    {"whose": "all"},
    {"order": "person"},
    {"q": "audit of bob"},
    {"q": "3"},
    {"mark": "repeatable"},
    {"mark": "classic"},
    {"after": "4", "order": "oldest"},
    {"before": "2"},
    {"after": "3", "order": "method"},
]


def test_a_member_finds_nothing_of_others(ledger: Ledger, browser: Client) -> None:
    for asked in PRYING:
        page = browser.get("/draws/", asked)
        assert {draw.serial for draw in page.context["draws"]} <= {1, 2, 4, 6}, asked
        table = text(page).partition("Remove all")[2]
        assert "of bob" not in table and "unix:1000" not in table, asked


def test_a_word_that_looks_like_another_drawers_term_shows_nothing_of_theirs(
    ledger: Ledger, browser: Client, bob: User, alice: User
) -> None:
    forged = f"{terms.of_drawer(gateway.drawer(alice))} {terms.of_mark('secret')} forged"
    ledger.draw(gateway.drawer(bob), purpose=forged)
    record(ledger)
    assert listed(browser, q="forged") == []
    assert listed(browser, mark="secret") == [4]
    assert listed(browser, q=terms.of_drawer(gateway.drawer(bob))) == []


WRONG = [
    ({"since": "yesterday"}, "Not a day"),
    ({"since": "2026-02-30"}, "Not a day"),
    ({"until": "10000-01-01"}, "Not a day"),
    ({"until": "9999-12-31"}, "less than or equal"),
    ({"since": "0001-01-01"}, "greater than or equal"),
    ({"since": "2027-01-01", "until": "2026-01-01"}, "before the first day"),
    ({"method": "generateTrouble"}, "not one of the available choices"),
    ({"mark": "visible"}, "not one of the available choices"),
    ({"order": "drawer"}, "not one of the available choices"),
    ({"q": "x" * 5000}, "at most 400"),
    ({"q": "a\0b"}, "Null characters"),
    ({"q": "!?"}, "no letter and no digit"),
    ({"q": "🎲"}, "no letter and no digit"),
]


def test_what_is_wrong_is_said_at_its_field_and_left_out(ledger: Ledger, browser: Client) -> None:
    for asked, said in WRONG:
        page = browser.get("/draws/", {"person": "x", **asked})
        assert page.status_code == 200 and said in text(page), asked
        assert [draw.serial for draw in page.context["draws"]] == ([6, 4, 2, 1] if len(asked) == 1 else []), asked


def test_a_person_that_is_not_there_finds_nothing_or_is_left_out(ledger: Ledger, auditor: Client) -> None:
    for name in ("web:x", "unix:", "web:7:x"):
        assert listed(auditor, person=name) == []
    for name in ("nobody", "web:999999", "\u202e", "x" * 251, "a\0"):
        assert listed(auditor, person=name) == [6, 5, 4, 3, 2, 1]


SCRIPTS = [
    "東京",
    "مرحبا",
    "naïve",
    "ﬁn",
    "é" * 300,
    "\ue000",
    "\U00016e40x",
    "a\U0001e900b",
    "ß",
    "İ",
    "a\u0301b",
    "हिन्दी",
]


def test_any_script_can_be_searched_for(ledger: Ledger, alice: User, browser: Client) -> None:
    for number, searched in enumerate(SCRIPTS, ledger.serial + 1):
        ledger.draw(gateway.drawer(alice), purpose=f"le {searched[:100]} fin")
        record(ledger)
        assert listed(browser, q="fin le")[0] == number
        assert browser.get("/draws/", {"q": searched}).status_code == 200, searched


def test_the_words_of_a_script_are_found(ledger: Ledger, alice: User, browser: Client) -> None:
    for purpose in ("東京の抽選", "ΤΟΜΠΟΛΑ μέρα", "Größe"):
        ledger.draw(gateway.drawer(alice), purpose=purpose)
    record(ledger)
    assert [listed(browser, q=q) for q in ("東京", "τομπολα μέρα", "größe", "gross")] == [[7], [8], [9], []]


@pytest.fixture
def crowd(place: Path, db: None) -> list[Draw]:
    """Draws of several people, methods and purposes by chance."""
    chance = random.Random(5)
    ledger = Ledger(place / "ledger")
    for number in range(120):
        method = chance.choice(["generateIntegers", "generateUUIDs", "generateStrings"])
        purpose = chance.choice(["audit", "raffle", "audit raffle", ""])
        ledger.draw(f"unix:{chance.randrange(1000, 1005)}", method=method, purpose=purpose)
        if chance.random() < 0.2:
            ledger.add("undelivered", {"draw": number + 1, "reason": "not read"})
    record(ledger)
    return list(Draw.objects.all())


FITS: list[tuple[Question, Callable[[Draw], bool]]] = [
    (Question(), lambda draw: True),
    (Question(words=("audit",)), lambda draw: "audit" in draw.purpose),
    (Question(drawer="unix:1002"), lambda draw: draw.drawer == "unix:1002"),
    (Question(method="generateUUIDs"), lambda draw: draw.method == "generateUUIDs"),
    (
        Question(drawer="unix:1002", method="generateUUIDs"),
        lambda draw: (draw.drawer, draw.method) == ("unix:1002", "generateUUIDs"),
    ),
    (Question(marks=("undelivered",), words=("raff",)), lambda draw: draw.undelivered and "raffle" in draw.purpose),
]
KEYS: list[tuple[Order, Callable[[Draw], Any]]] = [
    (Order.NEWEST, lambda draw: -draw.serial),
    (Order.OLDEST, lambda draw: draw.serial),
    (Order.METHOD, lambda draw: (draw.method, -draw.serial)),
    (Order.PERSON, lambda draw: (draw.drawer, -draw.serial)),
]


def test_in_every_order_the_pages_hold_what_fits_once_forwards_and_backwards(crowd: list[Draw]) -> None:
    auditor = person("auditor", access.AUDITOR)
    for (order, key), (question, fits) in product(KEYS, FITS):
        expected = [draw.serial for draw in sorted(filter(fits, crowd), key=key)]
        pages = all_found(auditor, question, order, 7)
        assert [*chain(*pages)] == expected, (order, question)
        assert all(len(page) == 7 for page in pages[:-1])
        if len(pages) > 1:
            in_front = expected[: len(expected) - len(pages[-1])]
            assert all_found_back(auditor, question, order, 7, pages[-1][0]) == in_front, (order, question)


def test_a_table_made_anew_is_searched_just_the_same(ledger: Ledger, browser: Client) -> None:
    for _ in Recorder(ledger.directory).rebuild_batches():
        pass
    assert [(asked, listed(browser, **asked)) for asked, _ in OWN] == OWN


def test_chips_remove_one_filter_each(ledger: Ledger, browser: Client) -> None:
    page = browser.get(
        "/draws/", {"q": "raffle", "mark": ["list", "undelivered"], "since": "nonsense", "order": "oldest"}
    )
    chips = {chip.value: chip.query for chip in page.context["shown"].chips}
    assert chips == {
        "raffle": "mark=list&mark=undelivered&order=oldest",
        "About a list (pick, shuffle)": "q=raffle&mark=undelivered&order=oldest",
        "Not delivered": "q=raffle&mark=list&order=oldest",
    }


def test_what_is_as_usual_is_no_filter(ledger: Ledger, auditor: Client) -> None:
    usual = {"q": "", "whose": "all", "person": "", "method": "", "since": "", "until": "", "order": "newest"}
    shown = auditor.get("/draws/", usual).context["shown"]
    assert (shown.chips, shown.query) == ([], "")
    assert [chip.value for chip in auditor.get("/draws/", {"whose": "own"}).context["shown"].chips] == ["My own"]


def test_who_finds_nothing_is_told_what_to_do(ledger: Ledger, browser: Client) -> None:
    page = browser.get("/draws/", {"q": "nothing like this"})
    assert "No draw fits all of this" in text(page) and "Remove all filters" in text(page)
    assert "There are no more draws" in text(browser.get("/draws/", {"after": "1"}))


def test_htmx_gets_the_results_alone_and_an_address_without_what_is_empty(ledger: Ledger, browser: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "results"}
    answer = browser.get("/draws/", {"q": "raffle", "method": "", "since": "x", "after": "5"}, headers=headers)
    assert answer["HX-Push-Url"] == "/draws/?q=raffle&after=5" and "HX-Request" in answer["Vary"]
    content = answer.content.decode()
    assert "<html" not in content and "<form" not in content and 'href="/draws/2/"' in content
    assert "Not a day" in content and 'id="id_since_error"' in content
    restored = browser.get("/draws/", headers={**headers, "HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


def test_what_people_wrote_stands_as_text(ledger: Ledger, browser: Client) -> None:
    content = browser.get("/draws/", {"q": "100 <script>"}).content.decode()
    assert "100 &lt;script&gt;" in content and "100 <script>" not in content
    assert "&lt;b&gt;100 %" in browser.get("/draws/").content.decode()
