"""Clients in C that wait in other ways than the exercise's, and such as never finish: none harms those after it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.classic.bridges import Bridge
from tests.classic.clients import Plan, Programs, Run
from tests.classic.records import check_right
from tests.daemons import Daemon
from tests.waiting import DEADLINE, readable


def ask(bridge: Bridge, programs: Programs, plan: Plan, *command: str) -> list[Run]:
    return programs.drive(plan, bridge.client_environment, *command, str(bridge.pid))


def next_clients_are_served(bridge: Bridge, programs: Programs) -> bool:
    return all(run.is_right for run in ask(bridge, programs, Plan(5), programs["client"]))


@contextmanager
def odd_client(bridge: Bridge, programs: Programs, mode: str, n: int = 77) -> Iterator[subprocess.Popen[bytes]]:
    """A client that does not end by itself."""
    client = subprocess.Popen(
        [programs["odd"], mode, str(bridge.pid), str(n)], env=bridge.client_environment, stdout=subprocess.PIPE
    )
    try:
        with client:
            yield client
            client.kill()
    finally:
        client.kill()


def first_line(client: subprocess.Popen[bytes]) -> bytes:
    assert client.stdout
    assert readable(client.stdout.fileno())
    return client.stdout.readline()


# --- ways to wait ---


@pytest.mark.parametrize(
    "mode", ["sigwait", "signalfd", "busy", "reads", "ignores", "nonblocking", "opens-late", "handler-late"]
)
def test_however_a_client_waits_it_is_answered(daemon: Daemon, bridge: Bridge, programs: Programs, mode: str) -> None:
    check_right(daemon, ask(bridge, programs, Plan(40), programs["odd"], mode))
    assert next_clients_are_served(bridge, programs)


@pytest.mark.parametrize("mode", ["sigwait", "signalfd", "busy", "nonblocking", "opens-late", "handler-late"])
def test_however_several_clients_wait_they_are_answered(
    daemon: Daemon, bridge: Bridge, programs: Programs, mode: str
) -> None:
    check_right(daemon, ask(bridge, programs, Plan(40, 4), programs["odd"], mode))


# --- such as never finish ---


def test_a_client_that_leaves_costs_nothing(bridge: Bridge, programs: Programs) -> None:
    for _ in range(20):
        with odd_client(bridge, programs, "leaves") as client:
            assert client.wait(DEADLINE) == 0
        assert next_clients_are_served(bridge, programs)


def test_a_client_that_reads_but_never_acknowledges_is_done_with(bridge: Bridge, programs: Programs) -> None:
    with odd_client(bridge, programs, "never-acknowledges") as client:
        assert first_line(client).startswith(b"77 values:")
        assert next_clients_are_served(bridge, programs)
        assert bridge.wait_for_step("acknowledged", exchange=1)["reason"] == "read"
        assert client.poll() is None


@pytest.mark.parametrize("mode", ["never-reads", "blocked"])
def test_a_client_that_never_reads_is_given_up_and_its_answer_taken_back(
    bridge: Bridge, programs: Programs, mode: str
) -> None:
    with odd_client(bridge, programs, mode) as client:
        bridge.wait_for_step("answered")
        assert next_clients_are_served(bridge, programs)
        bridge.wait_for_step("given up", exchange=1)
        assert client.poll() is None


def test_a_client_that_reads_none_of_its_answers_is_given_up_sooner_each_time(
    bridge: Bridge, programs: Programs
) -> None:
    with odd_client(bridge, programs, "never-reads-any"):
        bridge.wait_for_step("answered")
        assert next_clients_are_served(bridge, programs)
        reasons = [str(step["reason"]) for step in bridge.steps("given up")]
        times = [reason.removeprefix("the client did not read its answer within ") for reason in reasons]
        assert times == ["2 s", "1 s", "0.5 s", "0.25 s", "0.125 s", "0.1 s", "0.1 s"]


def test_a_client_that_stops_itself_is_given_up(bridge: Bridge, programs: Programs) -> None:
    with odd_client(bridge, programs, "stops") as client:
        assert os.waitid(os.P_PID, client.pid, os.WSTOPPED | os.WNOWAIT)
        assert next_clients_are_served(bridge, programs)
        bridge.wait_for_step("withheld", exchange=1)
        assert not bridge.steps("signalled", pid=client.pid)


def test_a_client_whose_handler_is_gone_after_its_first_use_survives(bridge: Bridge, programs: Programs) -> None:
    with odd_client(bridge, programs, "handles-once") as client:
        assert first_line(client) == b"waits\n"
        assert next_clients_are_served(bridge, programs)
        bridge.wait_for_step("withheld", exchange=1, reason="it does not handle SIGUSR1, which would end it")
        bridge.wait_for_step("given up", exchange=1)
        # Until the client has got round to its handler it may be signalled again, but not afterwards.
        names = [step["step"] for step in bridge.trace() if step.get("exchange") == 1]
        assert "signalled" in names and "signalled" not in names[names.index("withheld") :]
        assert client.poll() is None


@pytest.mark.parametrize("mode", ["no-handler", "blocked-in-one-thread"])
def test_a_client_without_a_handler_survives(daemon: Daemon, bridge: Bridge, programs: Programs, mode: str) -> None:
    with odd_client(bridge, programs, mode) as client:
        assert first_line(client) == b"waits\n"
        assert next_clients_are_served(bridge, programs)
        bridge.wait_for_step("withheld", exchange=1)
        assert not bridge.steps("signalled", pid=client.pid)
        assert client.poll() is None
    assert client.wait(DEADLINE) == -signal.SIGKILL
    assert {body["claimedPid"] for body in daemon.bodies("draw")}.isdisjoint({client.pid})
