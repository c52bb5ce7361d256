"""Archiving with a real daemon: under load, for root alone, killed at every step, and started again."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fifod.ledger.writer import Entry, LedgerWriter
from tests import needs
from tests.children import in_child
from tests.daemons import Daemon, reachable_directory, remove
from tests.pipes import Answer, Pipe, code, result
from tests.process.conftest import QUICK
from tests.waiting import DEADLINE

DRAWS, KEPT = 112_000, 100_000
MADE_BY, FRONT_END, ALICE = 61001, 61004, 61002
CONFIG = f"{QUICK}front_ends = [{FRONT_END}]\n[ledger]\nsegment_mib = 1\n"
KEY = b"k" * 32


def key_of(serial: int) -> str:
    return f"{serial:032x}"


def record(serial: int) -> Entry:
    """A draw as the daemon records it, of MADE_BY, with a key and a seed of its own."""
    params = {"n": 5, "min": 1, "max": 100, "replacement": True, "base": 10}
    drawer = f"unix:{MADE_BY}"
    body = {
        "drawer": drawer,
        "uid": MADE_BY,
        "transport": "fifo",
        "key": hashlib.sha256(f"{drawer}\0{key_of(serial)}".encode()).hexdigest(),
        "method": "generateIntegers",
        "params": params,
        "recipe": "fifod-1",
        "seed": hashlib.sha256(b"%d" % serial).hexdigest(),
        "received": "2026-11-23T07:59:59.999000Z",
    }
    return Entry.of("draw", body)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """The state of a daemon that has drawn for long; each test works on a copy."""
    place = reachable_directory()
    ledger = place / "state" / "ledger"
    ledger.mkdir(parents=True)
    (place / "state" / "host.key").write_bytes(KEY)
    writer = LedgerWriter(str(ledger), key_commitment=hashlib.sha256(KEY).hexdigest(), host="here")
    writer.configure(False, 1 << 20)
    for start in range(1, DRAWS, 1000):
        writer.append([record(serial) for serial in range(start, start + 1000)])
    writer.close()
    (place / "state" / "head").write_text(f"{writer.serial}:{writer.draw_hash}\n")
    yield place / "state"
    remove(place)


@pytest.fixture
def old(made: Path, place: Path) -> Daemon:
    """A daemon that has drawn for long, not started yet."""
    shutil.copytree(made, place / "state", symlinks=True)
    return Daemon(place, CONFIG)


def archive(daemon: Daemon, *arguments: str) -> str:
    """Run `fifod-client archive`, which must succeed."""
    return client(daemon, "archive", "--keep", str(KEPT), *arguments)


def client(daemon: Daemon, *arguments: str, statuses: tuple[int, ...] = (0,), state: Path | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "fifod.cli", *arguments],
        env={**daemon.environment, "FIFOD_STATE_DIR": str(state or daemon.state)},
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE,
    )
    assert done.returncode in statuses and "Traceback" not in done.stderr, done
    return done.stdout + done.stderr


def archived(daemon: Daemon) -> list[Path]:
    return sorted((daemon.state / "archive").glob("*.jsonl"))


def is_whole(daemon: Daemon) -> int:
    """Verifies the ledger, the archive, and both together; returns the last archived draw."""
    last = int(daemon.segments()[0].stem) - 1
    said = client(daemon, "verify")
    assert (f"draws 1 to {last} were archived on " in said) == bool(last)
    everything = daemon.place / "everything"
    everything.mkdir()
    for path in [*archived(daemon), *daemon.segments()]:
        os.link(path, everything / path.name)
    assert "in one unbroken chain" in client(daemon, "verify", str(everything))
    shutil.rmtree(everything)
    if archived(daemon):
        assert f"draws 1 to {int(archived(daemon)[-1].stem)}"[:10] in client(
            daemon, "verify", str(daemon.state / "archive")
        )
    return last


class Load:
    """Clients that draw all the time and count what they get."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._stop = threading.Event()
        self.serials: list[int] = []
        self.failure: BaseException | None = None
        self._threads = [threading.Thread(target=self._work) for _ in range(3)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        try:
            with Pipe(self._daemon.run) as pipe:
                while not self._stop.is_set():
                    self.serials.append(pipe.draw()["serialNumber"])
        except BaseException as error:
            self.failure = error

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * DEADLINE)
        assert self.failure is None, repr(self.failure)


def test_draws_go_on_while_old_ones_are_archived(old: Daemon) -> None:
    with old.start():
        load = Load(old)
        said = archive(old)
        last = int(old.segments()[0].stem) - 1
        assert f"archived draws 1 to {last}: {len(archived(old))} files" in said and last > DRAWS - KEPT - 5000
        assert "nothing to archive" in client(old, "archive")
        load.stop()
        assert len(load.serials) > 10
        assert sorted(load.serials) == list(range(DRAWS + 1, DRAWS + 1 + len(load.serials)))
        assert is_whole(old) == last
        assert old.stop() == 0 and "Traceback" not in old.log


def test_after_a_restart_it_draws_on_and_knows_what_was_archived(old: Daemon) -> None:
    with old.start():
        archive(old)
        last = is_whole(old)
        assert old.stop() == 0
        old.start()
        with Pipe(old.run) as pipe:
            assert pipe.draw()["serialNumber"] == DRAWS + 1
            answer = pipe.ask("getResult", {"serialNumber": last})
            assert code(answer) == 303 and f"draw {last} was archived" in answer["error"]["message"]
            assert code(pipe.ask("getChain", {"serialNumber": 1})) == 303


