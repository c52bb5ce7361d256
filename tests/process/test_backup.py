"""Back-up, restore and move, by the very commands that deploy/README.md gives, with every path below one directory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.children import in_child
from tests.daemons import Daemon
from tests.papers import commands
from tests.pipes import Answer, Pipe, result
from tests.waiting import DEADLINE, pace
from tests.web.sites import Site

FIFOD, WEB, ALICE = 61001, 61004, 61002
REPEATABLE = {"n": 5, "min": 1, "max": 10**9, "pregeneratedRandomization": {"id": "the same everywhere"}}


class Host:
    """What a machine has below /, here below a directory: fifod's directories, for users that are only numbers."""

    def __init__(self, place: Path) -> None:
        self.root = place
        for name in ("var/lib/fifod/archive", "var/lib/fifod-web", "etc/fifod", "root", "bin"):
            (place / name).mkdir(parents=True)
        for name, module in {"fifod": "fifod", "fifod-client": "fifod.cli"}.items():
            (place / "bin" / name).write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n')
            (place / "bin" / name).chmod(0o755)
        self.daemon = Daemon(place)
        self.daemon.config = place / "etc/fifod/fifod.toml"
        self.daemon.state = place / "var/lib/fifod"
        self.daemon.ledger = self.daemon.state / "ledger"
        self.daemon.environment |= {
            "FIFOD_STATE_DIR": str(self.daemon.state),
            "FIFOD_CONFIG": str(self.daemon.config),
            "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        self.daemon.config.write_text(f'durability = "process"\nfront_ends = [{WEB}]\n')
        self.site = Site(self.daemon.state, self.daemon.run)
        self.site.database = place / "var/lib/fifod-web/web.sqlite3"
        self.site.environment |= {
            "FIFOD_DATABASE": str(self.site.database),
            "FIFOD_SECRET_KEY_FILE": str(place / "var/lib/fifod-web/secret.key"),
        }
        self.site.manage("migrate", "-v0")
        for path in (self.daemon.state, self.daemon.state / "archive"):
            os.chown(path, FIFOD, FIFOD)

    def start(self) -> None:
        self.daemon.belong_to(FIFOD).start()

    def run(self, script: str) -> str:
        """Run commands of the README here; what systemctl would do is done by the test's daemon."""
        said = variables = ""
        for part in re.split(r"^(systemctl .*)\n", script, flags=re.MULTILINE):
            if part.startswith("systemctl start"):
                self.start()
            elif part.startswith("systemctl stop"):
                assert self.daemon.stop() == 0
            else:
                said += self.shell(variables + part)
                variables += "".join(re.findall("^[a-z]+=.*\n", part, re.MULTILINE))
        return said

    def shell(self, script: str) -> str:
        here = re.sub(r"(?<![\w.}$\"])/(?=(var|etc|root)/)", f"{self.root}/", script)
        here = here.replace("tar -C /", f"tar -C {self.root}").replace("$(id -u fifod-web)", str(WEB))
        here = re.sub(r"-o fifod-web -g \S+", f"-o {WEB} -g {WEB}", here)
        here = re.sub(r"-o fifod -g \S+", f"-o {FIFOD} -g {FIFOD}", here)
        done = subprocess.run(
            ["bash", "-euc", here], env=self.daemon.environment, capture_output=True, text=True, timeout=2 * DEADLINE
        )
        assert done.returncode == 0, f"{here}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def client(self, *words: str, status: int = 0) -> str:
        done = subprocess.run(
            [self.root / "bin/fifod-client", *words],
            env=self.daemon.environment,
            capture_output=True,
            text=True,
            timeout=2 * DEADLINE,
        )
        assert done.returncode == status, done
        return done.stdout + done.stderr

    def draw(self, count: int = 1) -> list[Answer]:
        """Draws of Alice, with their records."""

        def draw() -> list[Answer]:
            with Pipe(self.daemon.run) as pipe:
                return [pipe.draw(purpose="kept") for _ in range(count)]

        drawn: list[Answer] = in_child(draw, ALICE)
        return drawn

    def repeatable(self) -> list[int]:
        def ask() -> Any:
            with Pipe(self.daemon.run) as pipe:
                return result(pipe.ask("generateIntegers", REPEATABLE))["random"]["data"]

        values: list[int] = in_child(ask, ALICE)
        return values

    def hashes(self) -> dict[int, str]:
        return {head["serial"]: sha256(data).hexdigest() for head, _, data in self.daemon.records() if "serial" in head}

    def notes(self) -> list[str]:
        return [body["note"] for body in self.daemon.bodies("note")]


@pytest.fixture
def host(place: Path) -> Iterator[Host]:
    """A machine on which fifod has drawn, and its web site has an account and rows."""
    needs.root()
    needs.commands("bash", "tar", "install")
    host = Host(place / "one")
    host.start()
    with host.daemon:
        host.draw(300)
        host.site.manage("firstlogin", "keeper", given="open-sesame-7\n")
        host.site.manage("record", "--once")
        yield host
    shutil.rmtree(host.root)


def back_up(host: Host) -> Path:
    before = set((host.root / "root").iterdir())
    assert "good: the ledger in" in host.run(commands("Backing up and restoring")[0])
    [made] = set((host.root / "root").iterdir()) - before
    return made


def restore(host: Host, copy: Path) -> str:
    return host.run(commands("Backing up and restoring")[1].replace("/root/fifod-DATE", f"/root/{copy.name}"))


def test_a_restore_brings_back_what_was_copied(host: Host) -> None:
    kept, account = host.hashes(), host.site.rows("SELECT username, password FROM auth_user")
    repeatable = host.repeatable()
    copy = back_up(host)
    lost = host.draw(20)
    said = restore(host, copy)
    assert "good: the ledger in" in said and "Traceback" not in host.daemon.log
    assert kept.items() <= host.hashes().items()
    assert host.repeatable() == repeatable
    assert host.site.rows("SELECT username, password FROM auth_user") == account
    host.site.manage("record", "--once")
    assert dict(host.site.recorded()) == host.hashes()
    assert lost[0]["serialNumber"] == 302 and host.draw()[0]["serialNumber"] == 303  # 302 was repeatable() again


def test_that_it_was_restored_stands_in_the_chain_and_a_lost_draw_is_missed_by_its_hash(host: Host) -> None:
    copy = back_up(host)
    lost = host.draw(20)
    restore(host, copy)
    assert host.notes() == ["restore"] and "no head is noted" in host.daemon.log
    host.draw(30)
    assert "good" in host.client("verify")
    for draw in lost:
        said = host.client("verify", "--expect", f"{draw['serialNumber']}:{draw['hash']}", status=65)
        assert "it was written anew" in said
    assert host.daemon.stop() == 0
    host.start()
    assert host.notes() == ["restore"]


def test_an_older_ledger_under_a_newer_head_is_refused_until_the_head_is_removed(host: Host) -> None:
    copy = back_up(host)
    host.draw(20)
    host.daemon.stop()
    shutil.copytree(copy / "ledger", host.daemon.ledger, dirs_exist_ok=True)
    host.daemon.spawn()
    assert host.daemon.wait() == 3
    assert "no longer holds draw 320" in host.daemon.log and "remove that note" in host.daemon.log
    (host.daemon.state / "head").unlink()
    host.start()
    assert host.draw()[0]["serialNumber"] == 301 and host.notes() == ["restore"]


def test_a_site_that_is_newer_than_the_ledger_is_put_right_as_the_recorder_says(host: Host) -> None:
    copy = back_up(host)
    host.draw(20)
    host.site.manage("record", "--once")
    newer = host.site.database.read_bytes()
    restore(host, copy)
    host.draw(5)
    host.site.database.write_bytes(newer)
    said = host.site.manage("record", "--once", expect=3)
    assert "no longer holds the record" in said and "record --from-start" in said
    host.site.manage("record", "--from-start", "--once")
    assert dict(host.site.recorded()) == host.hashes() and len(host.site.recorded()) == 305
    assert host.site.rows("SELECT username FROM auth_user") == [("keeper",)]


def test_copies_taken_under_load_are_good_and_can_be_restored(host: Host) -> None:
    stop, failures = threading.Event(), []

    def load() -> None:
        try:
            with Pipe(host.daemon.run) as pipe:
                while not stop.is_set():
                    pipe.draw(purpose="p" * 300)
                    pace(0.001)  # checking the copies should not take for ever
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    copies = []
    try:
        for number in range(4):
            copies.append(back_up(host).rename(host.root / "root" / f"copy-{number}"))
    finally:
        stop.set()
        for thread in threads:
            thread.join(DEADLINE)
    assert not failures
    sizes = [sum(path.stat().st_size for path in copy.glob("ledger/*")) for copy in copies]
    assert sizes == sorted(set(sizes)), "nothing was drawn between two copies: the test shows nothing"
    restore(host, copies[-1])
    assert host.notes()[-1] == "restore"
    assert host.draw()[0]["serialNumber"] == max(host.hashes()) and "good" in host.client("verify")


def test_a_copy_that_ends_within_a_record_is_good_and_restored_without_it(host: Host) -> None:
    copy = back_up(host)
    [segment] = (copy / "ledger").iterdir()
    with segment.open("ab") as file:
        file.write(b'{"v":1,"kind":"draw","ser')
    assert "are 25 bytes that are no record (yet)" in host.client("verify", str(copy / "ledger"))
    restore(host, copy)
    assert host.notes() == ["repair", "restore"] and host.draw()[0]["serialNumber"] == 301


def test_a_copy_without_its_end_is_found_by_its_head(host: Host) -> None:
    assert host.daemon.stop() == 0  # it notes the head then, and from time to time
    copy = back_up(host)
    [segment] = (copy / "ledger").iterdir()
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:-1]))
    assert "the daemon noted draw 300" in host.client("verify", str(copy / "ledger"), status=65)


