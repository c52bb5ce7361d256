"""`fifod-client classic` with a real bridge and a real daemon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from tests.classic.bridges import Bridge
from tests.daemons import Daemon
from tests.waiting import DEADLINE, readable

TOP = Path(__file__).parents[2]


def spawn(bridge: Bridge, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fifod.cli", "classic", *arguments],
        env=bridge.client_environment,
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], typed: str = "") -> tuple[int, str, str]:
    """Exit status and both outputs of one that must end."""
    try:
        printed, told = process.communicate(typed, timeout=DEADLINE)
    finally:
        process.kill()
    return process.returncode, printed, told


def ask(bridge: Bridge, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    return finish(spawn(bridge, *arguments), typed)


def test_a_draw_is_recorded_with_the_claim(daemon: Daemon, bridge: Bridge) -> None:
    process = spawn(bridge, "5")
    status, printed, told = finish(process)
    assert (status, told) == (0, "") and len(printed.split()) == 5
    [body] = daemon.bodies("draw")
    assert (body["transport"], body["claimedPid"], body["drawer"]) == ("classic", process.pid, f"unix:{os.getuid()}")


def test_answers_are_acknowledged_by_signal(bridge: Bridge) -> None:
    for _ in range(8):
        assert ask(bridge, "5")[0] == 0
    bridge.wait_for_step("acknowledged", 8)
    # One that takes more than 20 ms shows as read, which on a busy machine may happen now and then.
    assert bridge.steps("acknowledged", reason="SIGUSR1")


def test_both_sides_tell_the_same_steps(bridge: Bridge) -> None:
    status, _, told = ask(bridge, "3", "--trace")
    steps = [line.partition("µs  ")[2].partition(":")[0] for line in told.splitlines()]
    assert status == 0 and steps == [
        "question written",
        "sleeping until SIGUSR1 comes",
        f"woken by SIGUSR1 from {bridge.pid}",
        "answer read",
        "acknowledgement sent",
    ]
    bridge.wait_for_step("acknowledged")
    # An answer that is not read within 50 ms is signalled again, which on a busy machine may happen.
    assert [name for name, _ in groupby(step["step"] for step in bridge.trace())][1:] == [
        "question",
        "drawn",
        "answered",
        "signalled",
        "acknowledged",
    ]


def test_a_conversation_outlives_a_restart_of_the_bridge(bridge: Bridge) -> None:
    process = spawn(bridge, "--interactive")
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write("1\n")
    process.stdin.flush()
    assert readable(process.stdout.fileno())
    bridge.stop()
    bridge.start()
    status, printed, _ = finish(process, "2\n")
    assert status == 0 and printed.count("count ") == 2


def test_a_count_out_of_range_is_answered_at_once(daemon: Daemon, bridge: Bridge) -> None:
    for n in ("0", "101", "-1", "2147483647"):
        status, printed, told = ask(bridge, n)
        assert (status, printed) == (65, "") and f"n must be from 1 to 100, not {n}" in told
    assert daemon.bodies("draw") == []


def test_without_the_daemon_it_says_that_nothing_was_drawn(daemon: Daemon, bridge: Bridge) -> None:
    daemon.stop()
    status, printed, told = ask(bridge, "5")
    assert (status, printed) == (65, "") and "fifod could not draw for it" in told
    status, printed, told = ask(bridge, "--interactive", typed="5\n6\n\n")
    assert (status, printed) == (0, "") and told.count("fifod could not draw for it") == 2


def test_a_stopped_bridge_is_not_running(bridge: Bridge) -> None:
    bridge.stop()
    status, _, told = ask(bridge, "5")
    assert status == 69 and "the classic bridge is not running" in told


def test_a_frozen_bridge_is_given_up(bridge: Bridge) -> None:
    bridge.tell(signal.SIGSTOP)
    status, _, told = ask(bridge, "5", "--timeout", "0.3")
    assert status == 75 and "did not answer within 0.3 seconds" in told
    bridge.tell(signal.SIGCONT)
    assert ask(bridge, "4")[0] == 0


def test_many_at_once_get_each_their_own(bridge: Bridge) -> None:
    processes = {n: spawn(bridge, str(n), "--timeout", "60") for n in range(1, 17)}
    outcomes = {n: finish(process) for n, process in processes.items()}
    assert {n: (status, len(printed.split())) for n, (status, printed, _) in outcomes.items()} == {
        n: (0, n) for n in processes
    }


def test_a_wrong_pid_is_told_from_the_bridges(bridge: Bridge) -> None:
    status, _, told = ask(bridge, "5", "--pid", str(os.getpid()), "--timeout", "3.5")
    assert status == 75 and f"woken by SIGUSR1 from {bridge.pid}, which is not the bridge ({os.getpid()})" in told
    assert ask(bridge, "5", "--pid", str(bridge.pid))[0] == 0
