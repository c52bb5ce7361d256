"""Fast at a million rows, without a clock: SQLite walks an index to the rows of a page, and sorts and scans nothing."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from tests.web.conftest import logged_in, person
from tests.web.histories import record
from tests.web.ledgers import Ledger
from webui import access, gateway
from webui.history import finding
from webui.history.forms import HistoryForm

FILTERS = {
    "none": {},
    "words": {"q": "audit raff"},
    "serial": {"q": "3"},
    "list": {"q": "ab" * 32},
    "method": {"method": "generateIntegers"},
    "secret": {"mark": "secret"},
    "undelivered": {"mark": "undelivered"},
    "classic": {"mark": "classic"},
    "period": {"since": "2026-11-23", "until": "2026-11-23"},
    "all": {"q": "audit", "method": "generateIntegers", "mark": "list", "since": "2026-11-23", "until": "2026-12-01"},
}
ORDERS = ("newest", "oldest", "method", "person")
PLACES: tuple[dict[str, int | None], ...] = (
    {"after": None, "before": None},
    {"after": 5, "before": None},
    {"after": None, "before": 5},
)


@pytest.fixture
def drawn(place: Path, alice: User) -> None:
    """Draws of alice and a program, with all marks."""
    ledger = Ledger(place / "ledger")
    for drawer in (gateway.drawer(alice), "unix:1000") * 5:
        ledger.draw(drawer, purpose="audit raffle", input={"count": 3, "sha256": "ab" * 32})
    record(ledger)


def questions_of(work: Callable[[], object]) -> Iterator[str]:
    """What a piece of work asks of draws and search index."""
    with CaptureQueriesContext(connection) as captured:
        work()
    for query in captured.captured_queries:
        if "history_draw" in query["sql"] or "history_terms" in query["sql"]:
            yield query["sql"]


def _ask(account: User, asked: dict[str, str], place: dict[str, int | None]) -> None:
    form = HistoryForm(QueryDict("&".join(f"{name}={value}" for name, value in asked.items())), account)
    finding.page(account, form.question(), form.order_asked, 50, **place)


def plan(question: str) -> list[str]:
    """How SQLite goes about a question."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + question.replace("%", "%%"))
        return [row[3] for row in cursor.fetchall()]


def is_walk(question: str, steps: list[str]) -> bool:
    """Whether only an index, or the table in the order of its key, is walked, and no further than a page."""
    if any("TEMP B-TREE" in step for step in steps):
        return False
    for step in steps:
        in_key_order = step == "SCAN history_draw" and re.search(
            r'ORDER BY "history_draw"."serial" \w+ LIMIT', question
        )
        over_index = step.startswith("SCAN history_draw USING COVERING INDEX") and "LIMIT 1" in question
        over_terms = re.fullmatch(r"SCAN history_terms VIRTUAL TABLE INDEX \d+:\S*M\S*", step)
        if not (step.startswith(("SEARCH history_draw", "LIST SUBQUERY")) or in_key_order or over_index or over_terms):
            return False
    return True


@pytest.mark.parametrize("role", [access.MEMBER, access.AUDITOR])
def test_every_question_of_the_page_walks_an_index(drawn: None, alice: User, role: str) -> None:
    account = alice if role == access.MEMBER else person("auditor", role)
    for order, asked, place in product(ORDERS, FILTERS.values(), PLACES):
        for question in questions_of(partial(_ask, account, {**asked, "order": order}, place)):
            assert is_walk(question, plan(question)), (question, plan(question))
            assert "OFFSET" not in question and "COUNT(" not in question


def test_a_plan_that_sorts_or_scans_is_seen(drawn: None) -> None:
    for bad in (
        'SELECT * FROM "history_draw" ORDER BY "history_draw"."purpose" DESC LIMIT 51',
        "SELECT * FROM history_draw WHERE purpose LIKE '%a%' LIMIT 51",
    ):
        assert not is_walk(bad, plan(bad))


def test_the_whole_page_asks_little_and_walks(drawn: None, alice: User) -> None:
    for client, most in ((logged_in(alice), 3), (logged_in(person("auditor", access.AUDITOR)), 6)):
        questions = list(questions_of(partial(client.get, "/draws/", {"q": "audit"})))
        assert len(questions) <= most
        assert all(is_walk(question, plan(question)) for question in questions)
