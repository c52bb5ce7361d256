"""The proof: clients in C as students write them, which lose a signal that comes too early, all get right answers."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.classic.bridges import Bridge
from tests.classic.clients import Plan, Programs, answers, busy_hogs
from tests.classic.records import check_right, values
from tests.daemons import Daemon
from tests.waiting import DEADLINE

KILLED = [
    "killed-before-asking",
    "killed-after-asking",
    "killed-by-waking",
    "killed-before-reading",
    "killed-before-acknowledging",
]


def is_alive_and_quiet(bridge: Bridge) -> bool:
    return bridge.process.poll() is None and "Traceback" not in bridge.log


@pytest.mark.timeout(600)
@pytest.mark.parametrize("hogs", [0, busy_hogs()], ids=["idle", "busy"])
@pytest.mark.parametrize(("count", "at_a_time"), [(2000, 1), (400, 4), (400, 16), (400, 50)])
def test_every_naive_client_gets_what_it_asked_for(
    daemon: Daemon, bridge: Bridge, programs: Programs, count: int, at_a_time: int, hogs: int
) -> None:
    plan = Plan(count, at_a_time, hogs)
    runs = programs.drive(plan, bridge.client_environment, programs["client"], str(bridge.pid))
    check_right(daemon, runs)
    assert len(daemon.bodies("draw")) == len(runs) == count
    assert is_alive_and_quiet(bridge)


def test_a_client_that_asks_again_and_again_gets_every_answer(
    daemon: Daemon, bridge: Bridge, programs: Programs
) -> None:
    numbers = [1 + 7 * i % 100 for i in range(300)]
    done = subprocess.run(
        [programs["client"], str(bridge.pid)],
        input="".join(f"{n}\n" for n in numbers),
        env=bridge.client_environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=2 * DEADLINE,
    )
    found = answers(done.stdout.replace("How many values? ", ""))
    assert done.returncode == 0
    assert [answer.count for answer in found] == numbers
    assert all(answer.is_right(n) for answer, n in zip(found, numbers, strict=True))
    assert [answer.values for answer in found] == [values(body) for body in daemon.bodies("draw")]


def test_interactive_clients_do_not_disturb_each_other(daemon: Daemon, bridge: Bridge, programs: Programs) -> None:
    clients = [
        subprocess.Popen(
            [programs["client"], str(bridge.pid)],
            env=bridge.client_environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        for n, client in enumerate(clients, 21):
            assert client.stdin
            client.stdin.write(f"{n}\n" * 100)
            client.stdin.flush()
        for n, client in enumerate(clients, 21):
            printed, _ = client.communicate(timeout=2 * DEADLINE)
            found = answers(printed.replace("How many values? ", ""))
            assert len(found) == 100 and all(answer.is_right(n) for answer in found)
    finally:
        for client in clients:
            client.kill()
            client.wait()
    assert len(daemon.bodies("draw")) == 400


@pytest.mark.parametrize("n", ["0", "-1", "101", "2147483647", "-2147483648"])
def test_a_number_out_of_range_gets_no_values_and_is_no_draw(
    daemon: Daemon, bridge: Bridge, programs: Programs, n: str
) -> None:
    done = subprocess.run(
        [programs["client"], str(bridge.pid), n],
        env=bridge.client_environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0 and done.stdout.startswith("0 values:\nsum 0, mean ")
    assert daemon.bodies("draw") == []


@pytest.mark.parametrize("step", KILLED)
def test_a_client_killed_at_a_step_costs_the_next_one_nothing(
    daemon: Daemon, bridge: Bridge, programs: Programs, step: str
) -> None:
    environment, pid = bridge.client_environment, str(bridge.pid)
    for _ in range(40):
        killed = subprocess.run([programs["odd"], step, pid, "77"], env=environment, timeout=DEADLINE)
        assert killed.returncode == -signal.SIGKILL
        check_right(daemon, programs.drive(Plan(3), environment, programs["client"], pid))
    assert is_alive_and_quiet(bridge)


@pytest.mark.parametrize("step", KILLED)
def test_clients_that_are_killed_meanwhile_cost_the_others_nothing(
    daemon: Daemon, bridge: Bridge, programs: Programs, step: str
) -> None:
    environment, pid = bridge.client_environment, str(bridge.pid)
    with programs.driving(Plan(200, 4), environment, programs["odd"], step, pid) as dying:
        runs = programs.drive(Plan(400, 4), environment, programs["client"], pid)
        dying.communicate(timeout=2 * DEADLINE)
        assert dying.returncode == 0
    check_right(daemon, runs)
    assert is_alive_and_quiet(bridge)
