"""fifod/CLASSIC.md, the page for teachers: each command on it runs here, with every path below one directory."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests import needs
from tests.classic.bridges import Bridge
from tests.classic.page import PAGE, Command, Section, pattern, sections, without_notices
from tests.daemons import Daemon
from tests.waiting import DEADLINE

TOP = Path(__file__).parents[2]
SECTIONS = {section.heading: section for section in sections()}
SETUP = ("How to run it", "A client without the races")
START = "FIFOD_CLASSIC=1 ./deploy/try\n"
"""The one command that is not run here, but by a test of ./deploy/try: it starts what the fixtures start."""
MARK = "\N{INFORMATION SEPARATOR TWO}"
NEVER = -1
"""The status of a command that did not end."""


class Checkout:
    """What a reader has who has started the trial, in a directory of its own."""

    def __init__(self, place: Path, bridge: Bridge) -> None:
        self.place, self.bridge = place, bridge
        for name in ("tests", "fifod"):
            (place / name).symlink_to(TOP / name)
        programs = place / ".venv" / "bin"
        programs.mkdir(parents=True)
        for name, words in {"fifod-client": "-m fifod.cli", "fifod-classic": "-m fifod.classic", "python3": ""}.items():
            (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
            (programs / name).chmod(0o755)

    def here(self, text: str) -> str:
        """The text with the exercise's paths below this directory."""
        return text.replace("/tmp/fifo", f"{self.place}/fifo")

    def run(self, commands: list[Command]) -> list[tuple[int, str]]:
        """The status of each command and what it printed, all in one shell."""
        script = "".join(f"{self.here(command.text)}\nprintf '{MARK}%d\\n' $?\n" for command in commands)
        printed = self.place / "printed"
        with printed.open("wb") as output:
            self._run_in_shell(script, output)
        # What was started in the background may print when all is done; or a command did not end.
        *parts, rest = re.split(rf"{MARK}(\d+)\n", printed.read_text())
        results = [(int(status), text) for text, status in zip(parts[::2], parts[1::2], strict=True)]
        return results if len(results) == len(commands) else [*results, (NEVER, rest)]

    def _run_in_shell(self, script: str, output: IO[bytes]) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FIFOD_")}
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.place,
            env={**environment, "PYTHONPATH": str(TOP), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                shell.wait(2 * DEADLINE)
        finally:
            # With all that it has started and that still runs.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()


@pytest.fixture
def checkout(place: Path) -> Iterator[Checkout]:
    """A checkout, with the daemon and the bridge that its trial runs."""
    (place / "var").mkdir()
    daemon = Daemon(place / "var", 'durability = "process"\n')
    with daemon:
        fifos = {f"FIFOD_CLASSIC_FIFO{number}": str(place / f"fifo{number}") for number in (1, 2)}
        bridge = Bridge(daemon, place, FIFOD_CLASSIC_DIR=str(daemon.run), **fifos)
        bridge.pid_file = daemon.run / "classic.pid"
        with bridge:
            yield Checkout(place, bridge)


def check(checkout: Checkout, command: Command, status: int, printed: str) -> None:
    assert status != NEVER, f"{command.text}\ndid not end, and printed\n{printed}"
    if command.output is None:
        assert status == 0, f"{command.text}ended with {status}, and printed\n{printed}"
        return
    found = "".join(f"{line}\n" for line in without_notices(printed))
    expected = pattern([checkout.here(line) for line in command.output], checkout.bridge.process.pid)
    assert re.fullmatch(expected, found), f"{command.text}\nshould print\n{expected}\nbut printed\n{found}"


def runnable(section: Section) -> list[Command]:
    return [command for command in section.commands if command.text != START]


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_command_does_what_the_page_says(checkout: Checkout, heading: str) -> None:
    names = dict.fromkeys((*SETUP, heading))  # in this order, each once
    commands = [command for name in names for command in runnable(SECTIONS[name])]
    text = "".join(command.text for command in runnable(SECTIONS[heading]))
    needs.commands("bash", "cc", *(name for name in ("strace",) if name in text))
    if "unshare" in text:
        needs.namespaces()
    results = checkout.run(commands)
    for command, (status, printed) in zip(commands, results, strict=False):
        check(checkout, command, status, printed)
    assert len(results) == len(commands)
    assert checkout.bridge.process.poll() is None and "Traceback" not in checkout.bridge.log


def test_one_command_is_left_to_the_tests_of_the_trial() -> None:
    left = [command for section in SECTIONS.values() for command in section.commands if command.text == START]
    assert len(left) == 1 and left[0] in SECTIONS[SETUP[0]].commands


def test_every_block_is_of_a_kind_that_is_looked_at() -> None:
    fences = re.findall("^```(.*)$", PAGE.read_text(), re.MULTILINE)
    assert set(fences[::2]) == {"sh", "console", "c", "text"} and set(fences[1::2]) == {""}


def test_every_c_source_on_the_page_is_what_its_commands_compile(checkout: Checkout) -> None:
    needs.commands("bash", "cc")
    checkout.run([command for name in SETUP for command in runnable(SECTIONS[name])])
    sources = re.findall("^```c\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    names = [source.split()[1].rstrip(":") for source in sources]
    assert [(checkout.place / "var" / "classic" / name).read_text() for name in names] == sources
    assert names == ["protocol.h", "asker.c"]


def test_every_link_on_the_page_leads_somewhere() -> None:
    text = PAGE.read_text()
    headings = re.findall("^##+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        assert (PAGE.parent / path).exists() and (not anchor or anchor in anchors), target
