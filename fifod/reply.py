"""Replies as a client sees them: a line from the reply FIFO becomes a result or the error that it stands for."""

from __future__ import annotations

from json import JSONDecoder

from fifod.errors import FifodError, ProtocolError, from_code

TYPE_CHECKING = False  # importing typing would cost a tenth of the start of fifod-client
if TYPE_CHECKING:
    from typing import Any

_decode = JSONDecoder().decode


class Reply:
    """A result as the daemon sent it."""

    __slots__ = ("result",)

    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result

    @property
    def data(self) -> list[Any]:
        """The values drawn."""
        data: list[Any] = self.result["random"]["data"]
        return data

    @property
    def completion_time(self) -> str:
        """When the draw was made, in RANDOM.ORG's form."""
        time: str = self.result.get("random", self.result)["completionTime"]
        return time

    @property
    def serial_number(self) -> int:
        """The draw's number in the ledger."""
        serial_number: int = self.result["serialNumber"]
        return serial_number

    @property
    def hash(self) -> str:
        """SHA-256 of the record's head: who keeps it can tell whether the record was changed later."""
        digest: str = self.result["hash"]
        return digest

    @property
    def ledger(self) -> str:
        """The identity of the ledger that holds the record."""
        identity: str = self.result["ledger"]
        return identity

    @property
    def bits_used(self) -> int:
        """The information in the values, in bits."""
        bits: int = self.result["bitsUsed"]
        return bits

    @property
    def seed(self) -> str | None:
        """The seed of a secret draw, which nobody else is told."""
        return self.result.get("seed")

    @property
    def repeatable(self) -> bool:
        """Whether whoever may ask could know the values beforehand: such a draw is no evidence of fairness."""
        return bool(self.result.get("repeatable"))


def parse(line: bytes) -> dict[str, Any]:
    """The object that a line holds; raises ProtocolError if it cannot be a reply."""
    try:
        reply = _decode(line.decode())
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict) or not isinstance(reply.get("id"), int):
        raise ProtocolError(f"what came is no reply: {line[:80]!r}")
    return reply


def outcome(reply: dict[str, Any]) -> Reply | FifodError:
    """What a reply says: a result or an error."""
    result = reply.get("result")
    if isinstance(result, dict):
        return Reply(result)
    try:
        error = reply["error"]
        return from_code(int(error["code"]), str(error["message"]), error.get("data"))
    except (KeyError, TypeError, ValueError):
        return ProtocolError(f"the reply has neither a result nor an error: {str(reply)[:80]!r}")
