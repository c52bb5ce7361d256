"""A step of a check, and how it went."""

from dataclasses import dataclass, field, replace
from typing import Self

from webui.receipts.working import Working

_HOLDS, _FAILS, _OPEN = "holds", "fails", "open"


@dataclass(frozen=True)
class Step:
    """What was compared in a step, how it came out, in words and in detail."""

    outcome: str
    words: str
    number: int = 0
    title: str = ""
    details: list[tuple[str, str]] = field(default_factory=list)
    working: Working | None = None

    @property
    def has_failed(self) -> bool:
        """Whether something is not as it must be."""
        return self.outcome == _FAILS

    @property
    def is_open(self) -> bool:
        """Whether it cannot be told here."""
        return self.outcome == _OPEN

    def titled(self, number: int, title: str) -> Self:
        """The same as one of several steps."""
        return replace(self, number=number, title=title)

    def with_details(self, details: list[tuple[str, str]]) -> Self:
        """The same with what was compared."""
        return replace(self, details=details)

    def with_working(self, working: Working) -> Self:
        """The same with how values came about."""
        return replace(self, working=working)


def holds(words: str) -> Step:
    """A step that found all as it must be."""
    return Step(_HOLDS, words)


def fails(words: str) -> Step:
    """A step that found a fault."""
    return Step(_FAILS, words)


def left_open(words: str) -> Step:
    """A step that cannot be done here."""
    return Step(_OPEN, words)
