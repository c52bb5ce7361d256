"""Whatever ends the daemon, no request of our clients fails, none is drawn twice, and no record is missing."""

from collections.abc import Callable, Iterator

import pytest

from tests.system.conftest import SOURCE, Installed
from tests.system.load import CLIENTS, Draws, Load
from tests.system.machine import Machine
from tests.waiting import DEADLINE

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(900)]

USERS = ("ann", "ben", "cem", "dil")
DROP_IN = "/run/systemd/system/fifod.service.d/test.conf"
RESTARTS = KILLS = 20
ABORTS = 3
MINUTE = 60

Note = Callable[[str, object], None]


@pytest.fixture(scope="module")
def uids(machine: Machine) -> dict[str, int]:
    return {name: machine.add_user(name) for name in USERS}


@pytest.fixture(autouse=True)
def as_installed(machine: Machine) -> Iterator[None]:
    yield
    machine.run("rm", "-f", DROP_IN)
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", "fifod")


def drop_in(machine: Machine, *lines: str) -> None:
    """Change the service's unit until the test ends."""
    machine.write(DROP_IN, "\n".join(["[Service]", *lines, ""]))
    machine.systemctl("daemon-reload")


def other_runs(machine: Machine, before: int) -> int:
    """Wait until another daemon is ready; its pid."""
    machine.wait_until(
        lambda: machine.main_pid() not in (0, before) and machine.show("fifod.service", "ActiveState") == "active",
        "another daemon serves",
    )
    return machine.main_pid()


def check(machine: Machine, load: Load, note: Note) -> None:
    """Nothing failed, was drawn twice or is missing, since the machine was installed."""
    asked = load.end()
    draws = Draws(machine)
    draws.check_numbers()
    draws.check_keys()
    draws.check_received(asked)
    assert len({request.uid for request in asked}) == len(USERS)
    note("requests", len(asked))
    note("draws in the ledger", len(draws))
    print(f"{len(asked)} requests of {CLIENTS} clients, none failed; {len(draws)} draws in the ledger")


def test_twenty_restarts_fail_no_request(machine: Machine, uids: dict[str, int], record_property: Note) -> None:
    load = Load(machine, uids)
    before = machine.main_pid()
    for _ in range(RESTARTS):
        machine.systemctl("restart", "fifod")
        assert machine.main_pid() != before
        before = machine.main_pid()
    check(machine, load, record_property)


def test_twenty_kills_fail_no_request(machine: Machine, uids: dict[str, int], record_property: Note) -> None:
    load = Load(machine, uids)
    pid = machine.main_pid()
    for _ in range(KILLS):
        machine.kill(pid, "KILL")
        pid = other_runs(machine, pid)
    assert machine.show("fifod.service", "NRestarts") == str(KILLS)
    check(machine, load, record_property)


def test_three_watchdog_aborts_fail_no_request(machine: Machine, uids: dict[str, int], record_property: Note) -> None:
    drop_in(machine, "WatchdogSec=6s")  # longer than a busy machine stands still
    machine.systemctl("restart", "fifod")
    load = Load(machine, uids)
    pid = machine.main_pid()
    for _ in range(ABORTS):
        machine.kill(pid, "STOP")
        pid = other_runs(machine, pid)
    assert machine.journal("--unit=fifod").count("Watchdog timeout") >= ABORTS
    check(machine, load, record_property)


def test_a_start_that_takes_a_minute_fails_no_request(
    machine: Machine, uids: dict[str, int], record_property: Note
) -> None:
    drop_in(machine, f"ExecStartPre=+/bin/sleep {MINUTE}")
    load = Load(machine, uids, timeout=MINUTE + 2 * DEADLINE)
    machine.run("systemctl", "restart", "fifod", seconds=MINUTE + 2 * DEADLINE)
    check(machine, load, record_property)


def test_an_upgrade_fails_no_request(installed: Installed, record_property: Note) -> None:
    with Machine(installed.layer, network=True) as machine:
        machine.boot()
        load = Load(machine, {name: machine.add_user(name) for name in USERS}, pause=0.01)
        before, pid = machine.run("readlink", "/opt/fifod/current"), machine.main_pid()
        machine.shell(f"echo '# changed' >> {SOURCE}/fifod/__init__.py")
        machine.run("./deploy/install", folder=SOURCE, seconds=10 * DEADLINE)
        assert machine.run("readlink", "/opt/fifod/current") != before
        assert machine.main_pid() not in (0, pid)
        check(machine, load, record_property)


def test_a_machine_that_boots_again_goes_on_counting(machine: Machine, uids: dict[str, int]) -> None:
    before = len(Draws(machine))
    machine.power_off()
    machine.boot()
    assert machine.run("systemctl", "is-system-running").strip() == "running"
    assert machine.run("fifod-client", "3", user=min(uids)).split()
    draws = Draws(machine)
    draws.check_numbers()
    assert len(draws) == before + 1
