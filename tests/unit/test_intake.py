"""The request FIFO: kept for life, read without waiting, replaced without losing what was sent."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from fifod.errors import StartError
from fifod.intake import Intake
from fifod.types import Request


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "requests"


@pytest.fixture
def intake(path: Path) -> Iterator[Intake]:
    intake = Intake(str(path))
    yield intake
    intake.close()


def send(path: Path, *ids: int) -> None:
    """As a client that comes, writes and goes."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    for number in ids:
        line = f'\n{{"jsonrpc":"2.0","method":"getStatus","id":{number},"reply":"{"r" * 32}"}}\n'
        os.write(descriptor, line.encode())
    os.close(descriptor)


def ids(intake: Intake) -> list[object]:
    return [event.id for event in intake.read() or () if isinstance(event, Request)]


def test_it_is_made_for_all_to_write_and_none_to_read(intake: Intake, path: Path) -> None:
    mode = path.stat().st_mode
    assert stat.S_ISFIFO(mode)
    assert stat.S_IMODE(mode) == 0o622


def test_nothing_there_is_no_end(intake: Intake, path: Path) -> None:
    assert intake.read() is None
    send(path, 1)
    assert ids(intake) == [1]
    assert intake.read() is None


def test_a_line_that_a_read_cut_in_two_is_finished_and_what_follows_it_stays(intake: Intake, path: Path) -> None:
    fcntl.fcntl(intake.descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
    send(path, *range(1000))
    first = ids(intake)
    finished = [event.id for event in intake.finish_line() if isinstance(event, Request)]
    assert finished == [len(first)]
    other = Intake(str(path), os.open(path, os.O_RDWR))
    assert ids(other) == list(range(len(first) + 1, 1000))
    other.close()


def test_there_is_nothing_to_finish_behind_a_whole_line_or_where_the_rest_does_not_come(
    intake: Intake, path: Path
) -> None:
    send(path, 1)
    assert ids(intake) == [1]
    send(path, 2)
    assert intake.finish_line() == []
    assert ids(intake) == [2]
    with path.open("w") as stream:
        stream.write('{"half')
    assert ids(intake) == []
    assert intake.finish_line() == []


def test_a_descriptor_that_was_passed_is_read_without_waiting(path: Path) -> None:
    os.mkfifo(path, 0o600)
    passed = os.open(path, os.O_RDWR)
    assert os.get_blocking(passed)
    intake = Intake(str(path), passed)
    assert intake.descriptor == passed
    assert intake.read() is None
    intake.close()


def test_clients_come_and_go_and_nothing_is_lost(intake: Intake, path: Path) -> None:
    for number in range(1, 4):
        send(path, number, number + 10)
    assert ids(intake) == [1, 11, 2, 12, 3, 13]


def test_a_request_may_come_in_parts(intake: Intake, path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    line = b'{"jsonrpc":"2.0","method":"getStatus","id":1,"reply":"%b"}\n' % (b"r" * 32)
    for at in range(0, len(line), 10):
        assert intake.read() in (None, [])
        os.write(descriptor, line[at : at + 10])
    os.close(descriptor)
    assert ids(intake) == [1]


def test_one_that_is_there_is_taken_with_what_is_in_it(path: Path) -> None:
    os.mkfifo(path, 0o622)
    keeper = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    send(path, 1, 2)
    intake = Intake(str(path))
    assert ids(intake) == [1, 2]
    intake.close()
    os.close(keeper)


def test_one_that_was_replaced_is_noticed_and_what_it_held_is_kept(intake: Intake, path: Path) -> None:
    send(path, 1, 2)
    path.unlink()
    was_in_place = intake.is_in_place
    assert [event.id for event in intake.reopen()] == [1, 2]
    assert (was_in_place, intake.is_in_place) == (False, True)
    send(path, 3)
    assert ids(intake) == [3]


def stand_in(path: Path, kind: str) -> None:
    match kind:
        case "file":
            path.touch()
        case "directory":
            path.mkdir()
        case "link":
            path.symlink_to("/dev/null")
        case "readable FIFO":
            os.mkfifo(path)
            path.chmod(0o644)


@pytest.mark.parametrize("kind", ["file", "directory", "link", "readable FIFO"])
def test_what_is_no_request_fifo_is_refused_and_left_alone(path: Path, kind: str) -> None:
    stand_in(path, kind)
    before = path.lstat()
    with pytest.raises(StartError, match=f"cannot (use|open the request FIFO) {path}"):
        Intake(str(path))
    assert path.lstat().st_ino == before.st_ino


def test_while_something_else_stands_in_its_place_the_old_one_is_kept(intake: Intake, path: Path) -> None:
    keeper = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    path.unlink()
    path.touch()
    with pytest.raises(StartError):
        intake.reopen()
    os.write(keeper, b'{"jsonrpc":"2.0","method":"getStatus","id":7,"reply":"%b"}\n' % (b"r" * 32))
    os.close(keeper)
    assert ids(intake) == [7]
