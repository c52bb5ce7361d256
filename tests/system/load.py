"""Load on a machine: clients of the library that draw without end, and what they got compared with the ledger."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fifod import checker
from tests.system.machine import PYTHON, Machine
from tests.waiting import DEADLINE

CLIENTS = 8
PROGRAM = "/srv/closed_loop.py"
LEDGER = "/var/lib/fifod/ledger"


@dataclass(frozen=True)
class Asked:
    """A request and what came: the values and where they are recorded, or in place of the values what went wrong."""

    uid: int
    key: str
    values: Any
    serial: int
    hash: str

    @property
    def has_failed(self) -> bool:
        """Whether there was no reply."""
        return not self.serial

    @property
    def key_digest(self) -> str:
        """What a record has of the key."""
        return hashlib.sha256(f"unix:{self.uid}\0{self.key}".encode()).hexdigest()


class Load:
    """Eight clients in a closed loop, as several users, from `with` on until `end`."""

    def __init__(self, machine: Machine, uids: dict[str, int], timeout: float = 30, pause: float = 0) -> None:
        self._machine = machine
        machine.write(PROGRAM, (Path(__file__).parent / "closed_loop.py").read_text())
        users = [name for _ in range(CLIENTS) for name in uids][:CLIENTS]
        command = [PYTHON, PROGRAM, str(timeout), str(pause)]
        self._clients = [(uids[name], machine.start(*command, user=name)) for name in users]
        for _, client in self._clients:
            assert client.stdout
            assert client.stdout.readline() == "asking\n"

    def end(self) -> list[Asked]:
        """Let each client finish what it waits for, and tell what all of them got; nothing may have failed."""
        asked = [request for uid, client in self._clients for request in self._requests(uid, client)]
        failed = [request for request in asked if request.has_failed]
        assert not failed, f"{len(failed)} of {len(asked)} requests failed: {failed[:3]}"
        return asked

    def _requests(self, uid: int, client: Any) -> Iterator[Asked]:
        said = client.communicate(timeout=5 * DEADLINE)[0]
        assert client.returncode == 0, said
        for line in said.splitlines():
            yield Asked(uid, *json.loads(line))


class Draws:
    """The draws in the ledger of a machine, read without the ledger's own reader; the chain is checked on the way."""

    def __init__(self, machine: Machine) -> None:
        self._records = [record for record in _records(machine) if record[0]["kind"] == "draw"]

    def __len__(self) -> int:
        return len(self._records)

    def check_numbers(self) -> None:
        """No serial number is missing or used twice."""
        for number, (head, _, _) in enumerate(self._records, 1):
            assert head["serial"] == number, f"{head} stands where {number} should"

    def check_keys(self) -> None:
        """Nothing was drawn twice."""
        times = Counter(body["key"] for _, body, _ in self._records if "key" in body)
        twice = [key for key, count in times.items() if count > 1]
        assert not twice, f"drawn twice: {twice}"

    def check_received(self, asked: list[Asked]) -> None:
        """All that clients received is there, with the hash they were given, and as what they asked for."""
        for request in asked:
            _, body, hash_ = self._records[request.serial - 1]
            assert (hash_, body["uid"], body["key"]) == (request.hash, request.uid, request.key_digest), request
        for request in asked[:: len(asked) // 500 + 1]:  # values follow from the seed: some are enough
            _, body, _ = self._records[request.serial - 1]
            assert checker.values(body["method"], body["params"], bytes.fromhex(body["seed"])) == request.values


def _records(machine: Machine) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    prev = "0" * 64
    for line in machine.shell(f"cat {LEDGER}/*.jsonl").splitlines():
        head_text, _, body_text = line.partition("\t")
        head = json.loads(head_text)
        assert head["prev"] == prev, f"the chain breaks at {head}"
        assert head["body"] == hashlib.sha256(body_text.encode()).hexdigest()
        prev = hashlib.sha256(head_text.encode()).hexdigest()
        yield head, json.loads(body_text), prev
