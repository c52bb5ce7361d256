"""The service page of an installed fifod: staff controls the units through systemd, and nobody else does."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.system.machine import Machine
from tests.system.site import Site

DROP_IN = "/etc/systemd/system/fifod.service.d/test.conf"
RULES = "/etc/polkit-1/rules.d/50-fifod.rules"
AUDIT = """
import json
from webui.service.models import ServiceAct
act = ServiceAct.objects.first()
print(json.dumps([act.account_name, act.account_id, act.verb, act.unit, act.result]))
"""
OPEN = ["get", "/service/"]

# What the site's user could try beside the four verbs.
FORBIDDEN = [
    "stop fifod-web.service",
    "restart fifod.socket",
    "stop systemd-journald.service",
    "start emergency.target",
    "kill fifod.service",
    "try-restart fifod.service",
    "reload-or-restart fifod.service",
    "reset-failed fifod.service",
    "set-property fifod.service MemoryMax=1G",
    "freeze fifod.service",
    "mask fifod.service",
    "disable fifod.service",
    "enable fifod.service",
    "isolate fifod.service",
    "daemon-reload",
    "daemon-reexec",
    "set-environment X=1",
    "poweroff",
]

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def site(machine: Machine) -> Site:
    """The site, with people of all kinds."""
    site = Site(machine)
    site.add_account("operator", staff=True, may_control=True)
    site.add_account("clerk", staff=True)
    site.add_account("member")
    return site


@pytest.fixture(autouse=True)
def _running(machine: Machine) -> None:
    machine.systemctl("start", "fifod.service", "fifod-recorder.service")


def state(machine: Machine, unit: str = "fifod.service") -> str:
    return machine.show(unit, "ActiveState")


def last_act(machine: Machine) -> list[object]:
    found: list[object] = json.loads(machine.run("/usr/local/sbin/fifod-manage", "shell", "-c", AUDIT).splitlines()[-1])
    return found


@contextmanager
def drop_in(machine: Machine, text: str) -> Iterator[None]:
    """Let the daemon's unit have more lines for a while."""
    machine.write(DROP_IN, text)
    machine.systemctl("daemon-reload")
    try:
        yield
    finally:
        machine.run("rm", DROP_IN)
        machine.systemctl("daemon-reload")


def test_it_shows_what_systemd_knows(machine: Machine, site: Site) -> None:
    [page] = site.visit(OPEN, name="operator")
    assert page.status == 200
    assert f"Main process {machine.main_pid()}" in page.text
    assert f"Main process {machine.main_pid('fifod-recorder.service')}" in page.text
    assert "Request FIFO there, read by the daemon" in page.text
    assert page.text.count("Running since") == 2
    assert f"Says {machine.show('fifod.service', 'StatusText')[:8]}" in page.text


def test_a_crash_is_counted_and_its_end_stands_in_the_lines(machine: Machine, site: Site) -> None:
    machine.systemctl("restart", "fifod.service")
    before = machine.main_pid()
    machine.systemctl("kill", "--signal=KILL", "fifod.service")
    machine.wait_until(lambda: machine.main_pid() not in (0, before), "systemd starts the daemon again")
    [page] = site.visit(OPEN, name="operator")
    assert "Restarted by systemd 1 time " in page.text
    assert "Main process exited, code=killed, status=9/KILL" in page.lines


def test_stopping_takes_effect_and_shows(machine: Machine, site: Site, record_property: Record) -> None:
    stopped = site.visit(OPEN, ["post", "/service/daemon/stop/"], name="operator")[-1]
    assert "Daemon, stop: done." in stopped.text and "Stopped since" in stopped.text
    machine.wait_until(lambda: state(machine, "fifod.socket") == "inactive", "the FIFO went with it")
    page, started = site.visit(OPEN, ["post", "/service/daemon/start/"], name="operator")
    assert "Request FIFO not there" in page.text
    assert "Daemon, start: done." in started.text and started.text.count("Running since") == 2
    record_property("stop", f"{stopped.seconds:.2f} s from click to shown")
    record_property("start", f"{started.seconds:.2f} s from click to shown")
    assert len(machine.run("/usr/local/bin/fifod-client", "5").splitlines()) == 5


