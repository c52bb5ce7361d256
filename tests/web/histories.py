"""Histories made by hand, and what pages show of them."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from tests.web.ledgers import Ledger
from webui.history import finding
from webui.history.question import Order, Question
from webui.history.recorder import Recorder


def record(ledger: Ledger) -> None:
    """Let the recorder take in what the ledger holds."""
    for _ in Recorder(ledger.directory).record_batches():
        pass


def listed(client: Client, **asked: Any) -> list[int]:
    """The serial numbers on a page of the history."""
    page = client.get("/draws/", asked)
    assert page.status_code == 200, (page.status_code, asked)
    return [draw.serial for draw in page.context["draws"]]


def all_pages(client: Client, **asked: Any) -> list[list[int]]:
    """The serial numbers on every page, from the first by “Next page” to the last."""
    pages: list[list[int]] = []
    after: int | None = None
    while after is not None or not pages:
        page = client.get("/draws/", asked if after is None else {**asked, "after": after})
        pages.append([draw.serial for draw in page.context["draws"]])
        after = page.context["shown"].later
    return pages


def all_found(account: User, question: Question, order: Order, size: int) -> list[list[int]]:
    """The same, asked of the finder itself."""
    pages: list[list[int]] = []
    has_later = True
    while has_later:
        after = pages[-1][-1] if pages else None
        page = finding.page(account, question, order, size, after, None)
        pages.append([draw.serial for draw in page.draws])
        has_later = page.has_later
    return pages


def all_found_back(account: User, question: Question, order: Order, size: int, last: int) -> list[int]:
    """The serial numbers on every page from that which ends in front of a draw back to the first."""
    seen: list[int] = []
    has_earlier = True
    while has_earlier:
        page = finding.page(account, question, order, size, None, seen[0] if seen else last)
        has_earlier = page.has_earlier
        seen = [draw.serial for draw in page.draws] + seen
    return seen
