"""What clients send and what ends the daemon leaves the units in order, and honest clients are answered."""

import json
from collections.abc import Iterator

import pytest

from tests.system.load import Draws, Load
from tests.system.machine import PYTHON, Machine
from tests.waiting import DEADLINE

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(600)]

DROP_IN = "/run/systemd/system/fifod.service.d/test.conf"
EXITS = 7
"""More than systemd's own limits on starts allow within ten seconds."""

NAME = "A" * 32
SEND = """
import os, sys
requests = os.open("/run/fifod/requests", os.O_WRONLY)
os.write(requests, eval(sys.argv[1]))
"""
GARBAGE = """
import os
requests = os.open("/run/fifod/requests", os.O_WRONLY)
for _ in range(2000):
    os.write(requests, os.urandom(4096))
"""
POISON = [
    b"\0" * 4096,
    b"\n" * 4096,
    b"{" * 4096,
    b"[" * 4095 + b"\n",
    b"no newline at the end",
    b"\xff\xfe\x00\n",
    b"\xed\xa0\x80\n",
    b"null\n",
    b"true\n",
    b"[]\n",
    b"{}\n",
    b'"text"\n',
    b"1e999999\n",
    b"9" * 4000 + b"\n",
    b'{"jsonrpc":"2.0"\n',
    b'{"jsonrpc":"2.0","method":"exit","id":1}\n',
    b'{"jsonrpc":"2.0","method":null,"params":null,"id":null,"reply":null}\n',
    b'{"jsonrpc":"2.0","method":"generateIntegers","params":[],"id":1,"reply":"../../requests"}\n',
    b'{"jsonrpc":"2.0","method":"generateIntegers","params":{},"id":1,"reply":"/etc/passwd"}\n',
    b'{"jsonrpc":"2.0","method":"generateIntegers","params":{},"id":{},"reply":"%s"}\n' % NAME.encode(),
    b'{"jsonrpc":"2.0","method":"generateIntegers","params":{"n":1e400},"id":1,"reply":"%s"}\n' % NAME.encode(),
    b'{"jsonrpc":"2.0","method":"getResult","params":{"serialNumber":-1},"id":1,"reply":"%s"}\n' % NAME.encode(),
    b'{"jsonrpc":"2.0","method":"\\ud800","params":{},"id":"\\udfff","reply":"\\u0000"}\n',
    b'{"reply":"%s","reply":"%s"}\n' % (NAME.encode(), NAME.encode()),
    b'[{"jsonrpc":"2.0","method":"getStatus","id":1,"reply":"%s"}]\n' % NAME.encode(),
]


@pytest.fixture(scope="module")
def uids(machine: Machine) -> dict[str, int]:
    return {name: machine.add_user(name) for name in ("ann", "ben")}


@pytest.fixture(autouse=True)
def unharmed(machine: Machine, uids: dict[str, int]) -> Iterator[None]:
    """Whatever the test did, the socket unit is the one from before and the daemon answers."""
    before = machine.show("fifod.socket", "InvocationID")
    yield
    machine.run("rm", "-f", DROP_IN)
    machine.systemctl("daemon-reload")
    draw(machine)
    assert machine.show("fifod.socket", "ActiveState") == "active"
    assert machine.show("fifod.socket", "InvocationID") == before
    assert machine.attempt("systemctl", "--failed", "--no-legend").stdout == ""


def draw(machine: Machine) -> None:
    """An honest client draws."""
    assert len(machine.run("fifod-client", "3", "--timeout", "30", user="ben").split()) == 3


def test_poison_ends_nothing(machine: Machine) -> None:
    assert len(POISON) == 25
    pid = machine.main_pid()
    machine.run("mkfifo", "-m", "666", f"/run/fifod/replies/{NAME}", user="ann")
    for line in POISON:
        machine.run("python3", "-c", SEND, repr(line), user="ann")
        draw(machine)
    assert machine.main_pid() == pid
    assert machine.show("fifod.service", "NRestarts") == "0"


def test_a_flood_of_garbage_fails_no_request(machine: Machine, uids: dict[str, int]) -> None:
    pid = machine.main_pid()
    load = Load(machine, uids)
    for flood in [machine.start("python3", "-c", GARBAGE, user="ann") for _ in range(3)]:
        assert flood.communicate(timeout=2 * DEADLINE)[0] == ""
        assert flood.returncode == 0
    asked = load.end()
    Draws(machine).check_received(asked)
    assert machine.main_pid() == pid
    status = json.loads(machine.run("fifod-client", "status", "--json", user="ann"))
    assert status["unanswerable"] > 0


@pytest.mark.parametrize("status", [0, 1])
def test_a_daemon_that_ends_again_and_again_loses_no_request(machine: Machine, status: int) -> None:
    ends = f"{PYTHON} -c 'import sys; sys.exit({status})'"
    machine.write(DROP_IN, f"[Service]\nExecStart=\nExecStart={ends}\nType=exec\n")
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", "fifod")
    waiting = machine.start("fifod-client", "1", "--timeout", "100", user="ann")
    machine.wait_until(lambda: int(machine.show("fifod.service", "NRestarts")) >= EXITS, "it has ended often")
    assert machine.show("fifod.socket", "ActiveState") == "active"
    machine.run("rm", DROP_IN)
    machine.systemctl("daemon-reload")
    assert waiting.communicate(timeout=4 * DEADLINE)[0].strip().isdecimal()
