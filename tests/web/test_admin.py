from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.web.conftest import PASSWORD, logged_in, person
from tests.web.ledgers import Ledger
from tests.web.pages import text
from tests.web.test_history_plans import plan, questions_of
from webui import access
from webui.history import overview
from webui.history.models import Draw
from webui.history.paginator import BoundedPaginator
from webui.history.periods import Periods
from webui.history.recorder import Recorder
from webui.service.models import ServiceAct


@pytest.fixture
def ledger(place: Path, db: None) -> Ledger:
    """Draws of several people."""
    ledger = Ledger(place / "ledger")
    ledger.draw("unix:1000", purpose="audit sample")
    ledger.draw("web:7:alice", user="7:alice", purpose="raffle", input={"count": 3, "sha256": "ab" * 32})
    ledger.draw("web:70:zoe", user="70:zoe", method="generateUUIDs", params={"n": 1}, repeatable=True)
    ledger.draw("unix:1001", seed="", seedHash="cd" * 32)
    ledger.add("undelivered", {"draw": 4, "reason": "the reply FIFO was not read"})
    for _ in Recorder(ledger.directory).record_batches():
        pass
    return ledger


@pytest.fixture
def admin(db: None) -> Client:
    """An administrator's browser."""
    return logged_in(User.objects.create_superuser("root", password=PASSWORD))


def _serials(client: Client, **asked: Any) -> list[int]:
    page = client.get("/admin/history/draw/", asked)
    assert page.status_code == 200, (page.status_code, asked)
    return [draw.serial for draw in page.context["cl"].result_list]


def test_it_lists_all_draws_newest_first(ledger: Ledger, admin: Client) -> None:
    assert _serials(admin) == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("term", "serials"),
    [
        ("2", [2]),
        ("99", []),
        ("9" * 30, []),
        ("audit", [1]),
        ("AUDIT", [1]),
        ("unix:1000", [1]),
        ("web:7", [2]),
        ("web:7:alice", [2]),
        ("ab" * 32, [2]),
        ("' OR 1=1 --", []),
        ("%", []),
    ],
)
def test_it_finds_what_is_searched_for(ledger: Ledger, admin: Client, term: str, serials: list[int]) -> None:
    assert _serials(admin, q=term) == serials


@pytest.mark.parametrize(
    ("asked", "serials"),
    [
        ({"method__exact": "generateUUIDs"}, [3]),
        ({"undelivered__exact": "1"}, [4]),
        ({"repeatable__exact": "1"}, [3]),
        ({"secret__exact": "1"}, [4]),
        ({"time__year": "2026", "time__month": "11", "time__day": "23"}, [4, 3, 2, 1]),
        ({"time__year": "2025"}, []),
    ],
)
def test_it_filters(ledger: Ledger, admin: Client, asked: dict[str, str], serials: list[int]) -> None:
    assert _serials(admin, **asked) == serials


@pytest.mark.parametrize("language", ["en", "fr"])
def test_times_are_written_as_on_every_other_page_and_days_can_be_chosen(admin: Client, language: str) -> None:
    for time in (datetime(2026, 11, 27, 9, 8, 7, tzinfo=UTC), datetime(2026, 11, 28, 0, 30, 5, tzinfo=UTC)):
        act = ServiceAct.objects.create(account_id=1, account_name="olga", verb="stop", unit="fifod")
        ServiceAct.objects.filter(pk=act.pk).update(time=time)
    headers, place = {"Accept-Language": language}, "/admin/service/serviceact/"
    page = text(admin.get(place, headers=headers))
    assert "2026-11-28 00:30:05 UTC" in page and "2026-11-27 09:08:07 UTC" in page
    assert "2026-11-28 00:30:05 UTC" in text(admin.get(f"{place}{act.pk}/change/", headers=headers))
    day = {"time__year": "2026", "time__month": "11", "time__day": "28"}
    page = text(admin.get(place, day, headers=headers))
    assert "2026-11-28 00:30:05 UTC" in page and "2026-11-27" not in page


def test_it_shows_a_draw(ledger: Ledger, admin: Client) -> None:
    page = text(admin.get("/admin/history/draw/4/change/"))
    assert ledger.hashes[4] in page and "the reply FIFO was not read" in page


def test_it_says_of_a_classic_draw_that_its_process_is_a_claim(ledger: Ledger, admin: Client) -> None:
    ledger.draw(transport="classic", claimedPid=-1)
    for _ in Recorder(ledger.directory).record_batches():
        pass
    assert "as it said itself: -1" in text(admin.get("/admin/history/draw/5/change/"))
    assert "the classic bridge" not in text(admin.get("/admin/history/draw/4/change/"))


@pytest.mark.parametrize("action", ["add/", "2/delete/"])
def test_it_can_neither_add_nor_delete(ledger: Ledger, admin: Client, action: str) -> None:
    assert admin.get(f"/admin/history/draw/{action}").status_code == 403
    assert admin.post(f"/admin/history/draw/{action}", {"post": "yes"}).status_code == 403
    assert Draw.objects.count() == 4


