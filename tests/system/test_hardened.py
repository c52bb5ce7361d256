"""The services' sandboxes: how systemd rates them, that what stays open is explained, and what is possible inside."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.system.checkout import ROOT
from tests.system.machine import PYTHON, Machine

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(600)]

PERSON = "ann"
CLASSIC = f"fifod-classic@{PERSON}.service"
UNITS = {
    "fifod.service": 0.6,
    "fifod-recorder.service": 0.8,
    "fifod-web.service": 1.2,
    "fifod-journal.service": 0.6,
    CLASSIC: 0.6,
}
JOURNAL = {f"/run/systemd/journal/{name}" for name in ("dev-log", "socket", "stdout")}
OVERALL = re.compile(r"Overall exposure level for \S+: ([0-9.]+)")
OPEN_ROW = re.compile(r"^✗ (\S+) .* ([0-9.]+)\s*$", re.MULTILINE)

# /tmp, which it shares with the exercise's clients, and what every machine has in there for everybody.
IN_TMP = {"/tmp", *(f"/tmp/.{name}-unix" for name in ("font", "ICE", "X11", "XIM"))}
PROBE = "/srv/probe.py"
FOUND = "/srv/probe.json"
LISTEN = """
import socket
with socket.socket(socket.AF_UNIX) as server:
    server.bind("\\0fifod-probe")
    server.listen()
    print("listening", flush=True)
    server.accept()
"""
INSTEAD = f"""
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecReload=
ExecStart=
ExecStart={PYTHON} -I {PROBE}
StandardOutput=file:{FOUND}
"""


def file_of(unit: str) -> str:
    """The name of the file that a unit is made from."""
    return unit.replace(f"@{PERSON}.", "@.")


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_rates_it_as_safe(machine: Machine, unit: str, record_property: Any) -> None:
    rated = OVERALL.search(machine.run("systemd-analyze", "security", "--no-pager", unit))
    assert rated
    record_property(f"exposure of {unit}", rated[1])
    print(f"{unit}: {rated[1]}")
    assert float(rated[1]) <= UNITS[unit]


@pytest.mark.parametrize("unit", UNITS)
def test_what_stays_open_is_explained_beside_it(machine: Machine, unit: str) -> None:
    open_ = OPEN_ROW.findall(machine.run("systemd-analyze", "security", "--no-pager", unit))
    assert open_
    lines = (ROOT / "deploy" / "systemd" / file_of(unit)).read_text().splitlines()
    comments = " ".join(line for line in lines if line.startswith("#"))
    names = {name.rpartition("/")[2].partition("=")[0] + "=" for name, _ in open_}
    print(f"{unit} leaves open: {', '.join(sorted(names))}")
    assert not [name for name in names if name not in comments]


@pytest.fixture(scope="module")
def found(machine: Machine) -> dict[str, dict[str, Any]]:
    """What a probe found out in the sandbox of each service, while a stranger runs a program and listens."""
    machine.add_user(PERSON)
    listener = machine.start("python3", "-c", LISTEN, user=PERSON)
    assert listener.stdout
    assert listener.stdout.readline() == "listening\n"
    machine.write(PROBE, (Path(__file__).parent / "probe.py").read_text())
    return {unit: probe(machine, unit) for unit in UNITS}


def probe(machine: Machine, unit: str) -> dict[str, Any]:
    """Run the probe in the sandbox of a service, which is the unit's own section [Service] with another program."""
    text = machine.read(f"/usr/local/lib/systemd/system/{file_of(unit)}")
    section = text.partition("[Service]")[2].partition("[Install]")[0]
    machine.write("/run/systemd/system/probe@.service", f"[Service]{section}{INSTEAD}")
    machine.run("rm", "-f", FOUND)
    machine.systemctl("daemon-reload")
    machine.systemctl("start", f"probe@{PERSON}.service")
    told: dict[str, Any] = json.loads(machine.read(FOUND))
    print(f"{unit}: {told}")
    return told


