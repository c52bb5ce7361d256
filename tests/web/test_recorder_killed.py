"""Whatever ends the recorder, each record is recorded once."""

import random
import subprocess

import pytest

from tests import needs
from tests.waiting import DEADLINE, pace, until
from tests.web.ledgers import Ledger
from tests.web.sites import Site

DRAWS = 60_000


@pytest.fixture
def ledger(site: Site) -> Ledger:
    """A ledger that takes many batches, over several segments."""
    ledger = Ledger(site.ledger)
    for _ in range(4):
        ledger.draws(DRAWS // 4)
        ledger.add("undelivered", {"draw": ledger.serial, "reason": "nobody read"})
        ledger.rotate()
    return ledger


def _check(site: Site, ledger: Ledger) -> None:
    site.manage("record", "--once")
    assert site.recorded() == list(ledger.hashes.items())
    late = site.rows("SELECT serial FROM history_draw WHERE undelivered ORDER BY serial")
    assert [serial for (serial,) in late] == [DRAWS * n // 4 for n in (1, 2, 3, 4)]
    assert site.rows("PRAGMA integrity_check") == [("ok",)]


def _position(site: Site) -> list[object]:
    return site.rows("SELECT segment, offset FROM history_recorderposition")


@pytest.mark.parametrize("options", [[], ["--from-start"]])
def test_killed_at_any_moment_it_records_each_draw_once(site: Site, ledger: Ledger, options: list[str]) -> None:
    chance = random.Random(7)
    kills = 0
    while len(site.recorded()) < DRAWS and kills < 12:
        before = _position(site)
        with site.recorder(*options) as recorder:
            if not options:
                _await_progress(site, recorder, before)
            kills += _kill_within(recorder, chance.uniform(0, 2.0 if options else 0.2))
    assert kills >= 3
    _check(site, ledger)


def _await_progress(site: Site, recorder: "subprocess.Popen[str]", before: list[object]) -> None:
    def has_moved() -> bool:
        pace(0.01)
        return recorder.poll() is not None or _position(site) != before

    until(has_moved, "something is recorded")


def _kill_within(recorder: "subprocess.Popen[str]", seconds: float) -> int:
    try:
        recorder.wait(seconds)
    except subprocess.TimeoutExpired:
        recorder.kill()
        recorder.wait(DEADLINE)
        return 1
    return 0


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "ftruncate,unlink"])
def test_killed_at_a_chosen_system_call_it_records_each_draw_once(site: Site, ledger: Ledger, call: str) -> None:
    needs.commands("strace")
    for count in (1, 2, 3, 40, 900):
        trace = ["strace", "-f", "-qqq", "-o", "/dev/null", "-e", f"trace={call}"]
        inject = ["-e", f"inject={call}:signal=SIGKILL:when={count}"]
        site.run([*trace, *inject, *site.python, "manage.py", "record", "--once"])
    _check(site, ledger)
