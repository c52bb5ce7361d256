"""Back-up, restore, archive and move on machines that run systemd, by the very commands that deploy/README.md gives."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.papers import commands
from tests.system.conftest import Installed
from tests.system.machine import Machine
from tests.waiting import DEADLINE

pytestmark = pytest.mark.timeout(900)

UNITS = ("fifod.service", "fifod.socket", "fifod-recorder.service", "fifod-web.socket")
MANY = """
import sys
from fifod.client import Client
with Client(timeout=60) as client:
    for _ in range(int(sys.argv[1])):
        waiting = [client.submit("generateIntegers", {"n": 1, "min": 1, "max": 6}) for _ in range(200)]
        for one in waiting:
            one.wait()
"""
ROWS = """
import sqlite3
database = sqlite3.connect("/var/lib/fifod-web/web.sqlite3")
print(*database.execute("SELECT count(*), max(serial) FROM history_draw").fetchone())
"""
MODES = """
cd /var/lib
stat -c '%n %U:%G %a' fifod fifod/ledger fifod/archive fifod/host.key
stat -c '%n %U:%G %a' fifod-web fifod-web/web.sqlite3 fifod-web/secret.key
stat -c '%U:%G %a' fifod/ledger/*.jsonl
"""
OTHER_UIDS = """
systemctl stop fifod.target fifod fifod-recorder fifod-web
systemctl stop run-fifod-replies.mount
usermod -u 4301 fifod && groupmod -g 4301 fifod
usermod -u 4302 fifod-web && groupmod -g 4302 fifod-web
groupmod -g 4303 fifod-ledger
systemd-tmpfiles --create
"""


@pytest.fixture(scope="module", autouse=True)
def alice(machine: Machine) -> str:
    """A user of the machine."""
    machine.add_user("alice")
    return "alice"


def draw(machine: Machine, count: int = 1, user: str = "alice") -> dict[int, str]:
    """Draw; the hashes by serial number."""
    script = f"for i in $(seq {count}); do fifod-client integers 3 --json; done"
    results = map(json.loads, machine.shell(script, user=user).splitlines())
    return {result["serialNumber"]: result["hash"] for result in results}


def holds(machine: Machine, serial: int, hash_: str) -> bool:
    return machine.attempt("fifod-client", "verify", "--expect", f"{serial}:{hash_}").returncode == 0


def notes(machine: Machine) -> list[str]:
    found = re.findall(r'"note":"(\w+)"', machine.shell("cat /var/lib/fifod/ledger/*.jsonl"))
    return [note for note in found if note not in ("restart", "repair")]


def all_run(machine: Machine) -> None:
    machine.wait_until(lambda: {machine.show(unit, "ActiveState") for unit in UNITS} == {"active"}, "all units run")


def recorded(machine: Machine) -> None:
    """Wait until every draw has its row."""
    newest = json.loads(machine.run("fifod-client", "status", "--json"))["serialNumber"]
    machine.wait_until(lambda: machine.python(ROWS).split() == [str(newest)] * 2, "all draws have rows")


def modes(machine: Machine) -> list[str]:
    return sorted(set(machine.shell(MODES).splitlines()))


def test_a_copy_is_restored_and_that_stands_in_the_chain(machine: Machine) -> None:
    back_up, restore = commands("Backing up and restoring")
    before = modes(machine)
    kept = draw(machine, 5)
    recorded(machine)
    assert "good: the ledger in /root/fifod-" in machine.shell(back_up)
    lost = draw(machine, 5)
    recorded(machine)
    copy = machine.shell("cd /root; ls -d fifod-2*").strip()
    machine.shell(restore.replace("fifod-DATE", copy))
    all_run(machine)
    assert notes(machine) == ["restore"] and modes(machine) == before
    again = draw(machine, 6)
    assert set(lost) < set(again)
    assert all(holds(machine, *one) for one in kept.items()) and not any(holds(machine, *one) for one in lost.items())
    recorded(machine)
    assert "no head is noted" in machine.journal("--unit=fifod")


def test_old_draws_are_archived_for_root_alone(machine: Machine) -> None:
    machine.shell("sed -i 's/^#segment_mib.*/segment_mib = 1/' /etc/fifod/fifod.toml; systemctl reload fifod")
    machine.shell("rmdir /var/lib/fifod/archive")
    machine.python(MANY, "550", user="alice", seconds=10 * DEADLINE)
    words = ("fifod-client", "archive", "--keep", "100000")
    for user in ("alice", "fifod-web"):
        refused = machine.attempt(*words, user=user)
        assert refused.returncode == 65 and "only root" in refused.stderr
    said = machine.run(*words)
    last = int(re.findall(r"archived draws 1 to (\d+)", said)[0])
    assert 3000 < last <= 10_000 + 20
    assert machine.run("stat", "-c", "%U:%G %a", "/var/lib/fifod/archive").strip() == "fifod:fifod-ledger 750"
    assert f"draws 1 to {last} were archived" in machine.run("fifod-client", "verify", user="fifod-web")
    assert f"draws 1 to {last} were archived" in machine.run("fifod-client", "verify", user="alice")
    machine.run("fifod-client", "verify", "/var/lib/fifod/archive", user="fifod-web")
    machine.systemctl("restart", "fifod")
    draw(machine, 2)
    recorded(machine)
    all_run(machine)
    machine.shell(commands("Rotation and retention")[0])


def test_on_another_machine_with_other_uids_it_draws_on(machine: Machine, installed: Installed) -> None:
    leave, arrive = commands("Moving to another machine")
    kept = draw(machine, 5)
    before = notes(machine)
    machine.shell(leave)
    moved = taken(machine, "/root/fifod-move.tar")
    with another(installed) as other:
        other.add_user("alice")
        other.shell(OTHER_UIDS)
        put(other, "/root/fifod-move.tar", moved)
        other.shell(arrive)
        all_run(other)
        assert "front_ends = [4302]" in other.read("/etc/fifod/fifod.toml")
        assert all(holds(other, *one) for one in kept.items())
        assert set(draw(other, 2)) == {max(kept) + 1, max(kept) + 2} and notes(other) == before
        recorded(other)
        assert "fifod:fifod-ledger 640" in modes(other)


def another(installed: Installed) -> Machine:
    return Machine(installed.layer).boot()


def taken(machine: Machine, path: str) -> bytes:
    return subprocess.run(machine.command("cat", path), capture_output=True, check=True, timeout=DEADLINE).stdout


def put(machine: Machine, path: str, data: bytes) -> None:
    subprocess.run(machine.command("sh", "-c", 'cat > "$0"', path), input=data, check=True, timeout=DEADLINE)
