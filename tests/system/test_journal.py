"""The journal: fields to ask for, nothing private, no more lines than a person can read."""

import json
from typing import Any

import pytest

from fifod import log
from tests.system.machine import Machine

PERSON = "person"

pytestmark = pytest.mark.timeout(600)

# A client that asks and leaves: its draw is made, and the reply goes nowhere.
LEAVE = """
import os, select
name = os.urandom(16).hex()
path = f"/run/fifod/replies/{name}"
os.umask(0)
os.mkfifo(path, 0o620)
reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
line = '{"jsonrpc":"2.0","method":"generateIntegers","params":{"n":1000000,"min":1,"max":100000},"id":1,"reply":"%s"}'
requests = os.open("/run/fifod/requests", os.O_WRONLY)
os.write(requests, (line % name).encode() + b"\\n")
poll = select.poll()
poll.register(reader, select.POLLIN)
poll.poll(20000)
os.close(reader)
os.unlink(path)
print(name)
"""
GARBAGE = """
import os
requests = os.open("/run/fifod/requests", os.O_WRONLY)
for number in range(20000):
    os.write(requests, b"garbage %d\\n" % number)
"""


@pytest.fixture(scope="module", autouse=True)
def person(machine: Machine) -> None:
    machine.add_user(PERSON)


def lines(machine: Machine, *words: str) -> list[dict[str, Any]]:
    """Lines of the daemon's journal with all of their fields."""
    text = machine.run("journalctl", "--unit=fifod.service", "--output=json", "--no-pager", *words)
    return [json.loads(line) for line in text.splitlines()]


def own(machine: Machine, *words: str) -> list[dict[str, Any]]:
    """Those that the daemon wrote itself."""
    return [line for line in lines(machine, *words) if line.get("SYSLOG_IDENTIFIER") == "fifod"]


def test_a_lines_fields_say_what_it_is_about(machine: Machine) -> None:
    [*_, started] = lines(machine, f"MESSAGE_ID={log.STARTED}")
    assert started["MESSAGE"].startswith("serving requests at /run/fifod/requests")
    assert started["PRIORITY"] == "6"
    assert started["FIFOD_SERIAL"].isdigit()
    assert len(started["FIFOD_HASH"]) == 64


def test_no_line_tells_of_the_programs_insides(machine: Machine) -> None:
    assert own(machine)
    assert not [name for line in own(machine) for name in line if name.startswith("CODE_")]


def test_a_draw_can_be_asked_for_by_its_serial_number(machine: Machine) -> None:
    machine.python(LEAVE, user=PERSON)
    machine.wait_until(lambda: lines(machine, f"MESSAGE_ID={log.UNDELIVERED}"), "it is told")
    [told] = lines(machine, f"MESSAGE_ID={log.UNDELIVERED}")
    serial = told["FIFOD_SERIAL"]
    assert told["MESSAGE"] == "a reply was not delivered: the client left"
    assert told["PRIORITY"] == "4"
    about = lines(machine, f"FIFOD_SERIAL={serial}")
    assert told["MESSAGE"] in [line["MESSAGE"] for line in about]


def test_the_ledgers_head_stands_in_it(machine: Machine) -> None:
    machine.run("fifod-client", "1", user=PERSON)
    status = json.loads(machine.run("fifod-client", "status", "--json", user=PERSON))
    machine.systemctl("restart", "fifod")
    machine.wait_until(lambda: lines(machine, f"MESSAGE_ID={log.HEAD}", f"FIFOD_HASH={status['hash']}"), "it is told")
    [told] = lines(machine, f"MESSAGE_ID={log.HEAD}", f"FIFOD_HASH={status['hash']}")
    assert told["MESSAGE"] == f"the ledger's head is {status['serialNumber']}:{status['hash']}"


def test_stopping_and_failing_can_be_asked_for(machine: Machine) -> None:
    machine.systemctl("stop", "fifod")
    assert lines(machine, f"MESSAGE_ID={log.STOPPED}")
    config = machine.read("/etc/fifod/fifod.toml")
    machine.write("/etc/fifod/fifod.toml", "nonsense = 1\n")
    assert machine.attempt("systemctl", "start", "fifod").returncode == 1
    machine.write("/etc/fifod/fifod.toml", config)
    [failed, *_] = lines(machine, f"MESSAGE_ID={log.CANNOT_START}")
    assert "nonsense" in failed["MESSAGE"] and failed["PRIORITY"] == "3"
    machine.wait_until(lambda: machine.show("fifod.service", "ActiveState") == "active", "it came back by itself")


def test_it_holds_nothing_private(machine: Machine) -> None:
    secret = machine.attempt("fifod-client", "strings", "3", "--length", "32", "--secret", user=PERSON)
    seed = secret.stderr.strip().rpartition(" ")[2]
    assert len(seed) == 64
    open_ = machine.run("fifod-client", "strings", "3", "--length", "32", "--purpose", "a purpose of mine", user=PERSON)
    name = machine.python(LEAVE, user=PERSON).strip()
    machine.systemctl("kill", "--kill-who=main", "--signal=HUP", "fifod")
    machine.systemctl("restart", "fifod")
    everything = machine.run("journalctl", "--output=export", "--no-pager", "_SYSTEMD_UNIT=fifod.service")
    for private in (seed, name, "a purpose of mine", *secret.stdout.split(), *open_.split()):
        assert private not in everything


def test_a_flood_of_garbage_takes_a_few_lines(machine: Machine) -> None:
    before = len(own(machine))
    machine.python(GARBAGE, user=PERSON)
    status = json.loads(machine.run("fifod-client", "status", "--json", user=PERSON))
    assert status["unanswerable"] >= 20000
    assert len(own(machine)) - before < 30


def test_journalctl_reads_well(machine: Machine) -> None:
    text = machine.run("journalctl", "--unit=fifod", "--output=short", "--no-pager", "--lines=20")
    assert "fifod[" in text
    assert "Traceback" not in text and "INFO:" not in text
