"""Classic bridges as services: each serves its user and nobody else, and does no harm when it ends or cannot start."""

import pytest

from tests.system.bridges import Bridge, drop_in, newest_record
from tests.system.checkout import ROOT
from tests.system.machine import Machine

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(600)]

DROP_IN = "/etc/systemd/system/fifod-classic@{}.service.d/paths.conf"
C_CLIENT = "/srv/classic/client"
BOBS = {"FIFOD_CLASSIC_FIFO1": "/srv/exercise/bob/fifo1", "FIFOD_CLASSIC_FIFO2": "/srv/exercise/bob/fifo2"}
# Asks for a process that it is not, with a FIFO open as clients have; it would be woken if it were that one.
CLAIM = """
import os, struct, sys
fifo1 = os.open("/tmp/fifo1", os.O_WRONLY)
os.write(fifo1, struct.pack("@ii", int(sys.argv[1]), 3))
"""
# What the web site may do where bridges publish; of all programs it can run Python alone.
AS_THE_SITE = """
import os, pwd, sys
site = pwd.getpwnam("fifod-web")
try:
    os.close(os.open(sys.argv[1] + "/x", os.O_WRONLY | os.O_CREAT))
except OSError as error:
    print("refused:", error.strerror)
os.setgroups([])
os.setgid(site.pw_gid)
os.setuid(site.pw_uid)
print(open(sys.argv[1] + "/classic.trace").read())
print("pid", open(sys.argv[1] + "/classic.pid").read())
"""
# A process that counts its SIGUSR1.
WITNESS = """
import os, signal, sys
count = 0
def counted(*_):
    global count
    count += 1
signal.signal(signal.SIGUSR1, counted)
print(os.getpid(), flush=True)
sys.stdin.readline()
print(count, flush=True)
"""


@pytest.fixture(scope="module")
def uids(machine: Machine) -> dict[str, int]:
    """Three users of the machine, and the exercise's client, compiled there."""
    machine.add(ROOT / "tests" / "classic", "/srv/classic")
    machine.run("cc", "-o", C_CLIENT, "/srv/classic/client.c")
    uids = {name: machine.add_user(name) for name in ("alice", "bob", "cleo")}
    machine.run("install", "-d", "-o", "bob", "-m", "700", "/srv/exercise/bob")
    machine.write(DROP_IN.format("bob"), drop_in("/srv/"))
    machine.write(DROP_IN.format("cleo"), drop_in("/home/").replace("bob", "cleo"))
    machine.run("mkdir", "/home/cleo/exercise", user="cleo")
    machine.systemctl("daemon-reload")
    return uids


@pytest.fixture
def alice(machine: Machine, uids: dict[str, int]) -> Bridge:
    """Alice's bridge, which runs."""
    bridge = Bridge(machine, "alice")
    bridge.start()
    return bridge


@pytest.fixture
def bob(machine: Machine, uids: dict[str, int]) -> Bridge:
    """Bob's, which has FIFOs of its own."""
    bridge = Bridge(machine, "bob")
    bridge.start()
    return bridge


def values(machine: Machine, user: str, **environment: str) -> list[int]:
    """What a user gets who asks his bridge for five values."""
    words = [f"{name}={value}" for name, value in environment.items()]
    found = machine.run("env", *words, "fifod-client", "classic", "5", "--timeout", "20", user=user)
    return [int(word) for word in found.split()]


def as_listed(machine: Machine, *paths: str) -> list[str]:
    return machine.run("stat", "--format=%U %a %F", *paths).splitlines()


def test_two_run_at_a_time_and_each_draw_is_its_users(
    machine: Machine, uids: dict[str, int], alice: Bridge, bob: Bridge
) -> None:
    for bridge, environment in ((alice, {}), (bob, BOBS)):
        assert len(values(machine, bridge.user, **environment)) == 5
        record = newest_record(machine)
        uid = uids[bridge.user]
        assert (record["transport"], record["uid"], record["drawer"]) == ("classic", uid, f"unix:{uid}")
        [question] = [step for step in bridge.trace() if step["step"] == "question"]
        assert record["claimedPid"] == question["pid"]


def test_it_says_to_systemd_and_in_its_directory_which_process_it_is(machine: Machine, alice: Bridge) -> None:
    assert machine.show(alice.unit, "StatusText").startswith(f"use: client {alice.pid}")
    assert machine.read(f"{alice.directory}/classic.pid") == f"{alice.pid}\n"
    assert f"use: client {alice.pid}" in machine.journal(f"--unit={alice.unit}")
    others = machine.run("cat", f"{alice.directory}/classic.trace", user="bob")
    assert '"step":"started"' in others


def test_its_fifos_are_for_its_user_alone(machine: Machine, alice: Bridge, bob: Bridge) -> None:
    assert as_listed(machine, "/tmp/fifo1", "/tmp/fifo2") == ["alice 600 fifo"] * 2
    assert as_listed(machine, *BOBS.values()) == ["bob 600 fifo"] * 2
    assert machine.attempt("cat", "/tmp/fifo2", user="bob").returncode == 1


def test_a_client_in_c_gets_its_values(machine: Machine, alice: Bridge) -> None:
    for n in (1, 5, 100):
        printed = machine.run("timeout", "20", C_CLIENT, str(alice.pid), str(n), user="alice")
        assert printed.startswith(f"{n} values: ")
    machine.wait_until(lambda: alice.trace()[-1]["step"] == "acknowledged", "the bridge has heard of it")


