"""bash completes what fifod-client knows, and nothing else."""

from __future__ import annotations

import subprocess
from importlib import import_module

import pytest

from fifod.cli import COMMANDS
from tests import needs
from tests.client.conftest import TOP
from tests.waiting import DEADLINE

SCRIPT = TOP / "deploy" / "completions" / "fifod-client"


def complete(*words: str) -> set[str]:
    """What bash offers for the last word."""
    needs.commands("bash")
    ask = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fifod_client; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", ask, str(SCRIPT), *words], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def options_of(name: str) -> set[str]:
    parser = import_module(f"fifod.cli.{COMMANDS[name][0]}").build(name)
    return {option for action in parser._actions for option in action.option_strings} - {"-h"}


def test_every_command_is_offered() -> None:
    assert complete("fifod-client", "") == {*COMMANDS, "--help", "--version"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_offered(name: str) -> None:
    assert complete("fifod-client", name, "-") == options_of(name)


def test_a_bare_number_has_the_options_of_integers() -> None:
    assert complete("fifod-client", "5", "-") == options_of("integers")


def test_values_are_offered_where_they_are_few() -> None:
    assert complete("fifod-client", "blobs", "1", "--format", "") == {"base64", "hex"}
    assert complete("fifod-client", "integers", "1", "--base", "1") == {"10", "16"}
