"""Who owns what on a machine with fifod, and what its users can do there: what deploy/README.md says, and no more."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.system.checkout import ROOT
from tests.system.load import LEDGER
from tests.system.machine import PYTHON, Machine

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(600)]

ROW = re.compile(r"\| `(?P<path>/[^`]*)` \|[^|]*\| (?P<owner>[\w-]+), (?P<group>[\w-]+) \| (?P<mode>[0-7]{4}) \|")
OURS = ["/etc/fifod", "/run/fifod", "/run/fifod-classic", "/var/lib/fifod", "/var/lib/fifod-web"]
REPLIES = "/run/fifod/replies"

DRAW = """
import sys
from fifod.client import Client, FifodError
with Client(user=sys.argv[1] or None) as client:
    try:
        print(client.integers(1).serial_number)
    except FifodError as error:
        print(type(error).__name__, error.code, error)
"""
FORGE = """
import os, sys
made = os.path.join("/run/fifod/replies", "F" * 32)
os.mkfifo(made)
for act in (
    lambda: os.chown(made, int(sys.argv[1]), -1),
    lambda: os.link(sys.argv[2], made + "G"),
    lambda: os.rename(sys.argv[2], made + "H"),
    lambda: os.unlink(sys.argv[2]),
    lambda: os.listdir("/run/fifod/replies"),
    lambda: os.open(sys.argv[2], os.O_RDONLY | os.O_NONBLOCK),
    lambda: os.setuid(int(sys.argv[1])),
):
    try:
        act()
        print("done")
    except PermissionError:
        print("refused")
os.unlink(made)
"""
FILL = """
import os
for number in range(1_000_000):
    with open(f"/run/fifod/replies/filled-{number}", "w") as file:
        try:
            file.write("x" * 65536)
            file.flush()
        except OSError as error:
            print(error.strerror)
            break
"""
MANY = """
import os
for number in range(1_000_000):
    try:
        os.mkfifo(f"/run/fifod/replies/filled-{number}")
    except OSError as error:
        print(error.strerror)
        break
