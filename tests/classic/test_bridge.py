"""The bridge from its start to its end: FIFOs, PID file, signals, stops, and a daemon that comes and goes."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import needs
from tests.classic.bridges import Bridge
from tests.classic.victims import SIGNALLED, Victim, question, write
from tests.daemons import Daemon
from tests.waiting import DEADLINE, pace, readable, until

STRANGER = 65534


def answer(bridge: Bridge) -> list[int]:
    """The answer that lies in the second FIFO."""
    descriptor = os.open(bridge.answers, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert readable(descriptor), "no answer comes"
        frame = os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
    assert len(frame) == 404
    count, *values = memoryview(frame).cast("i").tolist()
    assert not any(values[count:])
    return values[:count]


def draw(bridge: Bridge, client: Victim, n: int = 5) -> list[int]:
    """What a client gets for its question."""
    write(bridge.questions, question(client.pid, n))
    assert client.says() == SIGNALLED
    return answer(bridge)


def test_it_says_its_number_and_makes_both_fifos_private(bridge: Bridge) -> None:
    bridge.wait_for_log(f"use: client {bridge.process.pid}\n")
    assert bridge.pid_file.read_text() == f"{bridge.process.pid}\n"
    assert stat.filemode(bridge.pid_file.stat().st_mode) == "-rw-r--r--"
    for fifo in (bridge.questions, bridge.answers):
        assert stat.filemode(fifo.stat().st_mode) == "prw-------"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_leaves_nothing_behind(bridge: Bridge, number: int) -> None:
    assert bridge.stop(number) == 0
    assert not bridge.questions.exists()
    assert not bridge.answers.exists()
    assert list(bridge.run.iterdir()) == []


# A signal that comes when everything is made and nothing is served yet.
EARLY = (
    "import os, sys; from fifod.classic import command; from fifod.classic.__main__ import main; make = command.Bridge;"
    " command.Bridge = lambda *given: os.kill(os.getpid(), {number}) or make(*given); sys.exit(main())"
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_while_it_starts_it_leaves_nothing_behind(daemon: Daemon, number: int) -> None:
    bridge = Bridge(daemon)
    bridge.program = ("-c", EARLY.format(number=int(number)))
    bridge.spawn()
    assert bridge.wait() == 0
    assert "Traceback" not in bridge.log
    assert list(bridge.place.iterdir()) == [bridge.run]
    assert list(bridge.run.iterdir()) == []


def test_it_stops_although_its_starter_had_blocked_the_signal(daemon: Daemon) -> None:
    def block() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})

    bridge = Bridge(daemon)
    with bridge.start(prepare=block), Victim(bridge.answers) as client:
        assert len(draw(bridge, client)) == 5
        assert bridge.stop() == 0


def test_the_umask_takes_nothing_from_the_modes(daemon: Daemon) -> None:
    def be_strict() -> None:
        os.umask(0o777)

    bridge = Bridge(daemon)
    with bridge.start(prepare=be_strict):
        assert stat.filemode(bridge.questions.stat().st_mode) == "prw-------"
        assert stat.filemode(bridge.pid_file.stat().st_mode) == "-rw-r--r--"


def test_each_draw_is_recorded_as_classic_with_the_pid_as_a_claim(daemon: Daemon, bridge: Bridge) -> None:
    with Victim(bridge.answers) as client:
        values = draw(bridge, client, 7)
    [body] = daemon.bodies("draw")
    assert (body["transport"], body["claimedPid"], body["uid"]) == ("classic", client.pid, os.geteuid())
    assert body["params"] | {"n": 7, "min": 1, "max": 100} == body["params"]
    assert len(values) == 7
    assert all(1 <= value <= 100 for value in values)


@pytest.mark.parametrize("n", [0, -1, 101, 2**31 - 1, -(2**31)])
def test_n_out_of_range_gets_no_values_at_once(daemon: Daemon, bridge: Bridge, n: int) -> None:
    with Victim(bridge.answers) as client:
        assert draw(bridge, client, n) == []
        assert bridge.steps("no draw")[0]["reason"] == "n is not from 1 to 100"
        assert len(draw(bridge, client, 100)) == 100
    assert len(daemon.bodies("draw")) == 1


def test_while_the_daemon_is_stopped_there_are_no_values_and_then_there_are_again(
    daemon: Daemon, bridge: Bridge
) -> None:
    with Victim(bridge.answers) as client:
        assert len(draw(bridge, client)) == 5
        daemon.stop()
        (daemon.run / "requests").unlink()
        assert draw(bridge, client) == []
        assert draw(bridge, client) == []
        bridge.wait_for_step("no draw", 2)
        daemon.start()
        assert len(draw(bridge, client)) == 5


# A question outlives a restart of three seconds. How long one takes here is for the machine to say.
PATIENT = (
    f"import sys; from fifod.classic import bridge; bridge._DRAWING = {DEADLINE};"
    " from fifod.classic.__main__ import main; sys.exit(main())"
)


def test_a_restart_of_the_daemon_fails_no_question(daemon: Daemon) -> None:
    bridge = Bridge(daemon)
    bridge.program = ("-c", PATIENT)
    with bridge.start(), Victim(bridge.answers) as client:
        assert len(draw(bridge, client)) == 5
        daemon.kill()
        write(bridge.questions, question(client.pid, 6))
        bridge.wait_for_step("question", 2)
        daemon.start()
        assert client.says() == SIGNALLED
        assert len(answer(bridge)) == 6


def test_stopping_it_answers_what_has_been_asked(bridge: Bridge) -> None:
    with Victim(bridge.answers) as first, Victim(bridge.answers) as second:
        bridge.tell(signal.SIGSTOP)
        for client in (first, second):
            write(bridge.questions, question(client.pid, 5))
        answers = os.open(bridge.answers, os.O_RDONLY | os.O_NONBLOCK)
        bridge.tell(signal.SIGTERM)
        bridge.tell(signal.SIGCONT)
        for client in (first, second):
            assert client.says() == SIGNALLED
            assert readable(answers)
            assert len(os.read(answers, 404)) == 404
        os.close(answers)
    assert bridge.wait() == 0


def test_stopping_it_waits_for_nobody_for_long(bridge: Bridge) -> None:
    with Victim(bridge.answers) as idle:
        for _ in range(50):
            write(bridge.questions, question(idle.pid, 5))
        bridge.wait_for_step("signalled")
        assert bridge.stop() == 0


# --- FIFOs that are not as they should be ---


def cannot_start(bridge: Bridge, text: str, status: int = 3) -> None:
    bridge.spawn()
    assert bridge.wait() == status
    assert text in bridge.log
    assert not bridge.pid_file.exists()


@pytest.mark.parametrize("which", ["questions", "answers"])
def test_somebody_elses_fifo_is_neither_used_nor_removed(daemon: Daemon, which: str) -> None:
    needs.root()
    bridge = Bridge(daemon)
    fifo: Path = getattr(bridge, which)
    os.mkfifo(fifo, 0o666)
    os.chown(fifo, STRANGER, STRANGER)
    before = fifo.stat()
    cannot_start(bridge, f"cannot use {fifo}: it belongs to nobody (uid {STRANGER}); set FIFOD_CLASSIC_FIFO1 and")
    assert fifo.stat() == before
    assert [path for path in (bridge.questions, bridge.answers) if path.exists()] == [fifo]


@pytest.mark.parametrize("which", ["questions", "answers"])
@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("/dev/null")])
def test_what_is_no_fifo_is_neither_used_nor_removed(daemon: Daemon, which: str, make: Callable[[Path], None]) -> None:
    bridge = Bridge(daemon)
    there: Path = getattr(bridge, which)
    make(there)
    cannot_start(bridge, f"cannot use {there}: it is not a FIFO")
    assert [path for path in (bridge.questions, bridge.answers) if os.path.lexists(path)] == [there]


def test_a_folder_that_is_not_there_is_said(daemon: Daemon) -> None:
    nowhere = str(daemon.place / "nowhere" / "fifo1")
    cannot_start(
        Bridge(daemon, FIFOD_CLASSIC_FIFO1=nowhere), f"cannot make the FIFO {nowhere}: No such file or directory"
    )


def test_a_second_bridge_does_not_take_the_firsts_questions(daemon: Daemon, bridge: Bridge) -> None:
    other = daemon.place / "other"
    other.mkdir()
    second = Bridge(daemon, FIFOD_CLASSIC_DIR=str(other))
    second.spawn()
    assert second.wait() == 75
    assert f"cannot serve {bridge.questions}: another bridge or server reads it" in second.log
    with Victim(bridge.answers) as client:
        assert len(draw(bridge, client)) == 5


def test_a_second_bridge_does_not_take_the_firsts_directory(daemon: Daemon, bridge: Bridge) -> None:
    fifo1, fifo2 = (str(daemon.place / name) for name in ("q", "a"))
    second = Bridge(daemon, FIFOD_CLASSIC_FIFO1=fifo1, FIFOD_CLASSIC_FIFO2=fifo2)
    second.spawn()
    assert second.wait() == 75
    assert f"another fifod-classic (pid {bridge.pid}) has {bridge.pid_file}" in second.log
    assert bridge.pid == bridge.process.pid


def test_it_does_not_take_the_questions_of_the_exercises_own_server(daemon: Daemon) -> None:
    bridge = Bridge(daemon)
    os.mkfifo(bridge.questions)
    server = os.open(bridge.questions, os.O_RDONLY | os.O_NONBLOCK)
    try:
        cannot_start(bridge, f"cannot serve {bridge.questions}: another bridge or server reads it", 75)
        assert bridge.questions.exists()
    finally:
        os.close(server)


def test_after_a_kill_it_takes_its_fifos_over_and_answers_what_waits_in_them(bridge: Bridge) -> None:
    with Victim(bridge.answers) as client:
        held = os.open(bridge.questions, os.O_WRONLY)
        bridge.kill()
        assert bridge.questions.exists()
        os.set_blocking(held, False)
        bridge.questions.chmod(0o666)
        os.close(held)
        bridge.start()
        assert stat.filemode(bridge.questions.stat().st_mode) == "prw-------"
        assert len(draw(bridge, client)) == 5


def test_a_question_outlives_a_killed_bridge_as_long_as_its_client_has_the_fifo_open(bridge: Bridge) -> None:
    with Victim(bridge.answers) as client:
        client_side = os.open(bridge.questions, os.O_WRONLY)
        bridge.tell(signal.SIGSTOP)
        os.write(client_side, question(client.pid, 9))
        bridge.kill()
        bridge.start()
        assert client.says() == SIGNALLED
        assert len(answer(bridge)) == 9
        os.close(client_side)


@pytest.mark.parametrize("removed", [("questions",), ("answers",), ("questions", "answers")])
def test_fifos_that_somebody_removes_are_made_anew(bridge: Bridge, removed: tuple[str, ...]) -> None:
    for name in removed:
        getattr(bridge, name).unlink()
    bridge.wait_for_log("making both anew")

    def are_there() -> bool:
        pace(0.005)
        return bridge.questions.exists() and bridge.answers.exists()

    until(are_there, "both FIFOs are there again")
    with Victim(bridge.answers) as client:
        assert len(draw(bridge, client)) == 5


def test_it_ends_if_somebody_else_took_a_fifos_place(bridge: Bridge) -> None:
    needs.root()
    other = bridge.place / "other"
    os.mkfifo(other)
    os.chown(other, STRANGER, STRANGER)
    other.rename(bridge.answers)
    assert bridge.wait() == 3
    assert f"cannot use {bridge.answers}: it belongs to nobody" in bridge.log
    assert bridge.answers.exists()


def test_somebody_who_fills_the_second_fifo_stops_it_only_meanwhile(bridge: Bridge) -> None:
    flooder = os.fork()
    if flooder == 0:
        descriptor = os.open(bridge.answers, os.O_WRONLY)
        while True:
            os.write(descriptor, bytes(4096))
    try:
        with Victim(bridge.answers) as client:
            write(bridge.questions, question(client.pid, 5))
            bridge.wait_for_step("given up")
    finally:
        os.kill(flooder, signal.SIGKILL)
        os.waitpid(flooder, 0)
    with Victim(bridge.answers) as client:
        assert len(draw(bridge, client)) == 5


def test_it_keeps_nothing_open_of_what_is_over(bridge: Bridge) -> None:
    with Victim(bridge.answers) as client:
        draw(bridge, client)
        before = bridge.descriptors()
        for _ in range(20):
            draw(bridge, client)
            write(bridge.questions, question(1, 5))
        with Victim(bridge.answers) as gone:
            pass
        write(bridge.questions, question(gone.pid, 5))
        draw(bridge, client)
        bridge.wait_for_step("acknowledged", 22)

        def are_closed() -> bool:
            pace(0.005)
            return bridge.descriptors() <= before

        until(are_closed, "it has no more open than in its first exchange")


# --- signals ---


def test_an_acknowledgement_by_another_process_does_not_count(bridge: Bridge) -> None:
    with Victim(bridge.answers) as client:
        write(bridge.questions, question(client.pid, 5))
        assert client.says() == SIGNALLED
        os.kill(bridge.pid, signal.SIGUSR1)
        assert client.says() == SIGNALLED, "its answer lies unread, so it is signalled again"
        assert bridge.steps("acknowledged") == []
        assert len(answer(bridge)) == 5
        assert bridge.wait_for_step("acknowledged")["reason"] == "read"


def test_no_flood_of_signals_harms_it(daemon: Daemon) -> None:
    bridge = Bridge(daemon)
    with bridge.start():
        stop, stopped = os.pipe()
        flooder = os.fork()
        if flooder == 0:
            while not readable(stop, seconds=0):
                os.kill(bridge.process.pid, signal.SIGUSR1)
            os._exit(0)
        try:
            with Victim(bridge.answers) as client:
                for n in range(1, 30):
                    assert len(draw(bridge, client, n)) == n
        finally:
            os.write(stopped, b"x")
            os.waitpid(flooder, 0)
            os.close(stop)
            os.close(stopped)
        os.kill(bridge.process.pid, signal.SIGUSR1)
        assert bridge.stop() == 0


def test_a_stopped_client_is_not_signalled_so_that_it_takes_nobodys_answer(bridge: Bridge) -> None:
    with Victim(bridge.answers) as stopped, Victim(bridge.answers) as next_one:
        os.kill(stopped.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, stopped.pid, os.WSTOPPED)
        write(bridge.questions, question(stopped.pid, 5))
        assert bridge.wait_for_step("withheld")["reason"] == "the client is stopped"
        bridge.wait_for_step("given up")
        assert bridge.steps("signalled") == []
        os.kill(stopped.pid, signal.SIGCONT)
        assert len(draw(bridge, next_one, 6)) == 6
        assert stopped.is_unharmed
