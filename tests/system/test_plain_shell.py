"""Requests of plain shell, one line and one write each, through restarts, kills and stops of the daemon."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fifod.intake import READ_BYTES
from tests.system.load import Draws
from tests.system.machine import Machine
from tests.waiting import DEADLINE

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(600)]

USERS = ("ann", "ben")
SCRIPT = "/srv/shell_client.sh"
REQUESTS = "/run/fifod/requests"
STOP = "/tmp/stop"
RESTARTS = KILLS = STOPS = 5
WRITERS = 8
FIFOS = 5
"""Of each writer. Even if it alone fills all that the daemon reads ahead, none has more under way than is allowed."""
SHORTEST_LINE = 120
"""Less than a request of the script has."""
READ_AHEAD = READ_BYTES // SHORTEST_LINE
"""What one read takes in: the next comes when all of it is drawn, and the replies of a batch leave with it."""

Note = Callable[[str, object], None]


@pytest.fixture(scope="module", autouse=True)
def users(machine: Machine) -> None:
    machine.write(SCRIPT, (Path(__file__).parent / "shell_client.sh").read_text())
    for name in USERS:
        machine.add_user(name)


@pytest.fixture(autouse=True)
def as_installed(machine: Machine) -> Iterator[None]:
    yield
    machine.systemctl("start", "fifod")
    machine.run("rm", "-f", STOP)


class Writers:
    """Shell clients as several users, each with its own reply FIFO."""

    def __init__(self, machine: Machine, count: int, pause: str) -> None:
        self._machine = machine
        names = [[os.urandom(16).hex() for _ in range(FIFOS)] for _ in range(count)]
        self._running = [
            machine.start("sh", SCRIPT, pause, *names[i], user=USERS[i % len(USERS)]) for i in range(count)
        ]
        for writer in self._running:
            assert writer.stdout
            assert writer.stdout.readline() == "asking\n"

    def end(self) -> tuple[int, int]:
        """Let all of them ask a last time; how many requests they made, and how many replies they got."""
        self._machine.run("touch", STOP)
        told = [self._replies(writer) for writer in self._running]
        return sum(asked for asked, _ in told), sum(replied for _, replied in told)

    def fail(self) -> None:
        """Wait until each has ended, as it met with an error or a closed FIFO."""
        for writer in self._running:
            writer.communicate(timeout=DEADLINE)
            assert writer.returncode != 0

    def _replies(self, writer: subprocess.Popen[str]) -> tuple[int, int]:
        said = writer.communicate(timeout=4 * DEADLINE)[0]
        assert writer.returncode == 0, said
        asked, *replies = said.splitlines()
        times = Counter(json.loads(reply)["id"] for reply in replies if "result" in json.loads(reply))
        assert max(times.values()) <= FIFOS
        assert times.keys() <= {"last", *range(1, int(asked) + 1)}
        return FIFOS * (int(asked) + 1), times.total()


def test_no_line_is_lost_on_restart(machine: Machine, record_property: Note) -> None:
    writers = Writers(machine, 4, "sleep 0.01")
    for _ in range(RESTARTS):
        machine.systemctl("restart", "fifod")
    asked, replied = writers.end()
    record_property("lines", asked)
    print(f"{asked} lines over {RESTARTS} restarts, {replied} replies")
    assert replied == asked


def test_a_kill_loses_at_most_what_the_daemon_had_read(machine: Machine, record_property: Note) -> None:
    before = len(Draws(machine))
    writers = Writers(machine, WRITERS, ":")
    pid = machine.main_pid()
    for _ in range(KILLS):
        machine.kill(pid, "KILL")
        machine.wait_until(
            lambda pid=pid: (
                machine.main_pid() not in (0, pid)  # type: ignore[misc]
                and machine.show("fifod.service", "ActiveState") == "active"
            ),
            "another daemon serves",
        )
        pid = machine.main_pid()
    asked, replied = writers.end()
    draws = Draws(machine)
    draws.check_numbers()
    lost, recorded = asked - replied, len(draws) - before
    record_property("lines", asked)
    record_property("lines lost by five kills", lost)
    print(f"{asked} lines over {KILLS} kills: {lost} without reply, of which {recorded - replied} are recorded")
    assert replied <= recorded <= asked
    assert lost <= KILLS * READ_AHEAD


def test_after_a_stop_our_client_says_so_at_once(machine: Machine) -> None:
    machine.systemctl("stop", "fifod")
    for timeout in ("1", "86400"):
        done = machine.attempt("fifod-client", "1", "--timeout", timeout, user="ann")
        assert done.returncode == 69
        assert done.stderr.startswith("fifod-client: fifod is not running in /run/fifod: ")


def test_after_a_stop_a_plain_echo_does_not_hang(machine: Machine) -> None:
    machine.systemctl("stop", "fifod")
    done = machine.attempt("timeout", "5", "sh", "-c", f"echo > {REQUESTS}", user="ann")
    assert done.returncode not in (0, 124)
    assert done.stderr


def test_a_stop_in_the_midst_of_requests_lets_none_wait(machine: Machine) -> None:
    for _ in range(STOPS):
        machine.systemctl("start", "fifod")
        writers = Writers(machine, len(USERS), ":")
        machine.systemctl("stop", "fifod")
        writers.fail()
        machine.wait_until(lambda: machine.show("fifod.socket", "ActiveState") == "inactive", "the FIFO is gone")
        assert machine.show("fifod.service", "ActiveState") == "inactive"
