"""The units under a real systemd: they do what they are told, say how they are, and refuse what is wrong."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.system.machine import Machine

pytestmark = pytest.mark.timeout(600)

PERSON = "person"
CONFIG = "/etc/fifod/fifod.toml"
REQUESTS = "/run/fifod/requests"
DROP_IN = "/run/systemd/system/{}.d/test.conf"
FULL = """
systemctl stop fifod
mount -t tmpfs -o size=80k,mode=2755,uid=fifod,gid=fifod-ledger tmpfs /var/lib/fifod
systemd-tmpfiles --create
systemctl start fifod
"""


@pytest.fixture(autouse=True)
def as_before(machine: Machine) -> Iterator[None]:
    """Each test finds fifod running as installed."""
    config = machine.read(CONFIG)
    yield
    machine.write(CONFIG, config)
    machine.shell("umount --lazy --quiet /var/lib/fifod || true; rm -rf /run/systemd/system/fifod*.d")
    machine.systemctl("daemon-reload")
    machine.systemctl("reset-failed")
    machine.systemctl("stop", "fifod.service")
    machine.wait_until(lambda: machine.show("fifod.socket", "ActiveState") == "inactive", "the FIFO is gone too")
    machine.shell(f"rm -rf {REQUESTS} /run/fifod/fifod.pid")
    machine.systemctl("start", "fifod.service")


@pytest.fixture(scope="module", autouse=True)
def person(machine: Machine) -> str:
    machine.add_user(PERSON)
    return PERSON


def draw(machine: Machine, seconds: int = 10) -> list[str]:
    return machine.run("fifod-client", "integers", "3", "--timeout", str(seconds), user=PERSON).split()


def newest(machine: Machine) -> int:
    status = json.loads(machine.run("fifod-client", "status", "--json", user=PERSON))
    return int(status["serialNumber"])


def state(machine: Machine) -> tuple[str, str]:
    return machine.show("fifod.service", "ActiveState"), machine.show("fifod.socket", "ActiveState")


def add_drop_in(machine: Machine, unit: str, text: str) -> None:
    machine.write(DROP_IN.format(unit), text)
    machine.systemctl("daemon-reload")


def refuses_to_start(machine: Machine, *words: str) -> str:
    """It does not start, with status 3, and the last line of its journal says why."""
    done = machine.attempt("systemctl", "start", "fifod.service")
    assert done.returncode != 0
    machine.wait_until(lambda: machine.show("fifod.service", "ExecMainStatus") == "3", "it ended with 3")
    line = machine.journal("--unit=fifod.service", "_COMM=fifod", "--lines=1").strip()
    assert all(word in line for word in words), line
    assert "last error: " in machine.show("fifod.service", "StatusText")
    return line


# --- what the units are told ---


def test_stop_stops_the_fifo_too_and_start_brings_both(machine: Machine) -> None:
    machine.systemctl("stop", "fifod")
    machine.wait_until(lambda: state(machine) == ("inactive", "inactive"), "both have stopped")
    assert machine.attempt("test", "-e", REQUESTS).returncode == 1
    machine.systemctl("start", "fifod")
    assert state(machine) == ("active", "active")
    assert len(draw(machine)) == 3


@pytest.mark.parametrize("unit", ["fifod.service", "fifod.target"])
def test_restart_leaves_the_fifo_alone(machine: Machine, unit: str) -> None:
    before, pid = fifo(machine), machine.main_pid()
    for _ in range(7):
        machine.systemctl("restart", unit)
    assert fifo(machine) == before and machine.main_pid() != pid


@pytest.mark.parametrize("number", ["KILL", "TERM", "ABRT"])
def test_an_end_that_nobody_wanted_leaves_the_fifo_alone(machine: Machine, number: str) -> None:
    before, pid = fifo(machine), machine.main_pid()
    machine.systemctl("kill", "--kill-who=main", f"--signal={number}", "fifod.service")
    machine.wait_until(lambda: machine.main_pid() not in (0, pid), "another daemon runs")
    assert len(draw(machine, 30)) == 3
    assert fifo(machine) == before


def test_a_watchdog_that_bites_leaves_the_fifo_alone(machine: Machine) -> None:
    add_drop_in(machine, "fifod.service", "[Service]\nWatchdogSec=6\n")  # longer than a busy machine stands still
    machine.systemctl("restart", "fifod")
    before, pid = fifo(machine), machine.main_pid()
    machine.systemctl("kill", "--kill-who=main", "--signal=STOP", "fifod.service")
    assert len(draw(machine, 30)) == 3
    assert fifo(machine) == before and machine.main_pid() != pid
    assert "Watchdog timeout" in machine.journal("--unit=fifod", "--lines=20")


def fifo(machine: Machine) -> str:
    """What no other FIFO has in common with this one."""
    return machine.run("stat", "-c", "%i %W", REQUESTS)


def test_a_start_that_fails_leaves_the_fifo_and_what_waits_in_it(machine: Machine) -> None:
    good, before = machine.read(CONFIG), fifo(machine)
    machine.write(CONFIG, "durability = nonsense\n")
    assert machine.attempt("systemctl", "restart", "fifod").returncode == 1
    asking = machine.start("fifod-client", "integers", "3", "--timeout", "60", user=PERSON)
    machine.wait_until(lambda: machine.show("fifod.service", "NRestarts") != "0", "it is tried again")
    machine.write(CONFIG, good)
    assert len(asking.communicate(timeout=60)[0].split()) == 3
    assert fifo(machine) == before


def test_it_can_be_stopped_while_it_cannot_start(machine: Machine) -> None:
    machine.write(CONFIG, "durability = nonsense\n")
    assert machine.attempt("systemctl", "restart", "fifod").returncode == 1
    machine.systemctl("stop", "fifod")
    machine.wait_until(lambda: state(machine) == ("inactive", "inactive"), "both have stopped")
    assert machine.attempt("fifod-client", "1", user=PERSON).returncode == 69


def test_the_target_holds_all_of_it(machine: Machine) -> None:
    units = ["fifod.socket", "fifod.service", "fifod-recorder.service", "fifod-web.socket", "fifod-web.service"]
    machine.systemctl("stop", "fifod.target")
    machine.wait_until(
        lambda: {machine.show(unit, "ActiveState") for unit in units} == {"inactive"}, "all have stopped"
    )
    machine.systemctl("start", "fifod.target")
    machine.wait_until(lambda: {machine.show(unit, "ActiveState") for unit in units} == {"active"}, "all run")
    draw(machine)


def test_the_fifo_takes_a_mebibyte_and_belongs_to_the_unit(machine: Machine) -> None:
    assert machine.run("stat", "-c", "%A %U %G", REQUESTS).strip() == "prw--w--w- root root"
    size = "import fcntl, os; print(fcntl.fcntl(os.open('/run/fifod/requests', os.O_WRONLY), fcntl.F_GETPIPE_SZ))"
    assert machine.python(size).strip() == str(1 << 20)


def test_the_pid_file_has_the_main_process_while_it_runs(machine: Machine) -> None:
    assert machine.run("cat", "/run/fifod/fifod.pid", user=PERSON).strip() == str(machine.main_pid())
    machine.systemctl("stop", "fifod")
    assert machine.attempt("test", "-e", "/run/fifod/fifod.pid").returncode == 1


def test_the_status_tells_draws_clients_and_the_newest_draw(machine: Machine) -> None:
    machine.systemctl("restart", "fifod")
    draw(machine)
    wanted = rf"serving; 1 draws since the start, [01] clients, newest draw {newest(machine)}"
    machine.wait_until(lambda: re.match(wanted, machine.show("fifod.service", "StatusText")), "the status tells it")


def test_a_reload_reads_the_configuration_again(machine: Machine) -> None:
    pid = machine.main_pid()
    machine.write(CONFIG, machine.read(CONFIG).replace("\ndurability =", "\n# durability ="))
    machine.systemctl("reload", "fifod")
    machine.wait_until(
        lambda: "configuration read again" in machine.journal("--unit=fifod", "--lines=3"), "it was read again"
    )
    assert machine.main_pid() == pid
    draw(machine)


def test_a_reload_with_a_wrong_configuration_is_refused_and_changes_nothing(machine: Machine) -> None:
    machine.write(CONFIG, 'durability = "nonsense"\n')
    assert machine.attempt("systemctl", "reload", "fifod").returncode == 1
    assert 'durability must be "disk" or "process"' in machine.journal("--unit=fifod", "--lines=5")
    assert state(machine) == ("active", "active")
    draw(machine)


def test_a_signal_with_a_wrong_configuration_leaves_the_one_in_use(machine: Machine) -> None:
    machine.write(CONFIG, 'durability = "nonsense"\n')
    machine.systemctl("kill", "--kill-who=main", "--signal=HUP", "fifod")
    machine.wait_until(
        lambda: "the configuration in use stays" in machine.show("fifod.service", "StatusText"), "the status says so"
    )
    draw(machine)


# --- what is wrong ---


def test_a_wrong_configuration_stops_the_start_until_it_is_mended(machine: Machine) -> None:
    good = machine.read(CONFIG)
    machine.systemctl("stop", "fifod")
    machine.write(CONFIG, "durability = nonsense\n")
    refuses_to_start(machine, CONFIG, "it is not TOML")
    assert machine.show("fifod.socket", "ActiveState") == "active"
    machine.write(CONFIG, good)
    assert len(draw(machine, 30)) == 3


def test_a_full_disk_is_a_refusal_that_the_status_tells_even_from_the_start(machine: Machine) -> None:
    machine.shell(FULL)
    draw_until_full = "for _ in $(seq 500); do fifod-client 1 >/dev/null || exit $?; done"
    assert machine.attempt("sh", "-c", draw_until_full, user=PERSON).returncode == 75
    wanted = "refusing: cannot write the ledger in /var/lib/fifod/ledger: No space left on device"
    machine.wait_until(lambda: machine.show("fifod.service", "StatusText").startswith(wanted), "the status tells it")
    machine.systemctl("restart", "fifod")
    refused = machine.attempt("fifod-client", "1", user=PERSON)
    assert refused.returncode == 75 and "No space left on device" in refused.stderr
    machine.run("mount", "-o", "remount,size=1m", "/var/lib/fifod")
    draw(machine)


@pytest.mark.parametrize("make", ["touch {}", "ln -s /etc/passwd {}", "mkdir {}", "mkfifo {}; chown nobody {}"])
def test_something_else_in_place_of_the_fifo_stops_the_start(machine: Machine, make: str) -> None:
    machine.systemctl("stop", "fifod")
    machine.wait_until(lambda: state(machine) == ("inactive", "inactive"), "both have stopped")
    machine.shell(make.format(REQUESTS, REQUESTS))
    assert machine.attempt("systemctl", "start", "fifod").returncode == 1
    assert machine.show("fifod.socket", "Result") == "resources"
    assert "fifod.socket" in machine.journal("--unit=fifod.socket", "--lines=5")
    machine.shell(f"rm -rf {REQUESTS}")
    machine.systemctl("start", "fifod")
    draw(machine)


def test_a_socket_unit_with_another_fifo_is_named(machine: Machine) -> None:
    machine.systemctl("stop", "fifod")
    add_drop_in(machine, "fifod.socket", "[Socket]\nListenFIFO=\nListenFIFO=/run/fifod/elsewhere\n")
    refuses_to_start(machine, "another FIFO", REQUESTS, "ListenFIFO=")


def test_a_socket_unit_with_a_second_fifo_is_named(machine: Machine) -> None:
    machine.systemctl("stop", "fifod")
    add_drop_in(machine, "fifod.socket", "[Socket]\nListenFIFO=/run/fifod/second\n")
    refuses_to_start(machine, "passed 2 descriptors", REQUESTS)


def test_a_pid_file_that_cannot_be_written_is_named(machine: Machine) -> None:
    machine.systemctl("stop", "fifod")
    machine.run("mkdir", "/run/fifod/fifod.pid")
    refuses_to_start(machine, "cannot write the PID file /run/fifod/fifod.pid: Is a directory")


def test_a_second_daemon_is_turned_away(machine: Machine) -> None:
    done = machine.attempt("/usr/local/bin/fifod", user="fifod")
    assert done.returncode == 75
    assert f"another fifod (pid {machine.main_pid()}) has the lock" in done.stderr
    draw(machine)


def test_it_serves_without_a_supervisor_to_tell(machine: Machine) -> None:
    machine.systemctl("stop", "fifod")
    add_drop_in(machine, "fifod.service", "[Service]\nType=exec\nUnsetEnvironment=NOTIFY_SOCKET\nWatchdogSec=0\n")
    machine.systemctl("start", "fifod")
    draw(machine)


def test_a_fifo_that_somebody_removed_is_made_anew_and_a_restart_of_its_unit_mends_it(machine: Machine) -> None:
    machine.run("rm", REQUESTS)
    machine.wait_until(lambda: machine.attempt("test", "-p", REQUESTS).returncode == 0, "it is there again")
    draw(machine)
    assert "was removed or replaced" in machine.journal("--unit=fifod", "--lines=5")
    machine.systemctl("restart", "fifod")
    draw(machine)
    assert "systemctl restart fifod.socket" in machine.journal("--unit=fifod", "--lines=8")
    machine.systemctl("restart", "fifod.socket")
    machine.wait_until(lambda: state(machine) == ("active", "active"), "both run")
    draw(machine)
    assert machine.run("stat", "-c", "%U", REQUESTS).strip() == "root"
