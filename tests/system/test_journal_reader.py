"""The reader that gives the site the journal lines of fifod's units, and of no other unit."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.system.machine import PYTHON, Machine

ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as client:
    client.connect("/run/fifod-journal/socket")
    client.sendall(sys.stdin.buffer.read())
    while data := client.recv(65536):
        sys.stdout.buffer.write(data)
"""
SAY = "systemd-run --quiet --wait --unit={unit} sh -c 'echo {text}'"
CURSOR = ("--output=export", "--output-fields=MESSAGE", "--lines=1")


def ask(machine: Machine, after: str | None = None, n: int = 500) -> list[dict[str, Any]]:
    question = json.dumps({"after": after, "n": n}) + "\n"
    return [json.loads(line) for line in asked(machine, question).splitlines()]


def asked(machine: Machine, question: str) -> str:
    return machine.run(PYTHON, "-c", ASK, user="fifod-web", text=question)


def cursor_of(machine: Machine, *words: str) -> str:
    """The cursor of the newest line that matches."""
    [cursor] = [
        line.partition("=")[2] for line in machine.journal(*CURSOR, *words).splitlines() if line.startswith("__CURSOR=")
    ]
    return cursor


def test_it_gives_the_units_lines_oldest_first(machine: Machine) -> None:
    machine.systemctl("restart", "fifod.service")
    lines = ask(machine)
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert {"fifod.service", "fifod-recorder.service", "fifod.socket"} <= {line["unit"] for line in lines}
    assert any("Started" in line["message"] for line in lines)
    assert any(line["message"].startswith("serving requests") for line in lines)


def test_it_gives_no_other_units_lines(machine: Machine) -> None:
    machine.shell(SAY.format(unit="foreign", text="something-private"))
    machine.run("logger", "--tag", "fifod.service", "another-private")
    machine.run(
        "logger", "--journald", text="MESSAGE=forged-private\nUNIT=fifod.service\n_SYSTEMD_UNIT=fifod.service\n"
    )
    machine.shell("cp /usr/bin/true /tmp/fifod; systemd-run --quiet --wait --unit=fifod-other echo similar-private")
    assert "foreign" in machine.journal("--unit=foreign.service", "--output=short")
    assert "private" not in json.dumps(ask(machine))
    behind = cursor_of(machine, "--unit=foreign.service")
    assert "private" not in json.dumps(ask(machine, behind))


def test_it_goes_on_behind_a_cursor(machine: Machine) -> None:
    last = ask(machine, n=1)[0]["cursor"]
    assert ask(machine, last) == []
    machine.systemctl("reload", "fifod.service")
    new = ask(machine, last)
    assert new and last not in {line["cursor"] for line in new}
    assert [line["cursor"] for line in ask(machine, last, n=1)] == [new[0]["cursor"]]


def test_a_foreign_cursor_is_no_way_around_the_matches(machine: Machine) -> None:
    wild = "s=" + "0" * 32 + ";i=1;b=" + "0" * 32 + ";m=1;t=1;x=1"
    assert "private" not in json.dumps(ask(machine, wild))
    [answer] = ask(machine, "s=1")
    assert "cursor" in answer["error"]


def test_only_the_sites_user_may_ask(machine: Machine) -> None:
    for user in ("daemon", "fifod"):
        done = machine.attempt(PYTHON, "-c", ASK, user=user, text='{"after":null,"n":1}\n')
        assert done.returncode != 0 and "PermissionError" in done.stderr
    assert machine.run("stat", "--format=%U:%G %a", "/run/fifod-journal/socket").strip() == "root:fifod-web 660"


def test_the_sites_user_cannot_read_the_journal_itself(machine: Machine) -> None:
    assert "systemd-journal" not in machine.run("id", "--name", "--groups", "fifod-web")
    said = machine.attempt("journalctl", "--no-pager", "--unit=fifod.service", user="fifod-web")
    assert "serving requests" not in said.stdout


def test_it_is_hardly_exposed(machine: Machine, record_property: Callable[[str, object], None]) -> None:
    last = machine.run("systemd-analyze", "--no-pager", "security", "fifod-journal.service").splitlines()[-1]
    exposure = float(last.partition(":")[2].split()[0])
    record_property("exposure", exposure)
    assert exposure <= 0.3


def test_it_ends_when_nobody_asks_and_is_started_when_somebody_does(machine: Machine) -> None:
    ask(machine, n=1)
    first = machine.main_pid("fifod-journal.service")
    machine.wait_until(lambda: machine.main_pid("fifod-journal.service") != first, "the reader ends", pause=0.5)
    assert machine.show("fifod-journal.service", "Result") == "success"
    assert len(ask(machine, n=1)) == 1


@pytest.mark.parametrize("n", [1, 40])
def test_clients_that_say_nothing_do_not_keep_others_waiting(machine: Machine, n: int) -> None:
    silent = [machine.start(PYTHON, "-c", ASK, user="fifod-web") for _ in range(n)]
    assert len(ask(machine, n=1)) == 1
    for process in silent:
        process.communicate("", timeout=60)
