"""`FIFOD_CLASSIC=1 ./deploy/try`: the classic bridge as a fourth program, which may fail without harm to the others."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemons import reachable_directory, remove
from tests.system.trial import Trial

BRIDGE = "-m fifod.classic"
PRINTED_PID = re.compile(r"^The C exercise's clients: +use: client (\d+)$", re.MULTILINE)

Start = Callable[..., Trial]


@pytest.fixture
def fifos() -> Iterator[dict[str, str]]:
    """What tells bridge and client to use FIFOs in a folder of this test's own."""
    folder = reachable_directory()
    yield {"FIFOD_CLASSIC_FIFO1": str(folder / "fifo1"), "FIFOD_CLASSIC_FIFO2": f"{folder}/second one"}
    remove(folder)


def test_it_serves_the_exercises_clients_as_it_says(start: Start, fifos: dict[str, str]) -> None:
    trial = start(FIFOD_CLASSIC="1", **fifos)
    assert PRINTED_PID.findall(trial.printed) == [str(trial.process_of(BRIDGE))]
    assert f"classic | use: client {trial.process_of(BRIDGE)}" in trial.printed
    assert len(trial.commands) == 4
    assert len(trial.shell(trial.commands[3])) == 5
    assert set(map(os.path.basename, os.listdir(Path(fifos["FIFOD_CLASSIC_FIFO1"]).parent))) == {"fifo1", "second one"}
    trial.process.terminate()
    assert trial.wait() == 0
    assert not trial.processes()
    assert not any(map(os.path.exists, fifos.values()))
    assert not list((trial.checkout / "var" / "run").glob("classic*"))


def test_killed_it_is_started_again_and_says_its_new_pid(start: Start, fifos: dict[str, str]) -> None:
    trial = start(FIFOD_CLASSIC="1", **fifos)
    command = trial.commands[3]
    trial.forget()
    os.kill(trial.process_of(BRIDGE), signal.SIGKILL)
    trial.wait_for("classic was killed by SIGKILL; it starts again in")
    trial.wait_for("classic is ready again")
    trial.wait_for(f"use: client {trial.process_of(BRIDGE)}")
    assert len(trial.shell(command)) == 5


def test_fifos_that_are_none_of_its_own_are_said_and_end_no_trial(start: Start, fifos: dict[str, str]) -> None:
    taken = Path(fifos["FIFOD_CLASSIC_FIFO1"])
    taken.write_text("mine")
    trial = start(FIFOD_CLASSIC="1", **fifos)
    assert "classic ended with status 3: it cannot run like this, so it is not started again: " in trial.printed
    [line] = [line for line in trial.printed.splitlines() if line.startswith("The C exercise's clients are not served")]
    assert line.rpartition("does not run: ")[2].startswith(
        f"fifod-classic: error: cannot use {taken}: it is not a FIFO"
    )
    assert len(trial.commands) == 3
    assert len(trial.shell(trial.commands[0])) == 5
    assert taken.read_text() == "mine"


def test_another_server_at_its_fifos_is_said_however_quiet_it_is(start: Start, fifos: dict[str, str]) -> None:
    os.mkfifo(fifos["FIFOD_CLASSIC_FIFO1"], 0o600)
    other = os.open(fifos["FIFOD_CLASSIC_FIFO1"], os.O_RDWR)
    trial = start("--port", "0", "--quiet", ready=False, FIFOD_CLASSIC="1", **fifos)
    trial.wait_for("The C exercise's clients are not served")
    os.close(other)
    ended, address, _, served = trial.printed.splitlines()
    assert ended.startswith("classic ended with status 75: ")
    assert address.startswith("fifod is running.")
    assert "another bridge or server reads it" in served
    trial.process.terminate()
    assert trial.wait() == 0


@pytest.mark.parametrize("word", ["0", ""])
def test_unasked_for_there_is_no_bridge(start: Start, word: str) -> None:
    trial = start(FIFOD_CLASSIC=word)
    assert not [line for line in trial.processes().values() if BRIDGE in line]
    assert "classic" not in trial.printed.lower()


def test_a_checkout_that_was_set_up_before_there_was_a_bridge_gets_its_command(checkout: Path, start: Start) -> None:
    command = checkout / ".venv" / "bin" / "fifod-classic"
    command.unlink()
    assert "Setting up" not in start().printed
    done = subprocess.run([str(command), "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("fifod-classic ")


def test_a_wish_that_is_neither_yes_nor_no_is_refused(start: Start) -> None:
    trial = start(ready=False, FIFOD_CLASSIC="yes")
    assert trial.wait() == 1
    assert trial.printed == (
        "deploy/try: FIFOD_CLASSIC is 'yes': 1 starts the classic bridge too; 0, or nothing, does not\n"
    )
