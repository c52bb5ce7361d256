"""The control socket of a trial's supervisor: whom it hears, what it makes of nonsense, and whom it keeps waiting."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.lines import KEPT, Lines
from tests import needs
from tests.children import in_child
from tests.supervised import Supervised
from tests.waiting import DEADLINE

TELL = b'{"do": "tell"}\n'


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Supervised]:
    """A supervisor with one program."""
    trial = Supervised(tmp_path)
    trial.start("fifod")
    with trial.running():
        trial.wait_until_ready()
        yield trial


def connect(trial: Supervised) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(
        f"\0{trial.address.removeprefix('@')}"
    )  # which waits while the queue is full, without a timeout only
    client.settimeout(DEADLINE)
    return client


def exchange(trial: Supervised, order: bytes) -> bytes:
    """Send an order and take all that comes; nothing, if the supervisor hung up before it had read all of it."""
    with connect(trial) as client:
        try:
            client.sendall(order)
            return b"".join(iter(lambda: client.recv(65536), b""))
        except (BrokenPipeError, ConnectionResetError):
            return b""


def ask(trial: Supervised, **order: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(exchange(trial, json.dumps(order).encode() + b"\n"))
    return answer


def test_it_tells_how_the_programs_are(trial: Supervised) -> None:
    [state] = ask(trial, do="tell")["states"]
    assert (state["name"], state["condition"], state["restarts"]) == ("fifod", "running", 0)
    assert state["memory"] > 0 and Path(f"/proc/{state['pid']}").exists()


@pytest.mark.parametrize(
    "order",
    [
        b"\n",
        b"null\n",
        b"[]\n",
        b"\xff\xfe\n",
        b'{"do": "kill", "program": "fifod"}\n',
        b'{"do": "stop", "program": "web"}\n',
        b'{"do": "stop", "program": ["fifod"]}\n',
        b'{"do": "reload", "program": "recorder"}\n',
        b'{"do": "read", "after": null, "n": 0}\n',
        b'{"do": "read", "after": null, "n": 501}\n',
        b'{"do": "read", "after": 1, "n": 1}\n',
        b"[" * 1000 + b"\n",
    ],
)
def test_what_is_no_order_gets_an_error(trial: Supervised, order: bytes) -> None:
    assert json.loads(exchange(trial, order)).keys() == {"error"}
    assert ask(trial, do="tell")["states"][0]["condition"] == "running"


@pytest.mark.parametrize("order", [b"", b"x" * 100_000, b" " * 2000 + b"\n"], ids=["nothing", "no end", "too long"])
def test_a_client_that_sends_no_line_is_left(trial: Supervised, order: bytes) -> None:
    with connect(trial) as client:
        try:
            client.sendall(order)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert ask(trial, do="tell")["states"]


def test_silent_clients_are_left_after_a_while_and_keep_nobody_waiting(trial: Supervised) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(trial)) for _ in range(10)]
        assert ask(trial, do="tell")["states"]
        assert [client.recv(1) for client in silent] == [b""] * 10


def test_more_clients_than_it_takes_are_sent_away(trial: Supervised) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(trial)) for _ in range(40)]
        assert all(client.recv(1) == b"" for client in clients)
    assert ask(trial, do="tell")["states"]


def test_other_users_are_not_heard(trial: Supervised) -> None:
    needs.root()
    before = ask(trial, do="tell")["states"][0]["pid"]
    told = in_child(lambda: exchange(trial, b'{"do": "stop", "program": "fifod"}\n').decode(), uid=65534)
    assert told == ""
    assert ask(trial, do="tell")["states"][0]["pid"] == before


def test_its_name_cannot_be_guessed(trial: Supervised) -> None:
    assert len(trial.address.rpartition("-")[2]) == 32
    assert f"{os.getuid()}" not in trial.address.rpartition("-")[0]


def test_a_window_of_lines_goes_on_where_it_stood() -> None:
    lines = Lines()
    for number in range(3):
        lines.add("fifod", str(number))
    first = lines.behind(None, 2)
    assert ([line["text"] for line in first["lines"]], first["whole"]) == (["1", "2"], True)
    assert lines.behind(first["cursor"], 10)["lines"] == []
    lines.add("fifod", "3")
    second = lines.behind(first["cursor"], 10)
    assert ([line["text"] for line in second["lines"]], second["whole"]) == (["3"], False)


def test_a_window_that_was_left_behind_begins_anew() -> None:
    lines = Lines()
    lines.add("fifod", "first")
    cursor = lines.behind(None, 10)["cursor"]
    for number in range(KEPT + 1):
        lines.add("fifod", str(number))
    found = lines.behind(cursor, 500)
    assert found["whole"] and len(found["lines"]) == KEPT