def test_it_cannot_change(ledger: Ledger, admin: Client) -> None:
    assert admin.post("/admin/history/draw/2/change/", {"purpose": "another"}).status_code == 403
    deletion = {"action": "delete_selected", "_selected_action": "2", "post": "yes"}
    admin.post("/admin/history/draw/", deletion)
    assert Draw.objects.get(serial=2).purpose == "raffle" and Draw.objects.count() == 4


def test_it_refuses_accounts_that_may_see_nothing_there(ledger: Ledger, browser: Client, client: Client) -> None:
    for address in ("/admin/", "/admin/history/draw/", "/admin/history/draw/1/change/"):
        assert browser.get(address).status_code == 403
        assert client.get(address)["Location"] == f"/login/?next={address}"


def test_an_accounts_name_stays_what_the_records_say(admin: Client, alice: User) -> None:
    page = admin.get(f"/admin/auth/user/{alice.pk}/change/").content.decode()
    assert 'name="first_name"' in page and 'name="username"' not in page


def test_it_names_the_periods_that_hold_draws(db: None, place: Path) -> None:
    times = [
        datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2024, 3, 1, tzinfo=UTC),
        datetime(2024, 12, 31, 12, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
    ]
    ledger = Ledger(place / "ledger")
    ledger.draws(len(times))
    for _ in Recorder(ledger.directory).record_batches():
        pass
    for serial, time in enumerate(times, 1):
        Draw.objects.filter(serial=serial).update(time=time)
    found = {kind: [str(start.date()) for start in Periods().datetimes("time", kind)] for kind in _KINDS}
    assert Periods().aggregate() == {"first": times[0], "last": times[-1]}
    assert [str(start.date()) for start in Periods(2024, 2).datetimes("time", "day")] == ["2024-02-29"]
    assert [str(start.date()) for start in Periods(2024).datetimes("time", "month")] == found["month"][:3]
    assert found == {
        "year": ["2024-01-01", "2026-01-01"],
        "month": ["2024-02-01", "2024-03-01", "2024-12-01", "2026-01-01"],
        "day": ["2024-02-29", "2024-03-01", "2024-12-31", "2026-01-01"],
    }


_KINDS = ("year", "month", "day")


def test_it_counts_no_further_than_it_pages(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedPaginator, "MOST", 3)
    pages = BoundedPaginator(Draw.objects.newest_first(), 2)
    assert (pages.count, pages.num_pages) == (3, 2)


def test_it_asks_the_database_little(
    ledger: Ledger, admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(12):
        admin.get("/admin/history/draw/")


def test_draws_are_for_whoever_may_see_the_table_and_everybodys_draws(ledger: Ledger) -> None:
    may = {"auditor": access.AUDITOR, "administrator": access.ADMINISTRATOR}
    for name, role in may.items():
        assert _serials(logged_in(person(name, role))) == [4, 3, 2, 1]
    half = person("half", access.OPERATOR)
    half.user_permissions.add(Permission.objects.get(codename="view_draw"))
    for account in (half, person("operator", access.OPERATOR)):
        client = logged_in(account)
        for address in ("", "4/change/", "4/history/", "?q=audit"):
            assert client.get(f"/admin/history/draw/{address}").status_code == 403
        assert "Draws in all" not in text(client.get("/admin/"))


def test_a_draw_leads_to_its_receipt(ledger: Ledger, admin: Client) -> None:
    for address in ("/admin/history/draw/", "/admin/history/draw/4/change/"):
        assert 'href="/draws/4/"' in admin.get(address).content.decode()


def test_its_first_page_counts_and_shows_charts(ledger: Ledger, admin: Client) -> None:
    Draw.objects.filter(serial=4).update(time=timezone.now())
    page = admin.get("/admin/")
    assert "Draws today (UTC) 1 Draws in all 4 People who have drawn 4 Not delivered 1" in text(page)
    assert page.content.decode().count("<svg") >= 2 and "Draws per" in text(page)
    assert overview.of_all(timezone.now() + timedelta(days=60)).charts is None


def test_its_first_page_counts_no_rows(ledger: Ledger, admin: Client) -> None:
    for question in questions_of(partial(admin.get, "/admin/")):
        for step in plan(question):
            assert "INDEX" in step or "LIMIT" in question or not step.startswith("SCAN history_draw"), (question, step)
            assert "TEMP B-TREE" not in step, (question, step)


def test_its_search_field_has_a_label(ledger: Ledger, admin: Client) -> None:
    for address in ("/admin/history/draw/", "/admin/auth/user/", "/admin/service/serviceact/"):
        assert '<label for="searchbar">Search</label>' in admin.get(address, {"q": "x"}).content.decode()


def test_its_search_survives_any_script(ledger: Ledger, admin: Client) -> None:
    for term in ("\U0001e900b", "a\U0001e900b", "東京", "!?", '"', "x" * 5000):
        assert _serials(admin, q=term) == []
