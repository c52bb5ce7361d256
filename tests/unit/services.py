"""A service for tests: its own ledger, and clock and entropy that a test sets."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from fifod.config import Config, Limits
from fifod.draw import Reply
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import DRAW, Record
from fifod.service import Asked, Service, Sources
from fifod.types import Caller, Input, Request
from tests.unit.ledgers import Clock, open_writer

ALICE, BOB, AUDITOR, FRONT_END = 1000, 1001, 2000, 33
HOST_KEY = b"k" * 32
Answer = dict[str, Any]
Members = dict[str, Any]


class Entropy:
    """32 bytes that follow from how often it was asked; none at all while it is broken."""

    def __init__(self) -> None:
        self.count = 0
        self.is_broken = False

    def __call__(self, size: int) -> bytes:
        if self.is_broken:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        self.count += 1
        return hashlib.sha256(f"seed {self.count}".encode()).digest()[:size]


def asked(
    method: str, params: Members | None = None, *, uid: int = ALICE, user: str | None = None, **members: Any
) -> Asked:
    """A request as it comes from the wire."""
    given = {"id": 1, **members}
    if isinstance(given.get("input"), dict):
        given["input"] = Input(**given["input"])
    return Asked(Caller(uid, user), Request(method=method, params=params or {}, reply="r" * 32, user=user, **given))


def text_of(reply: Reply) -> bytes:
    """All bytes of a reply that ends."""
    return reply.first + b"".join(reply.rest or ())


class Office:
    """A service over a ledger of its own."""

    def __init__(self, directory: Path, limits: Limits | None = None) -> None:
        self.directory = directory
        self.clock, self.monotonic, self.entropy = Clock(), Clock(10**15), Entropy()
        self.config = Config("process", (AUDITOR,), (FRONT_END,), limits or Limits())
        self.reader = LedgerReader(str(directory))
        self.start()

    def start(self) -> None:
        """As after a restart of the daemon: the ledger is all that is remembered."""
        self.writer = open_writer(self.directory, clock=self.clock)
        sources = Sources(self.entropy, self.clock, self.monotonic)
        self.service = Service(self.config, self.writer, self.reader, HOST_KEY, sources)

    def batch(self, *those: Asked) -> list[Answer]:
        """The answers to a batch."""
        return [json.loads(text_of(reply)) for reply in self.service.answer(those)]

    def answer(self, method: str, params: Members | None = None, **members: Any) -> Answer:
        """The answer to a request alone."""
        [answer] = self.batch(asked(method, params, **members))
        return answer

    def result(self, method: str, params: Members | None = None, **members: Any) -> Answer:
        """The result of a request that must have one."""
        answer = self.answer(method, params, **members)
        assert "error" not in answer, answer
        result: Answer = answer["result"]
        return result

    def error(self, method: str, params: Members | None = None, **members: Any) -> tuple[int, object]:
        """Code and data of the error that a request must get."""
        error = self.answer(method, params, **members)["error"]
        assert error["message"]
        return error["code"], error["data"]

    def draw(self, n: int = 5, **members: Any) -> Answer:
        """The result of a draw of integers."""
        return self.result("generateIntegers", {"n": n, "min": 1, "max": 100}, **members)

    def drawn(self) -> list[Record]:
        """Every draw in the ledger."""
        return [record for record, _ in self.reader.records() if record.head.kind == DRAW]
