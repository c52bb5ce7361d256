"""The man pages say of the program what is so: each command, option, setting, exit status, signal and variable."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from msgspec import to_builtins

from fifod import errors
from fifod.classic import trace
from fifod.cli import COMMANDS
from fifod.cli.parser import OVERVIEW
from fifod.config import Config
from tests import needs

PAGES = Path(__file__).parents[2] / "deploy" / "man"
NAMES = ["fifod.8", "fifod-classic.8", "fifod-client.1", "fifod.toml.5"]


def source(name: str) -> str:
    """A page's text without its hyphens' escapes."""
    return (PAGES / name).read_text().replace("\\-", "-").replace("\\(dq", '"')


@pytest.mark.parametrize("name", NAMES)
def test_it_is_set_without_a_warning(name: str) -> None:
    needs.commands("groff")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u", str(PAGES / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "NAME" in done.stdout


def test_the_client_has_every_command_and_no_other() -> None:
    named = re.findall(r"^\.BI? ([a-z]+)(?: |$)", source("fifod-client.1").partition(".SH OPTIONS")[0], re.MULTILINE)
    assert [name for name in named if name in COMMANDS] == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_client_has_every_option(command: str) -> None:
    module = __import__(f"fifod.cli.{COMMANDS[command][0]}", fromlist=["build"])
    options = {name for action in module.build(command)._actions for name in action.option_strings}
    page = source("fifod-client.1")
    assert [name for name in options - {"-h", "--help"} if not re.search(rf"{name}\b", page)] == []


def test_the_client_has_every_exit_status() -> None:
    told = set(re.findall(r"\b(\d+) +", OVERVIEW.partition("exit status")[2].partition("environment")[0]))
    assert set(exit_statuses("fifod-client.1")) == told


def test_the_daemon_has_every_exit_status() -> None:
    known = {
        0,
        errors.EXIT_CANNOT_START,
        errors.LedgerNotWritable.exit_status,
        errors.AlreadyRunning.exit_status,
    }
    assert set(map(int, exit_statuses("fifod.8"))) == known


def test_the_bridge_has_every_exit_status() -> None:
    known = {0, errors.StartError.exit_status, errors.AlreadyRunning.exit_status}
    assert set(map(int, exit_statuses("fifod-classic.8"))) == known


def exit_statuses(name: str) -> list[str]:
    section = source(name).partition(".SH EXIT STATUS")[2].partition(".SH ")[0]
    return re.findall(r"^\.B (\d+)$", section, re.MULTILINE)


def test_the_configuration_has_every_setting_with_its_default() -> None:
    told = dict(
        re.findall(
            r'^\.BR (\S+) "? ?\((.*)\)"?$',
            source("fifod.toml.5").partition(".SH EXAMPLE")[0].replace('" (', " (").replace(')"', ")"),
            re.MULTILINE,
        )
    )
    assert told == {name: shown(value) for name, value in settings().items()}


def settings() -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in to_builtins(Config()).items():
        found |= {f"{name}.{inner}": one for inner, one in value.items()} if isinstance(value, dict) else {name: value}
    return found


def shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return "[]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.mark.parametrize("name", ["FIFOD_RUNTIME_DIR", "FIFOD_STATE_DIR", "FIFOD_CONFIG"])
def test_the_daemon_has_every_variable(name: str) -> None:
    assert f".B {name}\n" in source("fifod.8")


@pytest.mark.parametrize("name", ["FIFO1", "FIFO2", "DIR"])
def test_the_bridge_has_every_variable(name: str) -> None:
    assert re.search(rf"^\.BR? .*\bFIFOD_CLASSIC_{name}\b", source("fifod-classic.8"), re.MULTILINE)


def test_the_bridge_has_every_step_of_its_trace_that_needs_a_reason() -> None:
    told = source("fifod-classic.8").partition(".I classic.trace\n")[2]
    assert all(step in told for step in (trace.QUESTION, trace.WITHHELD, trace.ACKNOWLEDGED, trace.GIVEN_UP))
