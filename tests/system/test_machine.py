"""The machines that other tests rely on: real, minimal, alone, and gone afterwards."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system import machine as machines
from tests.system.checkout import ROOT
from tests.system.container import CONTROL_GROUPS, SCRATCH
from tests.system.machine import Machine

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(900)]

KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30)
    print("reached")
except OSError as error:
    print("refused", error)
"""
BOOT_AND_WAIT = """
import time
from tests.system.machine import Machine
machine = Machine().boot()
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def bare_alone() -> Iterator[Machine]:
    machines.require()
    with Machine() as machine:
        yield machine.boot()


def test_systemd_is_its_first_process(bare_alone: Machine) -> None:
    assert bare_alone.read("/proc/1/comm") == "systemd\n"
    assert bare_alone.run("systemctl", "is-system-running").strip() == "running"


@pytest.mark.parametrize("command", ["dbus-daemon", "pkexec", "sudo", "gcc", "pip3", "curl", "ps"])
def test_it_has_nothing_but_systemd_and_python(bare_alone: Machine, command: str) -> None:
    assert bare_alone.attempt("which", command).returncode == 1
    assert bare_alone.attempt("python3", "-m", "ensurepip").returncode == 1


def test_it_has_no_network_but_its_own_loopback(bare_alone: Machine) -> None:
    listed = bare_alone.read("/proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in listed] == ["lo"]


def test_its_network_reaches_no_port_of_this_computer(bare: Machine) -> None:
    assert "tap0" in bare.read("/proc/net/dev")
    with socket.create_server(("127.0.0.1", 0)) as server:
        for address in ("127.0.0.1", "10.0.2.2"):  # its own loopback, and what leads to this computer's if let
            assert bare.run("python3", "-c", KNOCK, address, str(server.getsockname()[1])).startswith("refused")


def test_it_can_lose_its_network(bare: Machine) -> None:
    bare.disconnect()
    bare.wait_until(lambda: "tap0" not in bare.read("/proc/net/dev"), "the network is gone")


def test_users_act_in_it_with_their_groups(bare_alone: Machine) -> None:
    uid = bare_alone.add_user("alice")
    bare_alone.run("usermod", "--append", "--groups", "audio", "alice")
    assert bare_alone.run("id", "-u", user="alice").strip() == str(uid) != "0"
    assert "audio" in bare_alone.run("id", "-Gn", user="alice").split()
    assert bare_alone.attempt("touch", "/etc/mine", user="alice").returncode == 1


def test_what_fails_in_it_is_told(bare_alone: Machine) -> None:
    with pytest.raises(AssertionError, match=r"ended with 3:\nfirst\nsecond"):
        bare_alone.run("sh", "-c", "echo first; echo second >&2; exit 3")


def test_it_keeps_what_it_wrote_when_it_boots_again() -> None:
    machines.require()
    with Machine() as machine:
        machine.boot().write("/srv/note", "kept")
        first = machine.read("/proc/sys/kernel/random/boot_id")
        machine.power_off()
        with Machine(machine.written) as second:
            assert second.boot().read("/srv/note") == "kept"
            second.run("rm", "/srv/note")
        assert machine.boot().read("/srv/note") == "kept"
        assert machine.read("/proc/sys/kernel/random/boot_id") != first


def test_nothing_of_it_stays() -> None:
    machines.require()
    before = traces()
    with pytest.raises(RuntimeError, match="in the midst"), Machine() as machine:
        machine.boot().start("sleep", "600")
        made = traces() - before
        raise RuntimeError("in the midst")
    assert {kind for kind, _ in made} == {"process", "group", "folder"}
    assert not made & traces()


def test_it_does_not_outlive_the_tests() -> None:
    machines.require()
    before = traces()
    tests = subprocess.Popen([sys.executable, "-c", BOOT_AND_WAIT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert tests.stdout
    try:
        assert tests.stdout.readline() == "up\n"
        made = traces() - before
    finally:
        os.kill(tests.pid, signal.SIGKILL)
        tests.wait()
        tests.stdout.close()
    assert {kind for kind, _ in made} == {"process", "group", "folder"}
    with Machine():  # what cannot go by itself goes when the next one is made
        assert not made & traces()


def traces() -> set[tuple[str, str]]:
    """What there is on this computer that a machine of this checkout could have left."""
    kinds = {
        "process": [place.parent for place in Path("/proc").glob("[0-9]*/mounts") if str(SCRATCH) in text(place)],
        "group": [group for place in CONTROL_GROUPS for group in place.glob("fifod-test-*")],
        "folder": SCRATCH.glob("*"),
        "trace of nspawn": Path("/run/systemd/nspawn").rglob("*"),
    }
    return {(kind, str(place)) for kind, places in kinds.items() for place in places}


def text(place: Path) -> str:
    """What stands in a file of a process that may just have ended."""
    try:
        return place.read_text()
    except OSError:
        return ""
