import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from fifod import checker
from fifod.client import Client as Drawer
from tests.daemons import Daemon
from tests.web.conftest import connect, logged_in, person
from tests.web.ledgers import Ledger
from tests.web.pages import text
from webui import access, gateway
from webui.history.models import Draw
from webui.history.recorder import Recorder
from webui.receipts import check, receipt, working

Recorded = Callable[[Daemon], None]
TITLES = ["record is intact", "stands in the chain", "gives random bytes", "first values", "values agree"]
HOLDS, FAILS, OPEN = "holds", "fails", "open"


@pytest.fixture
def ledger(place: Path, settings: Settings, alice: User) -> Ledger:
    """A ledger of twenty draws of alice's, all recorded."""
    connect(settings, place)
    ledger = Ledger(place / "state" / "ledger")
    ledger.draws(20, gateway.drawer(alice))
    record(ledger)
    return ledger


def record(ledger: Ledger) -> None:
    for _ in Recorder(ledger.directory).record_batches():
        pass


def outcomes(page: Any) -> list[str]:
    """How the steps came out."""
    return re.findall(r'<li class="(holds|fails|open)">', page.content.decode())


def change(ledger: Ledger, line: int, old: bytes, new: bytes) -> None:
    """Write a line of the ledger anew, as only who owns it can."""
    path = next(ledger.directory.glob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines[line].count(old) == 1, lines[line]
    lines[line] = lines[line].replace(old, new)
    path.write_bytes(b"".join(lines))


def checked(browser: Client, serial: int = 10) -> Any:
    page = browser.get(f"/draws/{serial}/check/")
    assert page.status_code == 200
    return page


def test_every_step_of_a_good_draw_holds(ledger: Ledger, browser: Client) -> None:
    page = checked(browser)
    assert outcomes(page) == [HOLDS] * 5 and "All steps hold" in text(page)
    assert all(title in text(page) for title in TITLES)
    assert "all 10 records behind it follow from it" in text(page) and ledger.hashes[20] in text(page)
    assert ledger.hashes[9] in text(page) and ledger.hashes[10] in text(page)


def test_it_shows_how_the_first_values_come_from_the_bytes(ledger: Ledger, browser: Client) -> None:
    page = text(checked(browser))
    assert "a4d86ae1fb9a7e1e" in page  # SHAKE-256 of the seed and eight zero bytes
    assert "a4 36 100 taken 37" in page and "6a 106 100 too large: dropped e1 97 100 taken 98" in page


def test_the_steps_take_their_place_on_the_receipt(ledger: Ledger, browser: Client) -> None:
    part = browser.get("/draws/10/check/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<section class="panel check" id="check"') and "<html" not in part


def test_a_changed_body_fails_the_first_step_alone(ledger: Ledger, browser: Client) -> None:
    change(ledger, 10, b'"seed":"5e5e', b'"seed":"005e')
    page = checked(browser)
    assert outcomes(page) == [FAILS, HOLDS, HOLDS, HOLDS, HOLDS]
    assert "was changed after it was written" in text(page) and "1 step failed" in text(page)
    shown = text(browser.get("/draws/10/"))
    assert "was changed or erased" in shown and "005e5e" not in shown


def test_a_changed_head_fails_the_record_and_the_chain(ledger: Ledger, browser: Client) -> None:
    change(ledger, 10, b'"time":"2026-11-23T08:00:00.000010Z"', b'"time":"2026-11-23T09:00:00.000010Z"')
    page = checked(browser)
    assert outcomes(page)[:2] == [FAILS, FAILS]
    assert "it was written anew" in text(page) and "After 0 more records the chain breaks" in text(page)


@pytest.mark.parametrize(("line", "after"), [(12, 1), (20, 9)])
def test_a_change_further_on_fails_the_chain_alone(ledger: Ledger, browser: Client, line: int, after: int) -> None:
    change(ledger, line, b'"v":1', b'"v":1 ')
    ledger.draw()
    page = checked(browser)
    assert outcomes(page) == [HOLDS, FAILS, HOLDS, HOLDS, HOLDS]
    assert f"After {after + 1} more records the chain breaks" in text(page)


def test_a_change_before_it_fails_the_chain(ledger: Ledger, browser: Client) -> None:
    change(ledger, 9, b'"v":1', b'"v":1 ')
    page = checked(browser)
    assert outcomes(page)[1] == FAILS and "does not follow the one before it" in text(page)


def test_a_chain_written_anew_as_a_whole_is_not_what_the_site_saw(
    place: Path, ledger: Ledger, browser: Client, alice: User
) -> None:
    next(ledger.directory.glob("*.jsonl")).unlink()
    Ledger(ledger.directory).draws(20, gateway.drawer(alice), seed="ab" * 32)
    page = checked(browser)
    assert outcomes(page) == [FAILS, HOLDS, HOLDS, HOLDS, HOLDS] and "written anew" in text(page)


def test_a_missing_draw_breaks_the_chain(ledger: Ledger, browser: Client) -> None:
    path = next(ledger.directory.glob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:15] + lines[16:]))
    assert outcomes(checked(browser))[:2] == [HOLDS, FAILS]
    page = checked(browser, 15)
    assert outcomes(page)[:2] == [FAILS, OPEN] and "no longer holds draw 15" in text(page)


