"""Verifying the ledger from the service page: what it finds and says, and that it is one process at a time."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from tests.daemons import reachable_directory, remove
from tests.system.visitor import Visitor
from tests.waiting import DEADLINE, pace, readable, until
from tests.web.conftest import PASSWORD
from tests.web.ledgers import Ledger
from tests.web.pages import text
from tests.web.service import account
from tests.web.sites import CHECKOUT, Site
from webui import locks
from webui.service import checker
from webui.service.models import ServiceAct, Verification

STOPS_ITSELF = """
import os, signal, sys
if "checkledger" in sys.orig_argv:
    os.kill(os.getpid(), signal.SIGSTOP)
"""
"""Python's sitecustomize for a check that stands still before it has done anything, until it is told to go on."""


# What a check finds and writes down, in this process.


@pytest.fixture
def empty(place: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger without draws, which the site uses."""
    settings.STATE_DIR, settings.RUNTIME_DIR = place / "state", place / "run"
    settings.LEDGER_DIR = settings.STATE_DIR / "ledger"
    settings.SUPERVISOR = "@fifod-control-nobody"
    monkeypatch.setattr(locks.Lock, "file", place / "verification")
    return Ledger(settings.LEDGER_DIR)


@pytest.fixture
def ledger(empty: Ledger) -> Ledger:
    """The same with some draws."""
    empty.draws(50)
    return empty


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A standard input on which nothing comes; gives its other end."""
    reading, writing = os.pipe()
    with open(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield writing
    try:
        os.close(writing)
    except OSError:
        pass  # the test closed it


def begun() -> int:
    """A check that waits for its process."""
    act = ServiceAct.objects.create(account_id=1, account_name="olga", verb="verify", unit="ledger")
    Verification.objects.create(act=act)
    return act.pk


def result(act: int) -> tuple[str, str]:
    """How it ended, and what the audit log says."""
    return Verification.objects.get(act=act).outcome, ServiceAct.objects.get(pk=act).result


def test_a_good_ledger_is_said_to_be_good(ledger: Ledger, operator: Client) -> None:
    checker.check(act := begun())
    assert result(act) == ("good", f"good: 51 records, draws 1 to 50, newest hash {ledger.prev}")
    page = text(operator.get("/service/"))
    assert "Good. 51 records with draws 1 to 50, in one unbroken chain." in page
    assert f"Newest hash: {ledger.prev}" in page and "Begun by olga at" in page
    page = text(operator.get("/service/", headers={"Accept-Language": "fr"}))
    day_and_time = r"2\d{3}-\d\d-\d\d à \d\d:\d\d:\d\d"
    assert re.search(f"Commencée par olga le {day_and_time}", page), page
    assert re.search(f"terminée le {day_and_time}", page)


def test_a_ledger_of_one_draw_is_spoken_of_as_such(empty: Ledger, operator: Client) -> None:
    checker.check(act := begun())
    assert result(act) == ("good", f"good: one record, no draws yet, newest hash {empty.prev}")
    empty.draw()
    checker.check(act := begun())
    assert result(act) == ("good", f"good: 2 records, draw 1, newest hash {empty.prev}")
    assert "Good. 2 records with draw 1, in one unbroken chain." in text(operator.get("/service/"))


def test_faults_are_listed_with_their_places(ledger: Ledger, operator: Client) -> None:
    [segment] = ledger.directory.iterdir()
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[7] = lines[7].replace(b'"min":1', b'"min":2')
    segment.write_bytes(b"".join(lines))
    checker.check(act := begun())
    place = f"{segment.name} line 8 (draw 7)"
    assert result(act) == ("faulty", f"not good: one fault, at {place}")
    page = text(operator.get("/service/"))
    assert "Not good. 1 thing is wrong:" in page and f"{place} : its body was changed" in page


def test_of_many_faults_some_are_listed_and_all_counted(ledger: Ledger, operator: Client) -> None:
    [segment] = ledger.directory.iterdir()
    segment.write_bytes(segment.read_bytes().replace(b'"min":1', b'"min":2'))
    checker.check(begun())
    page = operator.get("/service/").content.decode()
    assert "50 things are wrong:" in page and page.count("its body was changed") == 20 and "And 30 more." in page


def test_a_ledger_that_lost_its_end_is_found_out_by_the_daemons_note(ledger: Ledger, operator: Client) -> None:
    (ledger.directory.parent / "head").write_text(f"51:{'ab' * 32}\n")
    checker.check(begun())
    assert "the daemon noted draw 51" in text(operator.get("/service/"))


def test_what_a_changed_ledger_says_cannot_steer_the_page(ledger: Ledger, operator: Client) -> None:
    ledger.draw(method="<script>\u202e\x1b")
    checker.check(begun())
    page = operator.get("/service/").content.decode()
    assert "&lt;script&gt;" in page and "<script>" not in page.partition("<main")[2].partition("</main>")[0]
    assert "\u202e" not in page and "\x1b" not in page


def test_a_ledger_that_is_not_there_is_said_so(ledger: Ledger, operator: Client) -> None:
    remove(ledger.directory)
    checker.check(act := begun())
    outcome, said = result(act)
    assert outcome == "failed" and said.startswith("failed: cannot read the ledger in")
    assert "It could not be verified: cannot read the ledger in" in text(operator.get("/service/"))


def test_it_tells_how_far_it_is_and_ends_when_it_is_cancelled(
    ledger: Ledger, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "SECONDS_BETWEEN_REPORTS", 0)
    size = ledger.directory.joinpath(f"{1:020d}.jsonl").stat().st_size
    row = Verification.objects.filter(act=(act := begun()))
    reporter = checker.Reporter(act, size)
    reporter(100)
    assert row.values_list("done", "total").get() == (100, size)
    row.update(is_to_stop=True)
    with pytest.raises(checker.Cancelled):
        reporter(100)
    checker.check(act)
    assert result(act) == ("cancelled", "cancelled")
    assert "Cancelled after 0 % without a fault to tell of." in text(operator.get("/service/"))


def test_it_ends_with_the_site(ledger: Ledger, operator: Client, silence: int) -> None:
    act = begun()
    os.close(silence)
    with pytest.raises(checker.SiteEnded):
        checker.check(act)
    assert result(act) == ("", "begun")
    assert "Cut off: the site was stopped meanwhile" in text(operator.get("/service/"))


def test_a_check_that_runs_shows_its_progress_to_all(ledger: Ledger, operator: Client) -> None:
    Verification.objects.filter(act=begun()).update(done=250, total=1000)
    with locks.VERIFICATION.held():
        page = operator.get("/service/").content.decode()
    assert 'value="250" max="1000"' in page and "25 %: 250 bytes of" in page.replace("\xa0", " ")


def test_before_the_first_check_that_is_said(ledger: Ledger, operator: Client) -> None:
    assert "It has not been verified here yet." in text(operator.get("/service/"))


def test_ledger_and_recorder_are_told_of_while_the_daemon_is_stopped(ledger: Ledger, operator: Client) -> None:
    page = text(operator.get("/service/"))
    assert f"Newest draw 50 2026-11-23 08:00:00 Newest hash {ledger.hashes[50]}" in page
    assert "in 1 file" in page and "Archived nothing" in page
    assert "no recorder runs" in page and "Behind the ledger 50 draws" in page
    assert "It does not answer, so nobody can draw." in page and "fifod is stopped at the moment" in page


# The process, with the site running for real.


@pytest.fixture(scope="module")
def real() -> Iterator[Site]:
    """A site with a ledger, two operators, and checks that stand still at their beginning."""
    place = reachable_directory()
    site = Site(place / "state", place / "run")
    (place / "sitecustomize.py").write_text(STOPS_ITSELF)
    path = os.pathsep.join([str(place), str(CHECKOUT), site.environment.get("PYTHONPATH", "")])
    site.environment |= {"PYTHONPATH": path, "FIFOD_SUPERVISOR": "@fifod-control-nobody"}
    Ledger(site.ledger).draws(50)
    site.manage("migrate", "-v0")
    for name in ("olga", "otto"):
        code = f"User.objects.create_superuser({name!r}, password={PASSWORD!r})"
        site.manage("shell", "-v0", "-c", f"from django.contrib.auth.models import User; {code}")
    yield site
    remove(place)


@pytest.fixture
def address(real: Site) -> Iterator[str]:
    """The running site."""
    with real.serving() as address:
        yield address


def visitor(address: str, name: str) -> Visitor:
    """An operator on the service page."""
    visitor = Visitor(address)
    visitor.log_in(name, PASSWORD)
    visitor.get("/service/")
    return visitor


def begin(visitor: Visitor) -> int:
    """Press the button; the process, which stands still."""
    page = visitor.post("/service/ledger/verify/")
    assert page["path"] == "/service/" and "Ledger, verify: begun." in page["page"]
    found: list[int] = []

    def stands() -> bool:
        pace(0.01)
        found[:] = [pid for pid in checks() if state_of(pid) == "T"]
        return bool(found)

    until(stands, "the check stands still")
    return found[0]


def checks() -> list[int]:
    """The processes that check a ledger for a site which is our child."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"checkledger" in words and parent_of(parent_of(int(entry.name))) == os.getpid():
                found.append(int(entry.name))
        except (OSError, ValueError, IndexError):
            continue
    return found


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def wait_until_shown(visitor: Visitor, words: str) -> None:
    """Reload until the page says something."""

    def is_shown() -> bool:
        pace(0.05)
        return words in visitor.get("/service/")["page"]

    until(is_shown, f"the page says {words}")


@contextmanager
def ended(pid: int, kind: int) -> Iterator[None]:
    """Have a process end during the block, whatever becomes of the test."""
    try:
        yield
    finally:
        try:
            os.kill(pid, kind)
        except ProcessLookupError:
            pass


def acts(site: Site) -> list[tuple[str, str, str]]:
    return site.rows("SELECT account_name, verb, result FROM service_serviceact ORDER BY id")


def test_it_runs_beside_the_site_and_its_result_outlives_reloads(real: Site, address: str) -> None:
    olga = visitor(address, "olga")
    pid = begin(olga)
    with ended(pid, signal.SIGKILL):
        assert "It is being started" in olga.get("/service/")["page"]
        os.kill(pid, signal.SIGCONT)
        wait_until_shown(olga, "in one unbroken chain")
    assert acts(real)[-1][:2] == ("olga", "verify") and acts(real)[-1][2].startswith("good: 51 records")


def test_one_runs_at_a_time_and_anybody_of_the_staff_may_cancel_it(real: Site, address: str) -> None:
    olga, otto = visitor(address, "olga"), visitor(address, "otto")
    pid = begin(olga)
    with ended(pid, signal.SIGKILL):
        page = otto.post("/service/ledger/verify/")["page"]
        assert "Ledger, verify: refused: one is under way" in page and "Begun by <bdi>olga</bdi>" in page
        assert checks() == [pid]
        assert "Ledger, cancel: done." in otto.post("/service/ledger/cancel/")["page"]
        os.kill(pid, signal.SIGCONT)
        wait_until_shown(otto, "Cancelled")
    assert acts(real)[-2:] == [("olga", "verify", "cancelled"), ("otto", "cancel", "done")]
    assert "Ledger, cancel: refused: none is under way." in otto.post("/service/ledger/cancel/")["page"]


def test_one_that_was_killed_is_said_to_be_cut_off_and_another_can_begin(real: Site, address: str) -> None:
    olga = visitor(address, "olga")
    pid = begin(olga)
    os.kill(pid, signal.SIGKILL)
    wait_until_shown(olga, "Cut off:")
    assert acts(real)[-1] == ("olga", "verify", "begun")
    pid = begin(olga)
    with ended(pid, signal.SIGKILL):
        os.kill(pid, signal.SIGCONT)
        wait_until_shown(olga, "in one unbroken chain")


def test_no_process_is_left_when_one_has_ended(real: Site, address: str) -> None:
    olga = visitor(address, "olga")
    pid = begin(olga)
    os.kill(pid, signal.SIGKILL)

    def is_gone() -> bool:
        pace(0.01)
        return not Path(f"/proc/{pid}").exists()

    until(is_gone, "the site has taken notice of its child's end")


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGKILL])
def test_the_site_stops_without_waiting_for_it_and_it_ends_too(real: Site, kind: signal.Signals) -> None:
    with real.serving() as address:
        pid = begin(visitor(address, "olga"))
        site = parent_of(pid)
        watched = os.pidfd_open(pid)
        # It stands still: a site that waited for it would not end.
        with ended(pid, signal.SIGCONT):
            os.kill(site, kind)
            assert os.waitid(os.P_PID, site, os.WEXITED | os.WNOWAIT)
    signal.pidfd_send_signal(watched, signal.SIGCONT)
    assert readable(watched), "the check goes on without its site"
    os.close(watched)


def test_it_gives_way_to_everything_else(real: Site) -> None:
    code = (
        "import os, django; django.setup()\n"
        "from django.core.management import CommandError, call_command\n"
        "try:\n    call_command('checkledger', 1)\n"
        "except CommandError as error:\n    print(error)\n"
        "print(os.getpriority(os.PRIO_PROCESS, 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=real.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.stdout.split("\n")[-2] == "10", done.stdout + done.stderr


@pytest.mark.parametrize("staff", [False, True])
def test_others_can_neither_begin_nor_cancel(ledger: Ledger, db: None, staff: bool) -> None:
    client = Client()
    client.force_login(account("somebody", staff=staff))
    for verb in ("verify", "cancel"):
        assert client.post(f"/service/ledger/{verb}/").status_code == 403
    assert not ServiceAct.objects.exists()
