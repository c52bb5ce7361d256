"""What the ledger must hold about clients of the bridge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from fifod import checker
from tests.classic.clients import Run
from tests.daemons import Daemon


def values(body: dict[str, Any]) -> list[int]:
    """The values of a draw, computed from its record by the implementation that shares no code with fifod."""
    found: list[int] = checker.values(body["method"], body["params"], bytes.fromhex(body["seed"]))
    return found


def check_record_of(body: dict[str, Any], n: int) -> None:
    """It is a draw of the exercise's kind."""
    assert body["transport"] == "classic", body
    assert body["params"] | {"n": n, "min": 1, "max": 100, "replacement": True} == body["params"], body


def check_right(daemon: Daemon, runs: Sequence[Run]) -> None:
    """Each got what it asked for, and just what the ledger's record of its draw gives."""
    wrong = [run for run in runs if not run.is_right]
    assert not wrong, f"{len(wrong)} of {len(runs)} clients were not answered rightly, the first: {wrong[0]}"
    of_pid: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for body in daemon.bodies("draw"):
        of_pid[body["claimedPid"]].append(body)
    for run in runs:
        # A number that was given twice was given to one client after the other.
        body = of_pid[run.pid].pop(0)
        check_record_of(body, run.n)
        assert run.answer and run.answer.values == values(body), (run, body)
