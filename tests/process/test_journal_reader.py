"""The journal's reader as systemd starts it, on a machine whose journal may be empty: questions good, bad and none."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from fifod import journal_reader
from tests.daemons import reachable_directory, remove
from tests.waiting import DEADLINE

# systemd sets LISTEN_PID to the process that it becomes.
AS_SYSTEMD = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", sys.executable, "-m", "fifod.journal_reader"]
GOOD = b'{"after": null, "n": 5}\n'


@pytest.fixture
def place() -> Iterator[Path]:
    place = reachable_directory()
    yield place
    remove(place)


def start(place: Path, *descriptors: int, count: str | None = None) -> subprocess.Popen[str]:
    """Start the reader with descriptors, from number 3 on."""
    given = [os.fspath(part) for part in AS_SYSTEMD]
    environment = {**os.environ, "LISTEN_FDS": count or str(len(descriptors)), "FIFOD_JOURNAL": str(place / "socket")}

    def place_descriptors() -> None:
        copies = [os.dup(descriptor) for descriptor in descriptors]
        high = [os.dup2(copy, 50 + number) for number, copy in enumerate(copies)]
        for number, descriptor in enumerate(high):
            os.dup2(descriptor, 3 + number)

    return subprocess.Popen(
        given, env=environment, preexec_fn=place_descriptors, close_fds=False, stderr=subprocess.PIPE, text=True
    )


@contextmanager
def served(place: Path) -> Iterator[subprocess.Popen[str]]:
    """A reader that serves the socket below a directory."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket"))
        listener.listen(64)
        with tempfile.TemporaryFile() as foreign, start(place, foreign.fileno(), listener.fileno()) as reader:
            try:
                yield reader
            finally:
                reader.kill()


def connect(place: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(place / "socket"))  # which waits while the queue is full, without a timeout only
    client.settimeout(DEADLINE)
    return client


def ask(place: Path, question: bytes) -> list[dict[str, Any]]:
    with connect(place) as client:
        client.sendall(question)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return [json.loads(line) for line in answer.splitlines()]


def test_it_finds_its_socket_among_what_was_passed_and_answers(place: Path) -> None:
    with served(place):
        assert all(line.keys() == {"cursor", "time", "unit", "priority", "message"} for line in ask(place, GOOD))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (b"\n", "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b"GET / HTTP/1.1\r\n\r\n", "not JSON"),
        (b"[" * 1000 + b"\n", "not JSON"),
        (b"[]\n", "members"),
        (b'{"n": 5}\n', "members"),
        (b'{"after": null, "n": 5, "unit": "ssh.service"}\n', "members"),
        (b'{"after": null, "n": 0}\n', "from 1 to 500"),
        (b'{"after": null, "n": 501}\n', "from 1 to 500"),
        (b'{"after": null, "n": true}\n', "from 1 to 500"),
        (b'{"after": null, "n": "5"}\n', "from 1 to 500"),
        (b'{"after": 1, "n": 5}\n', "cursor"),
        (b'{"after": "", "n": 5}\n', "cursor"),
        (b'{"after": "s=1;i=2", "n": 5}\n', "cursor"),
        (b'{"after": "_SYSTEMD_UNIT=ssh.service", "n": 5}\n', "cursor"),
        (b"x" * 1024, "at most 1024 bytes"),
    ],
)
def test_what_is_no_question_gets_an_error(place: Path, question: bytes, words: str) -> None:
    with served(place):
        [answer] = ask(place, question)
        assert answer.keys() == {"error"} and words in answer["error"]
        assert "error" not in json.dumps(ask(place, GOOD)[:1])


def test_a_line_without_end_is_cut_off(place: Path) -> None:
    with served(place):
        with connect(place) as client, pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(1000):
                client.sendall(b"x" * 65536)
        assert "error" not in json.dumps(ask(place, GOOD)[:1])


def test_half_a_question_gets_an_error(place: Path) -> None:
    with served(place), connect(place) as client:
        client.sendall(GOOD[:5])
        client.shutdown(socket.SHUT_WR)
        assert b"one line" in client.recv(65536)


def test_clients_that_say_nothing_are_left_and_hold_nobody_up_for_long(place: Path) -> None:
    with served(place) as reader, ExitStack() as stack:
        silent = [stack.enter_context(connect(place)) for _ in range(journal_reader.MOST_CLIENTS + 4)]
        assert ask(place, GOOD) is not None
        assert all(b"no line came" in client.recv(65536) for client in silent)
        assert reader.poll() is None


def test_clients_that_go_away_do_no_harm(place: Path) -> None:
    with served(place) as reader:
        for question in (b"", b"{", GOOD, GOOD * 3):
            with connect(place) as client:
                client.sendall(question)
        assert ask(place, GOOD) is not None
        assert reader.poll() is None


def _regular(place: Path) -> int:
    return os.open(place / "file", os.O_CREAT | os.O_RDWR)


def _elsewhere(place: Path) -> int:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place / "elsewhere"))
    listener.listen()
    return listener.detach()


def _not_listening(place: Path) -> int:
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(place / "socket"))
    return bound.detach()


def _datagrams(place: Path) -> int:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    bound.bind(str(place / "socket"))
    return bound.detach()


@pytest.mark.parametrize("make", [_regular, _elsewhere, _not_listening, _datagrams])
def test_it_serves_nothing_but_its_own_socket(place: Path, make: Any) -> None:
    descriptor = make(place)
    try:
        with start(place, descriptor) as reader:
            _, said = reader.communicate(timeout=DEADLINE)
    finally:
        os.close(descriptor)
    assert reader.returncode == journal_reader.CANNOT_START
    start_of, _, rest = said.partition(": none of ")
    assert start_of == "fifod.journal_reader: cannot start"
    assert rest == f"the 1 descriptors passed is a socket that listens at {place}/socket\n"


@pytest.mark.parametrize("count", ["0", "-1", "x", "1000"])
def test_without_a_socket_it_says_what_to_start(place: Path, count: str) -> None:
    with start(place, count=count) as reader:
        _, said = reader.communicate(timeout=DEADLINE)
    assert reader.returncode == journal_reader.CANNOT_START
    assert "start fifod-journal.socket" in said and "Traceback" not in said
