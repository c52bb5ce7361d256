"""What an operator watches, where fifod is installed: the metrics, and how far the recorder is."""

import json

import pytest

from tests.system.machine import Machine

pytestmark = pytest.mark.timeout(600)

PERSON = "person"
TOKEN_FILE = "/etc/fifod/metrics.token"
RECORDED = "/run/fifod/recorded"
ASK = """
import sys, urllib.error, urllib.request
headers = {"Authorization": f"Bearer {sys.argv[1]}"} if sys.argv[1:] else {}
try:
    with urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8000/metrics", headers=headers)) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code)
"""


@pytest.fixture(scope="module", autouse=True)
def person(machine: Machine) -> None:
    machine.add_user(PERSON)


def draw(machine: Machine) -> int:
    return int(json.loads(machine.run("fifod-client", "1", "--json", user=PERSON))["serialNumber"])


def status(machine: Machine) -> list[str]:
    return machine.run("fifod-client", "status", user=PERSON).splitlines()


def test_the_metrics_are_for_who_has_the_token(machine: Machine) -> None:
    assert machine.run("stat", "-c", "%a %U %G", TOKEN_FILE).split() == ["640", "root", "fifod-web"]
    serial = draw(machine)
    token = machine.read(TOKEN_FILE).strip()
    found = machine.python(ASK, token)
    assert (
        found.startswith("200 ") and "\nfifod_up 1.0\n" in found and f"\nfifod_ledger_head {float(serial)}\n" in found
    )
    assert machine.python(ASK).strip() == machine.python(ASK, token[:-1]).strip() == "401"
    assert token not in machine.journal("--unit=fifod-web")


def test_anyone_is_told_how_far_the_recorder_is(machine: Machine) -> None:
    assert machine.run("stat", "-c", "%a %U %G", RECORDED, user=PERSON).split() == ["644", "fifod-web", "fifod-web"]
    serial = draw(machine)
    machine.wait_until(lambda: machine.read(RECORDED) == f"{serial}\n", "the recorder has noted the draw")
    assert "recorder:       up to date" in status(machine)
    machine.systemctl("stop", "fifod-recorder")
    draw(machine)
    assert "recorder:       1 draw behind" in status(machine)
    found = machine.python(ASK, machine.read(TOKEN_FILE).strip())
    assert "\nfifod_recorder_running 0.0\n" in found and "\nfifod_recorder_lag_draws 1.0\n" in found
    machine.systemctl("start", "fifod-recorder")
    machine.wait_until(lambda: "recorder:       up to date" in status(machine), "it has caught up")