def test_without_its_host_key_a_ledger_is_not_served(host: Host) -> None:
    copy = back_up(host)
    (copy / "host.key").write_bytes(os.urandom(32))
    host.daemon.stop()
    shutil.copy(copy / "host.key", host.daemon.state / "host.key")
    host.daemon.spawn()
    assert host.daemon.wait() == 3 and "the host key is not the one" in host.daemon.log


def test_on_another_machine_it_draws_on_where_it_stopped(host: Host, place: Path) -> None:
    leave, arrive = commands("Moving to another machine")
    before, repeatable = host.hashes(), host.repeatable()
    host.daemon.config.write_text('durability = "process"\nfront_ends = [999]\n')
    host.run(leave)
    other = Host(place / "two")
    other.start()
    with other.daemon:
        other.draw(3)
        (host.root / "root/fifod-move.tar").rename(other.root / "root/fifod-move.tar")
        assert "good: the ledger in" in other.run(arrive)
        assert f"front_ends = [{WEB}]" in other.daemon.config.read_text()
        assert before.items() <= other.hashes().items() and other.notes() == []
        assert other.repeatable() == repeatable
        last = max(other.hashes())
        assert other.draw()[0]["serialNumber"] == last + 1 and other.notes() == []
        assert "good" in other.client("verify", "--expect", f"300:{before[300]}")
        other.site.manage("record", "--once")
        assert dict(other.site.recorded()) == other.hashes()
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in [other.daemon.state / "host.key"]}
        assert modes == {"host.key": "0o600"}
    shutil.rmtree(other.root)
