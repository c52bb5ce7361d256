"""Waiting in tests: for descriptors and conditions, never longer than a deadline."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

DEADLINE = 30.0
"""Seconds that anything may take; far more than it needs, so that only a fault reaches it."""


def until(condition: Callable[[], object], what: str) -> None:
    """Evaluate a condition, which waits for something itself, until it holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"waited in vain until {what}"


def readable(*descriptors: int, seconds: float = DEADLINE) -> set[int]:
    """Which descriptors can be read from, or have been hung up, as soon as one can."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(max(0.0, seconds) * 1000)}


def pace(seconds: float) -> None:
    """Let time pass: never to wait for something, only to be slow on purpose or not to spin."""
    readable(seconds=seconds)