def ask_as(daemon: Daemon, uid: int, *requests: tuple[str, dict[str, Any], dict[str, Any]]) -> list[Answer]:
    def ask() -> list[Answer]:
        with Pipe(daemon.run) as pipe:
            return [pipe.ask(method, params, **members) for method, params, members in requests]

    answers: list[Answer] = in_child(ask, uid)
    return answers


def test_nobody_but_root_may_archive_here(old: Daemon) -> None:
    needs.root()
    request: tuple[str, dict[str, Any], dict[str, Any]] = ("archiveLedger", {"keep": KEPT}, {})
    with old.start():
        [refused] = ask_as(old, ALICE, request)
        assert code(refused) == 201 and "only root" in refused["error"]["message"]
        both = ask_as(old, FRONT_END, request, ("archiveLedger", {"keep": KEPT}, {"user": "7:alice"}))
        assert [code(answer) for answer in both] == [201, 201]
        assert not archived(old)
        assert "nothing to archive" in client(old, "archive", "--keep", str(DRAWS))


def test_a_daemon_that_runs_as_a_user_archives_for_root_and_for_itself(old: Daemon) -> None:
    needs.root()
    for path in [old.state, *old.state.rglob("*")]:
        os.chown(path, MADE_BY, MADE_BY)
    with old.belong_to(MADE_BY).start():
        [would] = ask_as(old, MADE_BY, ("archiveLedger", {"keep": KEPT, "dryRun": True}, {}))
        [refused] = ask_as(old, ALICE, ("archiveLedger", {"keep": KEPT, "dryRun": True}, {}))
        assert code(refused) == 201
        assert result(ask_as(old, 0, ("archiveLedger", {"keep": KEPT}, {}))[0]) == result(would)
        assert {path.stat().st_uid for path in [old.state / "archive", *archived(old)]} == {MADE_BY}
        assert is_whole(old) == result(would)["last"]


def test_a_key_of_the_last_hundred_thousand_draws_is_found_and_an_archived_one_is_new(old: Daemon) -> None:
    needs.root()
    params = {"n": 5, "min": 1, "max": 100}

    def ask(*serials: int) -> list[Any]:
        requests = [("generateIntegers", params, {"key": key_of(serial)}) for serial in serials]
        return [result(answer)["serialNumber"] for answer in ask_as(old, MADE_BY, *requests)]

    for restarts in (False, True):
        with old.start():
            archive(old)
            newest = DRAWS + restarts
            oldest = newest - KEPT + 1
            assert ask(oldest, newest - 1) == [oldest, newest - 1]
            assert ask(1 + restarts) == [newest + 1]
            old.stop()


def test_the_commands_tell_archived_draws_from_missing_ones(old: Daemon) -> None:
    noted = f"1:{next(hashlib.sha256(data).hexdigest() for head, _, data in old.records() if 'serial' in head)}"
    with old.start():
        assert "would archive draws 1 to " in archive(old, "--dry-run") and not archived(old)
        archive(old)
        last = int(old.segments()[0].stem) - 1
        assert "show: draw 7 was archived on " in client(old, "show", "7", statuses=(65,))
        assert f"there is no draw with serial number {DRAWS + 9}" in client(old, "show", str(DRAWS + 9), statuses=(65,))
        assert f"draws 1 to {last} were archived" in client(old, "history")
        for state in (old.state, old.place / "not here, so the daemon is asked"):
            assert f"draws 1 to {last} were archived" in client(old, "verify", state=state)
            said = client(old, "verify", "--expect", noted, statuses=(65,), state=state)
            assert "it was archived: look for it there" in said
        assert "holds" in client(old, "verify", str(old.state / "archive"), "--expect", noted)
        assert "keep must be from 100000" in client(old, "archive", "--keep", "99999", statuses=(65,))
        assert "archive: " in client(old, "archive", "--keep", "x", statuses=(64,))


STEPS = {
    "before the directory is made": ("mkdir", "archive", 0),
    "while the new file is begun": ("rename", "ledger/{new}.new", 0),
    "while the note goes to the disk": ("fdatasync", "ledger/{new}", 0),
    "before the first file is moved": ("rename", "ledger/{first}", 0),
    "before the third file is moved": ("rename", "ledger/{third}", 2),
    "before the last file is moved": ("rename", "ledger/{last}", -1),
    "before the names go to the disk": ("fsync", "archive", None),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_killed_at_any_step_it_leaves_a_good_ledger_and_the_next_archive_finishes(
    old: Daemon, step: tuple[str, str, int | None]
) -> None:
    needs.commands("strace")
    with old.start():
        said = client(old, "archive", "--keep", str(KEPT), "--dry-run")
        old.stop()
    count = int(said.partition(": ")[2].split()[0])
    old_names = [path.name for path in old.segments()][:count]
    call, place, moved = step
    places = {"new": f"{DRAWS + 1:020d}.jsonl", "first": old_names[0], "third": old_names[2], "last": old_names[-1]}
    fault = (
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:signal=SIGKILL",
        "-P",
        str(old.state / place.format(**places)),
    )
    with old.start(prefix=("strace", "-f", "-qq", "-o", "/dev/null", *fault)):
        client(old, "archive", "--keep", str(KEPT), "--timeout", "3", statuses=(69, 75))
        old.wait()
        assert [path.name for path in archived(old)] == old_names[:moved]
        client(old, "verify")
        old.start()
        with Pipe(old.run) as pipe:
            assert pipe.draw()["serialNumber"] == DRAWS + 1
        archive(old)
        assert len(archived(old)) >= count and is_whole(old) >= DRAWS - KEPT - 5000
        assert old.stop() == 0 and "Traceback" not in old.log