def test_stopped_from_the_page_it_stays_stopped(machine: Machine, site: Site) -> None:
    site.visit(OPEN, ["post", "/service/daemon/stop/"], name="operator")
    assert machine.attempt("/usr/local/bin/fifod-client", "5").returncode == 69
    assert state(machine) == "inactive"
    machine.wait_until(lambda: state(machine, "fifod.socket") == "inactive", "the FIFO went with it")


@pytest.mark.parametrize(("part", "unit"), [("daemon", "fifod.service"), ("recorder", "fifod-recorder.service")])
def test_restarting_gives_a_new_process_a_row_and_a_line(
    machine: Machine, site: Site, part: str, unit: str, record_property: Record
) -> None:
    before = machine.main_pid(unit)
    page = site.visit(OPEN, ["post", f"/service/{part}/restart/"], name="operator")[-1]
    record_property("restart", f"{page.seconds:.2f} s from click to shown")
    # The page waits for three seconds, and a slow machine may take longer to start the recorder.
    said = re.search(r"restart: (done|still under way after 3 s)\.", page.text)
    assert said
    machine.wait_until(lambda: machine.main_pid(unit) not in (0, before), "another process runs")
    name, number, verb, about, result = last_act(machine)
    assert (name, verb, about, result) == ("operator", "restart", unit, said[1])
    journal = machine.journal("--unit=fifod-web.service")
    assert f"account {number}: restart {unit}: {said[1]}" in journal
    assert "operator" not in journal


def test_reloading_is_done_or_said_to_have_failed(machine: Machine, site: Site) -> None:
    pid, config = machine.main_pid(), machine.read("/etc/fifod/fifod.toml")
    reload = ["post", "/service/daemon/reload/"]
    assert "Daemon, reload: done." in site.visit(OPEN, reload, name="operator")[-1].text
    machine.write("/etc/fifod/fifod.toml", "durabilty = 'disk'\n")
    try:
        page = site.visit(OPEN, reload, name="operator")[-1]
    finally:
        machine.write("/etc/fifod/fifod.toml", config)
    assert "Daemon, reload: failed: it did not come about; the lines below say why." in page.text
    assert "durabilty" in page.lines
    assert machine.main_pid() == pid


def test_the_ledger_is_verified_within_the_sandbox(machine: Machine, site: Site) -> None:
    machine.run("/usr/local/bin/fifod-client", "5")
    begun = site.visit(OPEN, ["post", "/service/ledger/verify/"], name="operator")[-1]
    assert "Ledger, verify: begun." in begun.text
    machine.wait_until(lambda: last_act(machine)[-1] != "begun", "the check has a result")
    [page] = site.visit(OPEN, name="operator")
    assert "Good." in page.text and "in one unbroken chain." in page.text
    name, _, verb, about, result = last_act(machine)
    assert (name, verb, about) == ("operator", "verify", "ledger") and str(result).startswith("good: ")
    assert "cannot give way" not in machine.journal("--unit=fifod-web.service")


def test_a_stop_that_hangs_is_said_to_hang(machine: Machine, site: Site, record_property: Record) -> None:
    with drop_in(machine, "[Service]\nTimeoutStopSec=6\nExecStop=+/bin/sleep 300\n"):
        page = site.visit(OPEN, ["post", "/service/daemon/stop/"], name="operator")[-1]
        assert "Daemon, stop: still under way after 3 s." in page.text
        assert "The stop hangs. It was asked to stop at 20" in page.text
        assert "and still runs; systemd will kill it at 20" in page.text
        record_property("a stop that hangs", f"{page.seconds:.2f} s from click to shown")
        assert last_act(machine)[4] == "still under way after 3 s"
        machine.wait_until(lambda: state(machine) == "failed", "systemd breaks the stop off")
        [after] = site.visit(OPEN, name="operator")
    assert "Failed at 20" in after.text
    machine.systemctl("reset-failed", "fifod.service")