def test_a_user_whose_fifos_are_in_his_home_is_served(machine: Machine, uids: dict[str, int]) -> None:
    cleo = Bridge(machine, "cleo")
    cleo.start()
    folder = "/home/cleo/exercise"
    paths = {"FIFOD_CLASSIC_FIFO1": f"{folder}/fifo1", "FIFOD_CLASSIC_FIFO2": f"{folder}/fifo2"}
    assert len(values(machine, "cleo", **paths)) == 5
    machine.systemctl("stop", cleo.unit)
    assert machine.run("ls", folder) == ""


@pytest.mark.parametrize("user", ["bob", "fifod", "root"])
def test_a_process_of_another_user_gets_no_signal(machine: Machine, alice: Bridge, user: str) -> None:
    witness = machine.start("python3", "-c", WITNESS, user=user)
    assert witness.stdin and witness.stdout
    pid = witness.stdout.readline().strip()
    before = newest_record(machine)
    machine.run("python3", "-c", CLAIM, pid, user="alice")
    machine.wait_until(lambda: alice.trace()[-1]["step"] == "withheld", "the question was refused")
    assert alice.trace()[-1]["reason"] == "it is another user's process"
    witness.stdin.write("\n")
    witness.stdin.flush()
    assert witness.stdout.readline() == "0\n"
    assert newest_record(machine) == before
    assert "another user's process" in alice.last_words()


def test_a_client_of_root_gets_no_signal_and_no_draw(machine: Machine, alice: Bridge) -> None:
    before = newest_record(machine)
    done = machine.attempt("timeout", "1", C_CLIENT, str(alice.pid), "5")
    assert done.returncode == 124
    assert newest_record(machine) == before
    assert alice.trace()[-1]["step"] == "withheld"


def test_while_the_daemon_is_stopped_it_stays_and_answers_with_no_values(machine: Machine, alice: Bridge) -> None:
    pid = alice.pid
    machine.systemctl("stop", "fifod.service")
    assert machine.run("timeout", "20", C_CLIENT, str(pid), "5", user="alice").startswith("0 values:")
    machine.systemctl("start", "fifod.service")
    assert len(values(machine, "alice")) == 5
    assert alice.pid == pid


def test_killed_it_serves_again_with_another_pid(machine: Machine, alice: Bridge) -> None:
    pid = alice.pid
    machine.systemctl("kill", "--signal=KILL", alice.unit)
    machine.wait_until(lambda: alice.state == "active" and alice.pid not in (0, pid), "it runs again")
    assert len(values(machine, "alice")) == 5


def test_stopped_it_leaves_nothing(machine: Machine, alice: Bridge, bob: Bridge) -> None:
    machine.run("touch", "/dev/shm/mine", user="alice")
    machine.systemctl("stop", alice.unit)
    assert machine.show(alice.unit, "ExecMainStatus") == "0"
    assert machine.show(alice.unit, "Result") == "success"
    machine.shell(f"test ! -e /tmp/fifo1 -a ! -e /tmp/fifo2 -a ! -e {alice.directory}")
    assert bob.state == "active"
    # What other programs of the user share is left alone: see RemoveIPC= in the unit.
    machine.run("rm", "/dev/shm/mine")


def test_fifos_of_somebody_else_are_left_alone_and_not_fought_for(machine: Machine, uids: dict[str, int]) -> None:
    alice = Bridge(machine, "alice")
    machine.systemctl("stop", alice.unit)
    machine.run("mkfifo", "-m", "600", "/tmp/fifo1", user="bob")
    assert machine.attempt("systemctl", "start", alice.unit).returncode != 0
    assert (alice.state, machine.show(alice.unit, "ExecMainStatus")) == ("failed", "3")
    assert machine.show(alice.unit, "NRestarts") == "0"
    assert alice.last_words().startswith(f"cannot use /tmp/fifo1: it belongs to bob (uid {uids['bob']}); ")
    assert as_listed(machine, "/tmp/fifo1") == ["bob 600 fifo"]
    machine.run("rm", "/tmp/fifo1")
    alice.start()


def test_a_user_who_fills_his_directory_fills_nothing_else(machine: Machine, alice: Bridge, bob: Bridge) -> None:
    room = "df --output=avail --block-size=1M /run | tail -n 1"
    before = int(machine.shell(room))
    done = machine.attempt("dd", "if=/dev/zero", f"of={alice.directory}/filled", "bs=1M", user="alice")
    assert "No space left on device" in done.stderr
    assert int(machine.shell(room)) > before - 8
    assert len(values(machine, "alice")) == len(values(machine, "bob", **BOBS)) == 5
    machine.run("rm", f"{alice.directory}/filled", user="alice")


def test_a_second_bridge_by_hand_says_who_serves(machine: Machine, alice: Bridge) -> None:
    done = machine.attempt("fifod-classic", user="alice")
    assert done.returncode == 75
    assert "cannot serve /tmp/fifo1: another bridge or server reads it" in done.stderr
    assert len(values(machine, "alice")) == 5


def test_it_starts_with_the_machine_only_if_somebody_wants_that(machine: Machine, alice: Bridge, bob: Bridge) -> None:
    machine.systemctl("--quiet", "enable", alice.unit)
    machine.power_off()
    machine.boot()
    assert (alice.state, bob.state) == ("active", "inactive")
    assert len(values(machine, "alice")) == 5
    assert machine.systemctl("--failed", "--no-legend") == ""
    machine.systemctl("--quiet", "disable", alice.unit)


def test_the_web_site_reads_what_a_bridge_publishes_and_writes_there_nothing(machine: Machine, alice: Bridge) -> None:
    site = str(machine.main_pid("fifod-web.service"))
    told = machine.run("nsenter", "-t", site, "-m", "python3", "-I", "-c", AS_THE_SITE, alice.directory)
    assert '"step":"started"' in told and f"pid {alice.pid}" in told and "refused: Read-only file system" in told
