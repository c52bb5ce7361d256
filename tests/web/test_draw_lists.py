"""Drawing names from a list: what the record says of it, and lists that are none."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fifod.cli import lists as command
from tests.daemons import Daemon
from tests.web.pages import text
from webui.draws import lists
from webui.draws.fields import new_key

JSON = {"accept": "application/json"}
HOSTILE = "<img src=x onerror=alert(1)>"


def form(kind: str = "shuffle", **fields: Any) -> dict[str, Any]:
    return {"what": kind, "key": new_key(), **({"n": "1"} if kind == "pick" else {}), **fields}


def upload(content: bytes, name: str = "names.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/plain")


def errors(answer: Any, field: str) -> str:
    assert answer.status_code == 400, answer.content[:500]
    return " ".join(answer.json()["error"]["fields"][field])


@pytest.mark.parametrize(
    "content",
    [
        b"Ada\nBlaise\n",
        b"Ada\nBlaise",
        b"Ada\r\nBlaise\r\n",
        "\ufeffAda\nÉmilie 🎲\n".encode(),
        b" Ada \n\tBlaise\n",
        b"one\n",
        "a\u2028b\nc".encode(),
    ],
)
def test_the_record_says_of_a_list_what_the_command_line_says(shared: Daemon, browser: Client, content: bytes) -> None:
    told = browser.post("/", form(file=upload(content)), headers=JSON).json()
    items = command.items_of(content)
    assert told["input"] == {"count": len(items), "sha256": command.digest(items)}
    assert shared.bodies("draw")[-1]["input"] == told["input"]
    assert told["items"] == [items[position - 1].decode() for position in told["data"]]


def test_the_digest_is_that_of_the_file(shared: Daemon, browser: Client) -> None:
    content = b"Ada\nBlaise\nCarl\n"
    told = browser.post("/", form(file=upload(content)), headers=JSON).json()
    assert told["input"]["sha256"] == hashlib.sha256(content).hexdigest()


def test_pasted_and_uploaded_lists_are_the_same(shared: Daemon, browser: Client) -> None:
    pasted = browser.post("/", form(list="Ada\r\nÉmilie\r\n"), headers=JSON).json()
    uploaded = browser.post("/", form(file=upload("Ada\nÉmilie\n".encode())), headers=JSON).json()
    assert pasted["input"] == uploaded["input"]


def test_a_shuffle_has_every_name_once(shared: Daemon, browser: Client) -> None:
    names = [f"name {number}" for number in range(50)]
    told = browser.post("/", form(list="\n".join(names)), headers=JSON).json()
    assert sorted(told["items"]) == sorted(names)
    assert told["params"] == {"n": 50, "min": 1, "max": 50, "replacement": False, "base": 10}


def test_names_stand_beside_their_positions_without_script(shared: Daemon, browser: Client) -> None:
    page = browser.post("/", form("pick", list=f"{HOSTILE}\r\n", n="1", purpose="a raffle"))
    assert page.status_code == 200 and f"line 1 {HOSTILE}" in text(page) and HOSTILE not in page.content.decode()


def test_the_names_are_kept_nowhere(daemon: Daemon, browser: Client, place: Path) -> None:
    browser.post("/", form(list="Very Private Person\nAnother\n"), headers=JSON)
    files = [path for path in place.rglob("*") if path.is_file()]
    assert files and not any(b"Private" in path.read_bytes() for path in files)


def test_it_says_that_names_stand_there_twice(shared: Daemon, browser: Client) -> None:
    page = browser.post("/", form(list="Ada\nBlaise\nAda\nAda"))
    assert "2 lines hold a name that stands above them already" in text(page)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Ada\n\nBlaise", "Line 2 is empty"),
        ("Ada\n \t\nBlaise", "Line 2 is empty"),
        ("Ada\nBlaise\n\n", "Line 3 is empty"),
        ("\nAda\n\n \t\nBlaise\n", "Lines 1, 3, 4 are empty: remove them."),
        ("Ada\n" + "\n" * 10, "Lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 are empty: remove them."),
        ("Ada\n" + "\n" * 13, "Lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more are empty: remove them."),
        ("Bl\x1b[31maise\n\nAda", "Line 2 is empty"),
        ("Ada\nBl\x1b[31maise", "Line 2 holds a control character (U+001B)"),
        ("Ada\nBl\raise", "Line 2 holds a control character (U+000D)"),
        ("Ada\x85", "Line 1 holds a control character (U+0085)"),
        ("Ada\n" + "x" * 501, "Line 2 has 501 characters"),
        ("a\n" * 100_001, "has 100001 lines"),
    ],
)
def test_it_says_which_line_is_wrong(shared: Daemon, browser: Client, content: str, words: str) -> None:
    assert words in errors(browser.post("/", form(list=content), headers=JSON), "list")
    assert words in errors(browser.post("/", form(file=upload(content.encode())), headers=JSON), "file")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Ada\nBl\xe9ise\n", "not UTF-8 text (line 2)"),
        ("Ada\n".encode("utf-16"), "not UTF-8 text (line 1)"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "not UTF-8"),
        (b"Ada\0\n", "control character (U+0000)"),
        (b"x" * (lists.MAX_BYTES + 1), "at most 1048576"),
        (b"", "empty"),
    ],
)
def test_it_says_what_is_wrong_with_a_file(shared: Daemon, browser: Client, content: bytes, words: str) -> None:
    assert words in errors(browser.post("/", form(file=upload(content)), headers=JSON), "file")


@pytest.mark.parametrize("empty", ["", " ", "\n", "\r\n\r\n", "\t"])
def test_an_empty_list_is_explained(shared: Daemon, browser: Client, empty: str) -> None:
    assert "The list is empty" in errors(browser.post("/", form(list=empty), headers=JSON), "list")


def test_nul_in_a_pasted_list_is_explained(shared: Daemon, browser: Client) -> None:
    assert "Null characters" in errors(browser.post("/", form(list="a\0b"), headers=JSON), "list")


def test_a_list_and_a_file_are_one_too_many(shared: Daemon, browser: Client) -> None:
    assert "either" in errors(browser.post("/", form(list="Ada", file=upload(b"Blaise")), headers=JSON), "file")


def test_more_than_there_are_cannot_be_picked(shared: Daemon, browser: Client) -> None:
    assert "only 2 names" in errors(browser.post("/", form("pick", list="Ada\nBlaise", n="3"), headers=JSON), "n")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\r\nSet-Cookie: x=y.txt", "x" * 300, "CON"])
def test_a_files_name_means_nothing(shared: Daemon, browser: Client, name: str) -> None:
    answer = browser.post("/", form(file=upload(b"Ada\n", name)), headers=JSON)
    assert answer.status_code in (200, 400) and "Set-Cookie: x" not in str(answer.headers)


def test_a_check_counts_the_names(browser: Client) -> None:
    page = text(browser.post("/check/", form("pick", list="Ada\nBlaise\nAda\n", n="4")))
    assert "3 names" in page and "1 line holds a name" in page and "only 3 names" in page


def test_the_largest_list_is_drawn(shared: Daemon, browser: Client) -> None:
    names = [f"{number:06}" for number in range(100_000)]
    answer = browser.post("/", form("pick", list="\r\n".join(names), n="3"), headers=JSON)
    assert answer.status_code == 200 and answer.json()["input"]["count"] == 100_000


def test_a_file_that_is_far_too_large_is_not_read(browser: Client) -> None:
    answer = browser.post("/", form(file=upload(b"x\n" * 2_000_000)))
    assert answer.status_code == 413 and "1 MiB" in text(answer)


def test_many_names_stand_there_as_plain_text(shared: Daemon, browser: Client) -> None:
    names = [f"name{number}" for number in range(3000)]
    page = browser.post("/", form(list="\n".join(names))).content.decode()
    assert "The number before a name is its line in the list." in page
    assert '<pre class="bulk">' in page and all(name in page for name in names)