def test_a_start_that_takes_long_is_said_to(machine: Machine, site: Site) -> None:
    machine.systemctl("stop", "fifod.service")
    with drop_in(machine, "[Service]\nExecStartPre=+/bin/sleep 300\n"):
        page = site.visit(OPEN, ["post", "/service/daemon/start/"], name="operator")[-1]
        machine.systemctl("stop", "fifod.service")
    assert "Daemon, start: still under way after 3 s." in page.text
    assert "Starting since 20" in page.text and "systemd will give up at 20" in page.text


def test_what_polkit_does_not_allow_is_said_and_written_down(machine: Machine, site: Site) -> None:
    pid = machine.main_pid()
    machine.run("mv", RULES, "/root/")
    machine.systemctl("restart", "polkit.service")
    try:
        page = site.visit(OPEN, ["post", "/service/daemon/stop/"], name="operator")[-1]
    finally:
        machine.run("mv", "/root/50-fifod.rules", RULES)
        machine.systemctl("restart", "polkit.service")
    assert "Daemon, stop: refused: polkit" in page.text
    assert str(last_act(machine)[4]).startswith("refused: polkit")
    assert machine.main_pid() == pid


@pytest.mark.parametrize("name", ["clerk", "member", None])
def test_others_can_neither_see_nor_do_anything(machine: Machine, site: Site, name: str | None) -> None:
    pid, before = machine.main_pid(), last_act(machine)
    pages = site.visit(
        ["get", "/"],
        OPEN,
        ["get", "/service/fresh/"],
        ["get", "/"],
        ["post", "/service/daemon/stop/"],
        ["send", "/service/daemon/stop/"],
        name=name,
    )
    for page in pages[1:3]:
        assert page.status == 403 or page.path.startswith("/login/")
        assert "Main process" not in page.text
    for page in pages[4:]:
        assert page.status == 403 or page.path.startswith("/login/")
    assert machine.main_pid() == pid and last_act(machine) == before


def test_crafted_requests_of_staff_do_nothing(machine: Machine, site: Site) -> None:
    pid, before = machine.main_pid(), last_act(machine)
    opened, *pages = site.visit(
        OPEN,
        ["post", "/service/web/stop/"],
        ["post", "/service/daemon/kill/"],
        ["post", "/service/recorder/reload/"],
        ["post", "/service/fifod.service/stop/"],
        ["get", "/service/daemon/stop/"],
        ["send", "/service/daemon/stop/"],
        name="operator",
    )
    assert opened.status == 200
    assert [page.status for page in pages] == [404, 404, 404, 404, 405, 403]
    assert machine.main_pid() == pid and last_act(machine) == before


def test_the_sites_user_can_control_two_units_by_hand(machine: Machine) -> None:
    for unit in ("fifod.service", "fifod-recorder.service"):
        for verb in ("stop", "start", "restart"):
            machine.run("systemctl", "--no-ask-password", verb, unit, user="fifod-web")
    machine.run("systemctl", "--no-ask-password", "reload", "fifod.service", user="fifod-web")


@pytest.mark.parametrize("words", FORBIDDEN)
def test_the_sites_user_can_do_nothing_else_by_hand(machine: Machine, words: str) -> None:
    done = machine.attempt("systemctl", "--no-ask-password", *words.split(), user="fifod-web")
    assert done.returncode != 0
    assert any(words in done.stderr for words in ("authentication required", "refused", "Access denied")), done.stderr
    assert state(machine) == "active"


def test_the_sites_user_can_start_no_unit_of_its_own(machine: Machine) -> None:
    done = machine.attempt("systemd-run", "--no-ask-password", "--unit=own", "/bin/true", user="fifod-web")
    assert done.returncode != 0 and "authentication required" in done.stderr


@pytest.mark.parametrize("user", ["daemon", "fifod"])
def test_other_users_can_do_nothing_by_hand(machine: Machine, user: str) -> None:
    for verb in ("start", "stop", "restart", "reload"):
        for unit in ("fifod.service", "fifod-recorder.service"):
            done = machine.attempt("systemctl", "--no-ask-password", verb, unit, user=user)
            assert done.returncode != 0 and "authentication required" in done.stderr
    assert state(machine) == state(machine, "fifod-recorder.service") == "active"
