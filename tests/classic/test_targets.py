"""Whom the bridge signals: the process that asked, and never another, whatever a question says."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.classic.bridges import Bridge
from tests.classic.victims import SIGNALLED, Victim, question, write
from tests.daemons import Daemon
from tests.waiting import readable

STRANGER = 65534


@pytest.fixture
def honest(bridge: Bridge) -> Iterator[Victim]:
    """A client that may be signalled, asked for behind each question that must not be."""
    with Victim(bridge.answers) as honest:
        yield honest


def ask(bridge: Bridge, pid: int, n: int = 5) -> None:
    write(bridge.questions, question(pid, n))


def is_served(bridge: Bridge, client: Victim) -> None:
    """The client asks, is woken, and reads its answer."""
    ask(bridge, client.pid)
    assert client.says() == SIGNALLED
    answers = os.open(bridge.answers, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert readable(answers), "no answer comes"  # the signal may have been one more for the question before
        answer = os.read(answers, 4096)
    finally:
        os.close(answers)
    assert len(answer) == 404
    assert int.from_bytes(answer[:4], sys.byteorder) == 5


def refused(bridge: Bridge, reason: str, count: int = 1) -> None:
    """So many questions were refused for a reason, nothing drawn and nobody signalled."""
    bridge.wait_for_step("withheld", count, reason=reason)
    assert bridge.steps("signalled") == bridge.steps("drawn") == bridge.steps("answered") == []
    bridge.wait_for_log(f"a question was not answered: {reason}")


@pytest.mark.parametrize("pid", [0, -1, 1, -2, -(2**31)])
def test_numbers_that_are_no_clients_get_no_signal(bridge: Bridge, honest: Victim, pid: int) -> None:
    ask(bridge, pid)
    refused(bridge, "no client has such a number")
    assert honest.is_unharmed
    is_served(bridge, honest)


def test_the_bridges_own_number_gets_no_signal(bridge: Bridge, honest: Victim) -> None:
    ask(bridge, bridge.pid)
    refused(bridge, "it is the number of the bridge itself")
    is_served(bridge, honest)


def test_a_number_that_no_process_has_gets_no_signal(bridge: Bridge, honest: Victim) -> None:
    with Victim(bridge.answers) as gone:
        pass
    ask(bridge, gone.pid)
    refused(bridge, "there is no such process")
    is_served(bridge, honest)
    ask(bridge, 2**31 - 1)
    bridge.wait_for_step("withheld", 2, reason="there is no such process")
    is_served(bridge, honest)


def test_a_thread_gets_no_signal(bridge: Bridge, honest: Victim) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert thread.native_id is not None
        ask(bridge, thread.native_id)
        refused(bridge, "it is a thread, not a process")
    finally:
        done.set()
        thread.join()
    is_served(bridge, honest)


def test_a_thread_of_the_kernel_gets_no_signal(bridge: Bridge, honest: Victim) -> None:
    second = Path("/proc/2/comm")
    needs.require(second.exists() and second.read_text() == "kthreadd\n", "the kernel's threads in /proc")
    ask(bridge, 2)
    refused(bridge, "it is a thread of the kernel")
    is_served(bridge, honest)


def test_another_users_process_gets_no_signal_even_from_root(bridge: Bridge, honest: Victim) -> None:
    needs.root()
    with Victim(bridge.answers, uid=STRANGER) as stranger:
        ask(bridge, stranger.pid)
        refused(bridge, "it is another user's process")
        is_served(bridge, honest)
        assert stranger.is_unharmed


def test_roots_process_gets_no_signal_from_a_users_bridge(daemon: Daemon) -> None:
    needs.root()
    with Bridge(daemon).belong_to(STRANGER) as bridge, Victim(bridge.answers) as roots:
        ask(bridge, roots.pid)
        refused(bridge, "it is another user's process")
        assert roots.is_unharmed
        with Victim(bridge.answers, uid=STRANGER) as own:
            is_served(bridge, own)
    assert [body["uid"] for body in daemon.bodies("draw")] == [STRANGER]


def test_a_process_without_a_handler_is_not_ended(bridge: Bridge, honest: Victim) -> None:
    with Victim(bridge.answers, handles=False) as helpless:
        ask(bridge, helpless.pid)
        refused(bridge, "it does not handle SIGUSR1, which would end it")
        is_served(bridge, honest)
        assert helpless.is_unharmed


def test_a_process_that_has_no_fifo_open_gets_no_signal(bridge: Bridge, honest: Victim) -> None:
    with Victim() as innocent:
        ask(bridge, innocent.pid)
        refused(bridge, "it has neither of the two FIFOs open, so it did not ask")
        is_served(bridge, honest)
        assert innocent.is_unharmed


def test_who_was_given_a_dead_clients_number_gets_no_signal(bridge: Bridge, honest: Victim) -> None:
    last = Path("/proc/sys/kernel/ns_last_pid")
    needs.require(os.access(last, os.W_OK) and os.geteuid() == 0, "leave to choose the next process's number")
    bridge.tell(signal.SIGSTOP)
    with Victim(bridge.answers) as client:
        ask(bridge, client.pid)
    newcomer = born_as(client.pid, last)
    with newcomer:
        bridge.tell(signal.SIGCONT)
        refused(bridge, "it has neither of the two FIFOs open, so it did not ask")
        is_served(bridge, honest)
        assert newcomer.is_unharmed


def born_as(pid: int, last: Path) -> Victim:
    """A process with that number; others may be quicker, so it is tried until it is so."""
    for _ in range(1000):
        last.write_text(str(pid - 1))
        newcomer = Victim()
        if newcomer.pid == pid:
            return newcomer
        newcomer.end()
    raise AssertionError(f"nobody was given the number {pid}")


def test_a_zombie_is_a_client_that_has_ended(bridge: Bridge, honest: Victim) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    descriptor = os.pidfd_open(pid)
    try:
        assert readable(descriptor)
        ask(bridge, pid)
        assert bridge.wait_for_step("given up")["reason"] == "the client has ended"
    finally:
        os.close(descriptor)
        os.waitpid(pid, 0)
    is_served(bridge, honest)


def test_a_client_that_never_reads_is_given_up_and_its_answer_taken_back(bridge: Bridge, honest: Victim) -> None:
    with Victim(bridge.answers) as idle:
        ask(bridge, idle.pid, 7)
        step = bridge.wait_for_step("given up")
        assert step["reason"] == "the client did not read its answer within 2 s"
        assert len(bridge.steps("signalled")) > 10, "an unread answer is signalled again"
    is_served(bridge, honest)


def test_a_client_that_dies_is_given_up_at_once(bridge: Bridge, honest: Victim) -> None:
    with Victim(bridge.answers) as client:
        ask(bridge, client.pid)
        assert client.says() == SIGNALLED
        client.end()
        assert bridge.wait_for_step("given up")["reason"] == "the client has ended"
    is_served(bridge, honest)