def test_the_probe_finds_what_it_looks_for(machine: Machine, found: dict[str, dict[str, Any]]) -> None:
    told = json.loads(machine.run("python3", "-I", PROBE, user=PERSON))
    assert {"/tmp", "/dev/shm", f"/home/{PERSON}"} <= set(told["writable"])
    assert {"/run/dbus/system_bus_socket", "abstract"} <= set(told["sockets"])
    assert {"AF_INET", "AF_INET6", "AF_NETLINK"} <= set(told["families"])
    assert "/usr/bin/id" in told["programs"]
    assert {"the loader", "a copy in /dev/shm", "a script in /tmp", "memory"} <= set(told["ways around"])
    assert told["processes of others"] and told["processes to change"] and told["memory to write and run"]


@pytest.mark.parametrize(
    ("unit", "writable"),
    [
        (
            "fifod.service",
            {f"/var/lib/fifod{name}" for name in ("", "/ledger", "/archive")} | {"/run/fifod", "/run/fifod/replies"},
        ),
        ("fifod-recorder.service", {"/var/lib/fifod-web", "/tmp", "/var/tmp"}),
        ("fifod-web.service", {"/var/lib/fifod-web", "/run/fifod/replies", "/tmp", "/var/tmp"}),
        ("fifod-journal.service", set()),
        (CLASSIC, {"/run/fifod/replies", f"/run/fifod-classic/{PERSON}", *IN_TMP}),
    ],
)
def test_it_can_write_to_its_own_directories_only(
    found: dict[str, dict[str, Any]], unit: str, writable: set[str]
) -> None:
    assert set(found[unit]["writable"]) == writable


def test_what_it_writes_to_tmp_is_seen_by_nobody(machine: Machine) -> None:
    assert {machine.show(unit, "PrivateTmp") for unit in UNITS if unit != CLASSIC} == {"yes"}


@pytest.mark.parametrize(
    ("unit", "sockets"),
    [
        ("fifod.service", {"/run/systemd/notify"}),
        ("fifod-recorder.service", {"/run/systemd/notify"}),
        ("fifod-web.service", {"/run/dbus/system_bus_socket", "/run/fifod-journal/socket"}),
        (CLASSIC, {"/run/systemd/notify"}),
    ],
)
def test_it_reaches_the_journal_and_what_it_needs_and_no_other_socket(
    found: dict[str, dict[str, Any]], unit: str, sockets: set[str]
) -> None:
    assert JOURNAL <= set(found[unit]["sockets"]) <= JOURNAL | sockets


@pytest.mark.parametrize("unit", UNITS)
def test_it_can_open_no_socket_to_a_network_or_the_kernel(found: dict[str, dict[str, Any]], unit: str) -> None:
    assert found[unit]["families"] == []


@pytest.mark.parametrize("unit", UNITS)
def test_it_can_run_no_program_but_python_and_what_lies_among_the_libraries(
    found: dict[str, dict[str, Any]], unit: str
) -> None:
    assert [name for name in found[unit]["programs"] if not re.fullmatch(r"/usr/bin/python3[.0-9]*", name)] == []
    assert found[unit]["ways around"] == []
    assert not found[unit]["memory to write and run"]


@pytest.mark.parametrize("unit", UNITS)
def test_it_sees_no_process_of_others(found: dict[str, dict[str, Any]], unit: str) -> None:
    assert found[unit]["processes of others"] == []


def test_the_bridge_sees_its_users_processes_and_can_change_none(found: dict[str, dict[str, Any]]) -> None:
    assert found[CLASSIC]["processes of the user"]
    assert found[CLASSIC]["processes to change"] == []


@pytest.mark.parametrize("unit", UNITS)
def test_it_sees_no_device_but_those_that_everybody_has(found: dict[str, dict[str, Any]], unit: str) -> None:
    assert set(found[unit]["devices"]) <= {"full", "null", "ptmx", "random", "tty", "urandom", "zero"}