"""


@pytest.fixture(scope="module")
def uids(machine: Machine) -> dict[str, int]:
    found = {name: machine.add_user(name) for name in ("ann", "ben")}
    machine.run("fifod-client", "1", user="ann")
    machine.systemctl("start", "fifod-classic@ann.service")
    return {**found, "fifod-web": int(machine.run("id", "-u", "fifod-web"))}


def draw(machine: Machine, user: str, on_behalf_of: str = "") -> str:
    """What a draw by a user said: its serial number, or what was wrong."""
    return machine.python(DRAW, on_behalf_of, user=user).strip()


def body(machine: Machine, serial: str) -> dict[str, Any]:
    """The record of a draw."""
    [line] = machine.shell(f"""grep -h '"serial":{serial},' {LEDGER}/*.jsonl""").splitlines()
    found: dict[str, Any] = json.loads(line.partition("\t")[2])
    return found


def rows() -> list[re.Match[str]]:
    """The rows of the table in deploy/README.md, for a user who has a classic bridge."""
    return list(ROW.finditer((ROOT / "deploy" / "README.md").read_text().replace("USER", "ann")))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["path"])
def test_it_is_owned_as_the_table_says(machine: Machine, uids: dict[str, int], row: re.Match[str]) -> None:
    found = machine.shell(f"stat --format='%U, %G %04a' {row['path']}").splitlines()
    assert set(found) == {f"{row['owner']}, {row['group']} {row['mode']}"}


def test_the_table_has_everything(machine: Machine, uids: dict[str, int]) -> None:
    paths = machine.run("find", *OURS, "-not", "-path", f"{REPLIES}/*").split()
    assert len(paths) > len(OURS)
    assert not [path for path in paths if not any(fnmatchcase(path, row["path"]) for row in rows())]
    outside = machine.run("find", "/", "-xdev", "-path", "*fifod*", "-prune").split()
    outside = [path for path in outside if not path.startswith(("/root/", "/var/tmp/systemd-private-"))]
    assert not [path for path in outside if not any(fnmatchcase(path, row["path"]) for row in rows())]


def test_only_root_can_change_a_release(machine: Machine) -> None:
    assert machine.shell(r"find /opt/fifod ! -type l \( ! -user root -o ! -group root -o -perm /022 \)") == ""


def test_nobody_but_the_daemon_is_in_its_group(machine: Machine) -> None:
    groups = {
        name: (number, members)
        for name, _, number, members in (line.split(":") for line in machine.run("getent", "group").splitlines())
    }
    users = [line.split(":") for line in machine.run("getent", "passwd").splitlines()]
    assert groups["fifod"][1] == "" == groups["fifod-web"][1]
    assert [user[0] for user in users if user[3] == groups["fifod"][0]] == ["fifod"]
    assert groups["fifod-ledger"][1] == "fifod-web"
    assert machine.run("id", "-Gn", "fifod").split() == ["fifod"]
    assert sorted(machine.run("id", "-Gn", "fifod-web").split()) == ["fifod-ledger", "fifod-web"]


def test_nobody_can_log_in_as_one_of_its_users(machine: Machine) -> None:
    for name in ("fifod", "fifod-web"):
        assert machine.run("getent", "passwd", name).strip().endswith("/nologin")
        assert machine.run("getent", "shadow", name).split(":")[1].startswith(("!", "*"))


def test_draws_are_recorded_as_of_those_who_drew(machine: Machine, uids: dict[str, int]) -> None:
    for name, uid in uids.items():
        found = body(machine, draw(machine, name))
        assert (found["uid"], found["drawer"]) == (uid, f"unix:{uid}")


def test_the_web_sites_user_may_draw_on_behalf_of_others(machine: Machine, uids: dict[str, int]) -> None:
    found = body(machine, draw(machine, "fifod-web", "7:alice"))
    assert (found["uid"], found["drawer"]) == (uids["fifod-web"], "web:7:alice")


@pytest.mark.parametrize("user", ["ann", "fifod", "root"])
def test_nobody_else_may(machine: Machine, uids: dict[str, int], user: str) -> None:
    refused = "IllegalValue 201 only a configured front end may draw on behalf of a user"
    assert draw(machine, user, "7:alice") == refused


@pytest.mark.parametrize("user", ["fifod-web", "ann"])
def test_nobody_can_forge_a_name(machine: Machine, uids: dict[str, int], user: str) -> None:
    theirs = f"{REPLIES}/{'B' * 32}"
    machine.run("mkfifo", "-m", "620", theirs, user="ben")
    said = machine.run(PYTHON, "-c", FORGE, str(uids["ben"]), theirs, user=user)
    assert said.split() == ["refused"] * 7
    machine.run("rm", theirs, user="ben")


@pytest.mark.parametrize("user", ["fifod-web", "ann"])
@pytest.mark.parametrize(
    "path", [f"{LEDGER}/00000000000000000001.jsonl", f"{LEDGER}/new", f"{LEDGER}/lock", "/var/lib/fifod/head"]
)
def test_nobody_but_the_daemon_can_write_the_ledger(
    machine: Machine, uids: dict[str, int], user: str, path: str
) -> None:
    before = machine.shell(f"cat {LEDGER}/*.jsonl | sha256sum")
    for words in (["sh", "-c", f"echo >> {path}"], ["rm", "-f", path], ["mv", path, "/tmp/taken"]):
        assert machine.attempt(*words, user=user).returncode != 0 or words[0] == "rm"
    assert machine.shell(f"cat {LEDGER}/*.jsonl | sha256sum") == before
    assert not path.endswith("new") or machine.attempt("test", "-e", path).returncode == 1


@pytest.mark.parametrize(
    "path", [LEDGER, f"{LEDGER}/00000000000000000001.jsonl", "/var/lib/fifod/host.key", "/etc/fifod/metrics.token"]
)
def test_other_users_read_nothing_of_it(machine: Machine, uids: dict[str, int], path: str) -> None:
    done = machine.attempt("dd", f"if={path}", "of=/dev/null", user="ann")
    assert "Permission denied" in done.stderr
    assert machine.attempt("ls", "/var/lib/fifod-web", user="ann").returncode == 2
    assert machine.attempt("cat", "/run/fifod/requests", user="ann").returncode == 1


@pytest.fixture
def emptied(machine: Machine) -> Iterator[None]:
    yield
    machine.run("find", REPLIES, "-name", "filled-*", "-delete")


def test_a_full_directory_of_replies_harms_neither_run_nor_others(
    machine: Machine, uids: dict[str, int], emptied: None
) -> None:
    assert "No space left on device" in machine.python(FILL, user="ann")
    used, room = machine.run("df", "--output=used,avail", "--block-size=1K", "/run").splitlines()[1].split()
    assert int(used) < 1024 < int(room)
    assert machine.run("fifod-client", "3", user="ben").split()
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", "fifod")
    assert machine.run("fifod-client", "3", user="ben").split()


def test_one_with_too_many_fifos_is_named_and_harms_nothing_else(
    machine: Machine, uids: dict[str, int], emptied: None
) -> None:
    assert "No space left on device" in machine.python(MANY, user="ann")
    done = machine.attempt("fifod-client", "1", user="ben")
    assert done.returncode == 77
    assert done.stderr.strip().endswith(f"cannot make a reply FIFO in {REPLIES}: No space left on device")
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", "fifod")
    owners = machine.shell(f"find {REPLIES} -type p -printf '%u\\n' | sort | uniq --count")
    assert "ann" in owners
    machine.run("find", REPLIES, "-name", "filled-*", "-delete")
    assert machine.run("fifod-client", "3", user="ben").split()
