"""Steps of one exchange over the pipes, with their times and the true bytes; secrets in them are masked."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from fifod.courier import CLOSED, READ, READABLE
from fifod.errors import FifodError, NoPermission, NotRunning, QuotaExceeded, Refusing, TimedOut
from fifod.ledger.record import Record

__all__ = ["CLOSED", "HELD", "Clock", "Step", "trouble"]

RECEIVED, RECORDED = "received", "recorded"
HELD = (READABLE, READ)
"""Told together with what the record says, which comes between in time and is known only afterwards."""

MOST_TEXT = 2000
_SECRET = re.compile(r'"(reply|key)":"[^"]*"')
_TROUBLES: tuple[tuple[type[FifodError], str], ...] = (
    (NotRunning, "not-running"),
    (NoPermission, "no-permission"),
    (TimedOut, "timed-out"),
    (QuotaExceeded, "quota"),
    (Refusing, "refusing"),
    (FifodError, "unknown"),
)


@dataclass(frozen=True)
class Step:
    """What was done, when, and which bytes went over the pipe."""

    name: str
    micros: int
    time: float
    bytes: int = 0
    text: str = ""

    def as_json(self) -> dict[str, object]:
        """What the page is told."""
        told: dict[str, object] = {"step": self.name, "micros": self.micros, "time": self.time}
        return told | ({"bytes": self.bytes, "text": self.text} if self.bytes else {})


@dataclass(frozen=True)
class Clock:
    """The moment when an exchange began, on both of the kernel's clocks, in nanoseconds."""

    real: int
    monotonic: int

    @classmethod
    def now(cls) -> "Clock":
        """An exchange that begins now."""
        return cls(time.time_ns(), time.monotonic_ns())

    def step(self, name: str, data: bytes) -> Step:
        """A step that has just been taken."""
        return self._at(name, (time.monotonic_ns() - self.monotonic) // 1000, data)

    def of_record(self, record: Record) -> list[Step]:
        """When the daemon had the request, and when it had written the record: by its own clock, the machine's."""
        told = ((RECEIVED, str(record.body.get("received", ""))), (RECORDED, record.head.time))
        return [self._at(name, _nanoseconds(when) // 1000 - self.real // 1000) for name, when in told if when]

    def _at(self, name: str, micros: int, data: bytes = b"") -> Step:
        return Step(name, micros, round(self.real / 1e9 + micros / 1e6, 6), len(data), masked(data))


def masked(data: bytes) -> str:
    """Bytes of the pipe as text, without the name of the reply FIFO and the key: who has them could take the reply.

    A text within the JSON cannot feign such a member, since its quotation marks have a backslash before them.
    """
    text = _SECRET.sub(r'"\1":"••••"', data.decode(errors="replace"))
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"


def trouble(error: Exception) -> dict[str, object]:
    """What went wrong, by a word for which the page has a sentence."""
    word = next((word for kind, word in _TROUBLES if isinstance(error, kind)), "fault")
    left = error.data if isinstance(error, QuotaExceeded) and error.data else []
    return {"kind": word, "data": left}


def _nanoseconds(when: str) -> int:
    """Of a record's time, exactly: a float would lose microseconds."""
    moment = datetime.strptime(when, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + moment.microsecond * 1000
