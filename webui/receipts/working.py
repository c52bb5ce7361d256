"""How the first values of a draw come from its seed, step by step.

The stand-alone checker does the work, which shares no code with the daemon; it is only watched as it reads the bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fifod import checker, names

_SHOWN = 5
_BY_CHECKER = 1000
FAULTS = (ValueError, LookupError, TypeError, ArithmeticError)
"""What the checker raises about a draw that the recipe cannot compute."""


@dataclass(frozen=True)
class Candidate:
    """Bytes that were read, and the number that they are."""

    bytes: str
    number: int
    is_kept: bool


@dataclass(frozen=True)
class Choice:
    """A number below `limit`, found by dropping candidates that are too large."""

    limit: int
    candidates: list[Candidate]

    @property
    def bits(self) -> int:
        """How many binary digits of a candidate count."""
        return (self.limit - 1).bit_length()

    @property
    def rejected(self) -> int:
        """How many candidates were too large."""
        return sum(not one.is_kept for one in self.candidates)


@dataclass(frozen=True)
class Working:
    """The first values, and what was read and chosen for them: choices, or just bytes for a method without any."""

    values: list[Any]
    choices: list[Choice]
    reads: list[str]
    is_different: bool

    @property
    def rows(self) -> list[tuple[Choice, Any]]:
        """Each choice with the value that came of it."""
        return list(zip(self.choices, self.values, strict=False))

    @property
    def rejected(self) -> int:
        """How many candidates were too large."""
        return sum(one.rejected for one in self.choices)


class _Watched(checker.Stream):
    """The checker's stream of bytes, which notes what is read."""

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        self.reads: list[bytes] = []
        self.choices: list[Choice] = []

    def take(self, count: int) -> bytes:
        taken = super().take(count)
        self.reads.append(taken)
        return taken

    def uniform(self, r: int) -> int:
        first = len(self.reads)
        number = super().uniform(r)
        self.choices.append(_choice(r, self.reads[first:]))
        return number


def first_bytes(seed: str, count: int = 32) -> str:
    """The beginning of the stream that follows from a seed, in hex."""
    return checker.Stream(bytes.fromhex(seed)).take(count).hex()


def of(method: str, params: Mapping[str, Any], seed: str) -> Working:
    """How the first values come about; raises one of FAULTS."""
    stream = _Watched(bytes.fromhex(seed))
    found = checker.METHODS[method](_beginning(method, params), stream)
    values = found[0] if method == names.SEQUENCES else found
    reads = [] if stream.choices else [taken.hex() for taken in stream.reads]
    return Working(values, stream.choices, reads, _first(params.get("replacement")) is False)


def again(method: str, params: Mapping[str, Any], seed: str) -> list[Any]:
    """The values as the checker computes them, of very many the first; raises one of FAULTS."""
    return checker.values(method, _cut(params, _BY_CHECKER), bytes.fromhex(seed))


def stream_digest(seed: str, length: int) -> str:
    """SHA-256 of so many bytes of a stream."""
    return checker.sha256(checker.Stream(bytes.fromhex(seed)).take(length))


def _choice(limit: int, reads: list[bytes]) -> Choice:
    mask = (1 << (limit - 1).bit_length()) - 1
    numbers = [(taken.hex(), int.from_bytes(taken, "big") & mask) for taken in reads]
    return Choice(limit, [Candidate(text, number, number < limit) for text, number in numbers])


def _beginning(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a draw that is the first few values of another."""
    if method != names.SEQUENCES:
        return _cut(params, _SHOWN)
    return {**_cut(params, 1), "length": min(_SHOWN, _first(params["length"]))}


def _cut(params: Mapping[str, Any], n: int) -> dict[str, Any]:
    cut = {name: value[:n] if isinstance(value, list) else value for name, value in params.items()}
    return {**cut, "n": min(n, params["n"])}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value
