"""What tests read from pages, and the form as a browser sends it."""

import re
from html import unescape
from typing import Any

from django.http import HttpResponse
from django.test import Client

FORM = {"n": "5", "min": "1", "max": "100", "replacement": "1", "base": "10", "purpose": ""}


def text(page: Any) -> str:
    """The words of a page, without tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.content.decode())).split())


def key_of(page: Any) -> str:
    """The key in a page's form."""
    found = re.search(r'name="key" value="([^"]*)"', page.content.decode())
    assert found, "the page has no form with a key"
    return found[1]


def fill(client: Client, **changes: str) -> dict[str, str]:
    """A form as it comes from the draw page, with some fields filled in differently."""
    return {**FORM, "key": key_of(client.get("/")), **changes}


def draw(client: Client, **changes: str) -> int:
    """Draw by form; returns the serial number."""
    answer = client.post("/", fill(client, **changes))
    assert answer.status_code == 302, text(answer)
    return serial_of(answer)


def serial_of(answer: Any) -> int:
    """The draw that an answer leads to."""
    assert isinstance(answer, HttpResponse)
    found = re.fullmatch(r"/draws/(\d+)/", answer["Location"])
    assert found, answer["Location"]
    return int(found[1])


def values_of(page: Any) -> list[str]:
    """The values on a receipt."""
    found = re.search(r'<ol class="drawn">(.*?)</ol>', page.content.decode(), re.S)
    return re.findall(r"<li>(.*?)</li>", found[1]) if found else []
