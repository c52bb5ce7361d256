"""Every kind of draw that the page offers, checked against its receipt."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from fifod.ledger.receipt import receipt_of, verify_receipt
from tests.daemons import Daemon
from tests.web.pages import fill, key_of, serial_of, text
from webui.draws.fields import new_key
from webui.draws.kinds import KINDS

JSON = {"accept": "application/json"}
NAMES = "Ada\r\nBlaise\r\nÉmilie\r\nAda\r\n"
FORMS: dict[str, dict[str, Any]] = {
    "integers": {"n": 30, "min": -5, "max": 5, "replacement": 1, "base": 10},
    "sequences": {"n": 3, "length": 9, "min": 1, "max": 9, "replacement": 0, "base": 10},
    "decimals": {"n": 30, "decimalPlaces": 3, "replacement": 0},
    "gaussians": {"n": 30, "mean": "1.5", "standardDeviation": "0.25", "significantDigits": 7},
    "strings": {"n": 4, "length": 8, "characters": "ab <>&é", "replacement": 1},
    "uuids": {"n": 2},
    "blobs": {"n": 2, "size": 64, "format": "hex"},
    "pick": {"n": 2, "list": NAMES},
    "shuffle": {"list": NAMES},
}
CHECKS: dict[str, Callable[[list[Any]], bool]] = {
    "integers": lambda data: all(-5 <= value <= 5 for value in data) and len(data) == 30,
    "sequences": lambda data: [sorted(row) for row in data] == [list(range(1, 10))] * 3,
    "decimals": lambda data: all(0 <= value < 1 for value in data) and len(set(data)) == 30,
    "gaussians": lambda data: all(-1 < value < 4 for value in data),
    "strings": lambda data: all(len(value) == 8 and set(value) <= set("ab <>&é") for value in data),
    "uuids": lambda data: all(len(value) == 36 and value[14] == "4" for value in data),
    "blobs": lambda data: all(len(bytes.fromhex(value)) == 8 for value in data),
    "pick": lambda data: len(set(data)) == 2 and set(data) <= {1, 2, 3, 4},
    "shuffle": lambda data: sorted(data) == [1, 2, 3, 4],
}
WORDS = [kind.word for kind in KINDS]


def form(kind: str, **changes: Any) -> dict[str, Any]:
    return {"what": kind, "key": new_key(), "purpose": "", **FORMS[kind], **changes}


def test_every_kind_is_tested() -> None:
    assert set(WORDS) == set(FORMS) == set(CHECKS)


@pytest.mark.parametrize("kind", WORDS)
def test_it_draws_what_its_receipt_proves(shared: Daemon, browser: Client, kind: str) -> None:
    answer = browser.post("/", form(kind, purpose="a test"), headers=JSON)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert CHECKS[kind](told["data"]) and told["purpose"] == "a test"
    head, body = next(line for line in lines(shared) if json.loads(line[0]).get("serial") == told["serialNumber"])
    receipt = json.dumps(receipt_of(head, body, told["data"], None)).encode()
    checked = verify_receipt(receipt, datetime.datetime.now(datetime.UTC).date())
    assert checked.hash == told["hash"] and checked.body["method"] == told["method"]


def spaced(words: str) -> str:
    """The words with plain spaces in their numbers."""
    return " ".join(words.split())


def lines(daemon: Daemon) -> list[list[str]]:
    """Head and body of every record, as they stand."""
    return [
        line.split("\t") for file in sorted(daemon.ledger.glob("*.jsonl")) for line in file.read_text().splitlines()
    ]


@pytest.mark.parametrize("kind", WORDS)
def test_its_form_shows_only_its_own_fields(browser: Client, kind: str) -> None:
    page = browser.get("/", {"what": kind}).content.decode()
    shown = {name for one in FORMS.values() for name in one if f' name="{name}"' in page}
    assert shown - {"file"} == set(FORMS[kind])
    assert f'name="what" value="{kind}"' in page


@pytest.mark.parametrize("kind", set(WORDS) - {"pick", "shuffle"})
def test_one_click_gives_a_draw(shared: Daemon, browser: Client, kind: str) -> None:
    """The values that a fresh form proposes are good ones."""
    fields = next(one for one in KINDS if one.word == kind).form()
    proposed = {field.name: field.value() for field in fields.own_fields()}
    answer = browser.post("/", {"what": kind, "key": new_key(), **proposed})
    assert serial_of(answer)


@pytest.mark.parametrize("kind", WORDS)
def test_htmx_gets_the_result_and_a_key_for_the_next_draw(shared: Daemon, browser: Client, kind: str) -> None:
    sent = form(kind)
    answer = browser.post("/", sent, headers={"hx-request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 200 and answer["X-Draw-Part"] == kind and "<html" not in page
    assert key_of(answer) == sent["key"] and 'data-next="' in page
    assert 'hx-swap-oob="innerHTML:#result"' in page and "style=" not in page and "<script>" not in page


@pytest.mark.parametrize("kind", WORDS)
def test_a_form_sent_twice_draws_once(shared: Daemon, browser: Client, kind: str) -> None:
    sent = form(kind)
    told = [browser.post("/", sent, headers=JSON).json() for _ in range(2)]
    assert told[0] == told[1]


def test_htmx_gets_the_fields_of_another_kind(browser: Client) -> None:
    answer = browser.get("/", {"what": "strings"}, headers={"hx-request": "true"})
    page = answer.content.decode()
    assert 'name="characters"' in page and "<html" not in page and 'id="choices"' in page


@pytest.mark.parametrize("what", ["nonsense", "", "integers ", "__class__", "\0"])
def test_what_is_no_kind_is_integers(browser: Client, what: str) -> None:
    assert 'name="what" value="integers"' in browser.get("/", {"what": what}).content.decode()


def test_a_secret_draw_shows_its_seed_once(shared: Daemon, browser: Client) -> None:
    sent = form("strings", characters="abcdef", secret="on")
    page = browser.post("/", sent)
    told = browser.post("/", sent, headers=JSON).json()
    assert page.status_code == 200 and told["seed"] in text(page)
    assert all(value in text(page) for value in told["data"])
    assert key_of(page) != sent["key"]
    assert told["seed"] not in text(browser.get(told["receipt"]))


def test_hexadecimal_numbers_have_a_sum(shared: Daemon, browser: Client) -> None:
    sent = form("integers", min=10, max=10, n=3, base=16)
    page = browser.post("/", sent, headers={"hx-request": "true"})
    assert "3 values, sum 30, mean 10" in text(page)


@pytest.mark.parametrize(("n", "is_pictured"), [(20, False), (21, True)])
def test_more_than_twenty_numbers_have_a_picture(shared: Daemon, browser: Client, n: int, is_pictured: bool) -> None:
    page = browser.post("/", form("integers", n=n), headers={"hx-request": "true"})
    assert ('<figure class="picture">' in page.content.decode()) is is_pictured


@pytest.mark.parametrize(
    ("kind", "field", "value", "words"),
    [
        ("sequences", "n", "1001", "At most 1 000."),
        ("sequences", "length", "4000", "12 000 numbers all together are too many"),
        ("sequences", "length", "10", "only 9 different values"),
        ("sequences", "min", "10", "greater than the largest"),
        ("decimals", "n", "1001", "only 1 000 different values"),
        ("decimals", "decimalPlaces", "15", "At most 14."),
        ("decimals", "decimalPlaces", "0", "At least 1."),
        ("gaussians", "mean", "1000001", "At most 1 000 000."),
        ("gaussians", "mean", "nan", "Enter a number"),
        ("gaussians", "mean", "1e400", "Enter a number"),
        ("gaussians", "standardDeviation", "-1", "At least 0."),
        ("gaussians", "significantDigits", "1", "At least 2."),
        ("strings", "characters", "abca", "more than once"),
        ("strings", "characters", "", "required"),
        ("strings", "characters", "a\x1b", "not printable"),
        ("strings", "characters", "a\u202e", "not printable"),
        ("strings", "characters", "".join(map(chr, range(200, 400))), "at most 128"),
        ("strings", "length", "33", "At most 32."),
        ("uuids", "n", "1001", "At most 1 000."),
        ("blobs", "size", "9", "Must be a multiple of 8."),
        ("blobs", "size", "1048576", "too many"),
        ("blobs", "format", "exe", "valid choice"),
        ("blobs", "n", "101", "At most 100."),
    ],
)
def test_it_says_at_the_field_what_is_wrong(
    shared: Daemon, browser: Client, kind: str, field: str, value: str, words: str
) -> None:
    before = len(shared.bodies("draw"))
    sent = form(kind, **{field: value})
    told = browser.post("/", sent, headers=JSON)
    assert told.status_code == 400 and words in spaced(" ".join(told.json()["error"]["fields"][field]))
    page = browser.post("/", sent)
    assert page.status_code == 200 and words in text(page)
    assert len(shared.bodies("draw")) == before


def test_few_strings_without_replacement_are_all_there_are(shared: Daemon, browser: Client) -> None:
    told = browser.post("/", form("strings", characters="ab", length=1, n=3, replacement=0), headers=JSON)
    assert "only 2 different values" in told.json()["error"]["fields"]["n"][0]


def test_a_check_draws_nothing_and_says_what_is_wrong(shared: Daemon, browser: Client) -> None:
    before = len(shared.bodies("draw"))
    answer = browser.post("/check/", form("integers", n=0, min=""), headers={"hx-request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 200 and "At least 1." in page
    assert "required" not in page, "what is still empty is not wrong yet"
    assert len(shared.bodies("draw")) == before


def test_a_form_without_anything_is_answered(shared: Daemon, browser: Client) -> None:
    assert browser.post("/", headers=JSON).status_code == 400
    assert browser.post("/check/").status_code == 200
    assert browser.post("/", data=b"\xff\x00{", content_type="application/json").status_code == 200


def test_programs_are_told_of_problems_in_json(daemon: Daemon, browser: Client) -> None:
    sent = form("uuids")
    first = browser.post("/", sent, headers=JSON).json()["serialNumber"]
    taken = browser.post("/", {**sent, "n": 3}, headers=JSON)
    assert taken.status_code == 409 and "has drawn once already" in taken.json()["error"]["messages"][0]
    daemon.stop()
    stopped = browser.post("/", form("uuids"), headers=JSON)
    assert stopped.status_code == 503 and "not running" in stopped.json()["error"]["messages"][0]
    assert first == 1


def test_programs_are_told_in_json_that_a_form_has_no_token(alice: Any) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(alice)
    answer = careful.post("/", form("uuids"), headers=JSON)
    assert answer.status_code == 403 and "Nothing was drawn" in answer.json()["error"]["messages"][0]


def test_programs_are_told_in_json_that_they_send_too_much(browser: Client) -> None:
    answer = browser.post("/", form("uuids", purpose="x" * 3_000_000), headers=JSON)
    assert answer.status_code == 413 and "too large" in answer.json()["error"]["messages"][0]


@pytest.mark.parametrize("address", ["/login/", "/language/", "/draws/1/", "/service/daemon/stop/"])
def test_other_pages_take_little(browser: Client, address: str) -> None:
    assert browser.post(address, {"x": "x" * 70_000}).status_code == 413


@pytest.mark.parametrize("size", ["-1", "9" * 40, "nonsense"])
def test_it_refuses_a_size_that_is_none(browser: Client, size: str) -> None:
    assert browser.generic("POST", "/", b"", CONTENT_LENGTH=size).status_code in (400, 413)


def test_forms_of_before_are_still_understood(shared: Daemon, browser: Client) -> None:
    assert browser.post("/", fill(browser)).status_code == 302