def test_a_draw_whose_serial_number_was_left_out_breaks_the_chain(ledger: Ledger, browser: Client) -> None:
    ledger.serial += 1
    ledger.draw()
    page = checked(browser)
    assert outcomes(page)[1] == FAILS and "draw 21 is missing" in text(page)


@pytest.mark.parametrize(("name", "value"), [("seed", "ab" * 32), ("purpose", "another"), ("params", {"n": 1})])
def test_a_changed_row_fails_the_first_step(ledger: Ledger, browser: Client, name: str, value: Any) -> None:
    Draw.objects.filter(serial=10).update(**{name: value})
    page = checked(browser)
    assert outcomes(page) == [FAILS, HOLDS, HOLDS, HOLDS, HOLDS]
    assert f"tells something else than the record: {name}." in text(page)


def test_a_changed_row_whose_record_is_gone_does_not_give_other_values_unnoticed(
    ledger: Ledger, browser: Client
) -> None:
    Draw.objects.filter(serial=10).update(seed="no seed at all")
    change(ledger, 10, b'"seed":"5e5e', b'"seed":"005e')
    assert outcomes(checked(browser)) == [FAILS, HOLDS, FAILS, FAILS, FAILS]


def test_an_erased_body_leaves_the_chain_whole(ledger: Ledger, browser: Client) -> None:
    path = next(ledger.directory.glob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[10] = lines[10].partition(b"\t")[0] + b"\t\n"
    path.write_bytes(b"".join(lines))
    page = checked(browser)
    assert outcomes(page)[:2] == [OPEN, HOLDS] and "half was erased" in text(page)


def test_values_that_do_not_follow_from_the_seed_fail(ledger: Ledger) -> None:
    good = receipt.receipt(10)
    assert good.values is not None
    last = receipt.Receipt(good.draw, [*good.values[:-1], 7], "", good.place, good.record)
    first = receipt.Receipt(good.draw, [7, *good.values[1:]], "", good.place, good.record)
    few = receipt.Receipt(good.draw, good.values[:-1], "", good.place, good.record)
    for shown in (last, first, few):
        assert [step.number for step in check.of(shown).failed][-1] == 5
    assert [step.number for step in check.of(first).failed] == [4, 5]


def test_a_ledger_that_cannot_be_read_leaves_its_steps_open(
    ledger: Ledger, browser: Client, settings: Settings
) -> None:
    settings.LEDGER_DIR = ledger.directory / "nowhere"
    page = checked(browser)
    assert outcomes(page) == [OPEN, OPEN, HOLDS, HOLDS, HOLDS] and "cannot be done here" in text(page)


def test_only_so_many_records_are_followed(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, browser: Client) -> None:
    monkeypatch.setattr(check, "FOLLOWED", 4)
    assert "the next 4 records follow from it, up to draw 14" in text(checked(browser))


def test_the_newest_draw_has_nothing_behind_it(ledger: Ledger, browser: Client) -> None:
    assert "Nothing has been recorded after it yet" in text(checked(browser, 20))
    assert "the one record behind it follows from it" in text(checked(browser, 19))


def test_a_secret_draw_leaves_open_what_needs_its_seed(shared: Daemon, alice: User, browser: Client) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        reply = drawer.strings(2, secret=True)
    page = checked(browser, reply.serial_number)
    assert outcomes(page) == [HOLDS, HOLDS, OPEN, OPEN, OPEN] and str(reply.seed) not in text(page)


def test_a_repeatable_draw_says_that_its_seed_was_not_drawn(shared: Daemon, alice: User, browser: Client) -> None:
    params = {"n": 3, "min": 1, "max": 9, "pregeneratedRandomization": {"id": "again"}}
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        serial = drawer.call("generateIntegers", params).serial_number
    page = checked(browser, serial)
    assert outcomes(page) == [HOLDS] * 5 and "not drawn: the values could be known" in text(page)


def test_every_method_holds(shared: Daemon, alice: User, browser: Client) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        replies = [
            drawer.integers(2000, 1, 10**9),
            drawer.integers(100, 1, 100, replacement=False, base=16),
            drawer.integers(3, 5, 5),
            drawer.sequences(2, [8, 3], [1, -9], [1000, 9], replacement=[True, False]),
            drawer.decimals(20, 14),
            drawer.gaussians(21, mean=1.5, standard_deviation=1e5, digits=14),
            drawer.strings(2, 32, "äö🎲"),
            drawer.uuids(2),
            drawer.blobs(2, 1024),
        ]
    for reply in replies:
        page = checked(browser, reply.serial_number)
        assert outcomes(page) == [HOLDS] * 5, text(page)
        assert "two programs that share no code" in text(page) or "the first 1000 of them by a second" in text(page)


def test_a_stream_is_computed_again_once_its_end_is_known(
    shared: Daemon, alice: User, browser: Client, record: Recorded
) -> None:
    with (
        Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer,
        drawer.stream() as stream,
    ):
        stream.read(10)
        assert outcomes(checked(browser, stream.serial_number)) == [HOLDS, HOLDS, HOLDS, HOLDS, OPEN]
    while not Draw.objects.filter(serial=stream.serial_number, stream_length__gt=0).exists():
        record(shared)
    page = checked(browser, stream.serial_number)
    assert outcomes(page) == [HOLDS] * 5
    Draw.objects.filter(serial=stream.serial_number).update(stream_sha256="00" * 32)
    assert outcomes(checked(browser, stream.serial_number)) == [HOLDS, HOLDS, HOLDS, HOLDS, FAILS]
    Draw.objects.filter(serial=stream.serial_number).update(stream_length=10**12)
    assert outcomes(checked(browser, stream.serial_number))[-1] == OPEN


def test_the_beginning_of_a_draw_is_the_draw_of_less(ledger: Ledger) -> None:
    params = {"n": 2000, "min": 1, "max": 5000, "replacement": False, "base": 10}
    whole = checker.values("generateIntegers", params, bytes.fromhex("5e" * 32))
    assert working.again("generateIntegers", params, "5e" * 32) == whole[:1000]


def test_one_value_is_spoken_of_as_one(ledger: Ledger, alice: User, browser: Client) -> None:
    ledger.draw(gateway.drawer(alice), params={"n": 1, "min": 1, "max": 100, "replacement": True, "base": 10})
    page = text(checked(browser, 21))
    assert "The one value was computed again by two programs" in page and "1 values" not in page
    ledger.draw()
    change(ledger, 22, b'"v":1', b'"v":1 ')
    ledger.draw()
    assert "After 1 more record the chain" in text(checked(browser, 21))


def test_an_auditor_checks_everybodys_draws(ledger: Ledger) -> None:
    ledger.draw("unix:1000")
    auditor = logged_in(person("audrey", access.AUDITOR))
    assert outcomes(checked(auditor, 10)) == outcomes(checked(auditor, 21)) == [HOLDS] * 5


def test_it_is_hidden_from_others(ledger: Ledger, bob: User, client: Client, browser: Client) -> None:
    ledger.draw("unix:1000")
    operator = logged_in(person("oscar", access.OPERATOR))
    assert logged_in(bob).get("/draws/10/check/").status_code == 404
    assert browser.get("/draws/21/check/").status_code == 404
    assert browser.get("/draws/99/check/").status_code == 404
    assert operator.get("/draws/10/check/").status_code == 403
    assert client.get("/draws/10/check/")["Location"] == "/login/?next=/draws/10/check/"
    assert browser.post("/draws/10/check/").status_code == 405


def test_a_check_is_never_cached(ledger: Ledger, browser: Client) -> None:
    assert "no-store" in checked(browser)["Cache-Control"]
