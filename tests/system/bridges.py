"""Classic bridges on a machine with fifod: one unit a user, and what it publishes."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.papers import TEXT
from tests.system.load import LEDGER
from tests.system.machine import Machine


class Bridge:
    """The classic bridge of one user of a machine."""

    def __init__(self, machine: Machine, user: str) -> None:
        self.machine = machine
        self.user = user
        self.unit = f"fifod-classic@{user}.service"
        self.directory = f"/run/fifod-classic/{user}"

    def start(self) -> None:
        """Start it; it must come up."""
        self.machine.systemctl("start", self.unit)

    @property
    def pid(self) -> int:
        """Its process, as systemd knows it."""
        return self.machine.main_pid(self.unit)

    @property
    def state(self) -> str:
        """What systemd says of it."""
        return self.machine.show(self.unit, "ActiveState")

    def trace(self) -> list[dict[str, Any]]:
        """The steps that it has published."""
        return [json.loads(line) for line in self.machine.read(f"{self.directory}/classic.trace").splitlines()]

    def last_words(self) -> str:
        """The last line that it wrote into the journal itself."""
        return self.machine.journal(f"--unit={self.unit}", "_COMM=fifod-classic", "--lines=1").strip()


def drop_in(word: str) -> str:
    """The lines that deploy/README.md gives to operators for an instance, those that have this word."""
    [found] = [lines for lines in re.findall("^```ini\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL) if word in lines]
    return str(found)


def newest_record(machine: Machine) -> dict[str, Any]:
    """The body of the newest draw in the ledger."""
    line = machine.shell(f'grep -h \'"kind":"draw"\' {LEDGER}/*.jsonl | tail -n 1')
    found: dict[str, Any] = json.loads(line.partition("\t")[2])
    return found
