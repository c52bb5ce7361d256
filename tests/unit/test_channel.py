"""Channels: replies into a real FIFO as it takes them, and what is known of those it did not take."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fifod.channel import HELD_BYTES, Lost, Slots
from fifod.draw import Reply
from fifod.service import Asked
from fifod.types import Request
from tests.unit.channels import NEVER, PAGE, Line

REQUEST = Request(id=1, method="getStatus", params={}, reply="r" * 32)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    line.close()


def short(serial: int, text: bytes = b"reply\n") -> Reply:
    return Reply(text, None, serial)


def long(serial: int, pieces: int = 1000, size: int = 1000, made: list[int] | None = None) -> Reply:
    return Reply(b"<", pieces_of(pieces, size, made), serial)


def pieces_of(count: int, size: int, made: list[int] | None = None) -> Iterator[bytes]:
    for number in range(count):
        if made is not None:
            made.append(number)
        yield b"%c" % (97 + number % 26) * size
    yield b">\n"


def stream(serial: int = 1, first: bytes = b"begins\n", size: int = 10_000) -> Reply:
    return Reply(first, (bytes([number % 256]) * size for number in range(1 << 30)), serial, is_stream=True)


def take_all(line: Line) -> bytes:
    """Push and read in turn until all is there."""
    found = b""
    while line.channel.has_output:
        line.channel.push(NEVER)
        found += line.read()
    return found + line.read()


def test_a_fresh_channel_has_nothing_to_do(line: Line) -> None:
    line.channel.push(NEVER)
    assert line.channel.is_idle
    assert line.channel.in_flight == 0
    assert not line.channel.has_output
    assert line.read() == b""


def test_small_replies_leave_together_in_order(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = os.writev

    def writev(descriptor: int, chunks: list[bytes | memoryview]) -> int:
        calls.append(len(chunks))
        return real(descriptor, chunks)

    monkeypatch.setattr(os, "writev", writev)
    for serial in range(1, 101):
        line.channel.send(short(serial, b"%d\n" % serial), 0)
    line.channel.push(NEVER)
    assert line.read() == b"".join(b"%d\n" % serial for serial in range(1, 101))
    assert calls == [100]
    assert line.channel.is_idle
    assert line.channel.undelivered() == []


def test_a_long_reply_arrives_whole_through_a_small_fifo(line: Line) -> None:
    line.channel.send(long(1), 0)
    line.channel.send(short(2), 0)
    assert take_all(line) == b"<" + b"".join(pieces_of(1000, 1000)) + b"reply\n"
    assert line.channel.is_idle


def test_no_more_of_a_long_reply_is_made_than_the_fifo_takes(line: Line) -> None:
    made: list[int] = []
    line.channel.send(long(1, made=made), 0)
    line.channel.push(NEVER)
    assert line.channel.is_blocked
    assert len(made) * 1000 <= 65536 + HELD_BYTES + 2000
    before = len(made)
    line.channel.push(NEVER)
    assert len(made) == before


def test_a_channel_that_waits_for_room_says_so_until_there_is(line: Line) -> None:
    def state() -> tuple[bool, bool, bool]:
        return line.channel.is_blocked, line.channel.has_output, line.channel.is_idle

    line.channel.send(long(1, pieces=100), 0)
    line.channel.push(NEVER)
    assert state() == (True, True, False)
    line.read()
    line.channel.push(NEVER)
    assert state() == (False, False, True)


def test_time_that_is_up_ends_a_push_though_there_is_room(line: Line) -> None:
    made: list[int] = []
    line.channel.send(long(1, made=made), 0)
    line.channel.push(0)
    assert len(made) < 5
    assert line.channel.has_output
    assert not line.channel.is_blocked


def test_a_reply_that_has_nothing_to_send_yet_lets_others_have_their_turn(line: Line) -> None:
    made: list[int] = []
    line.channel.send(long(1, size=0, made=made), 0)
    for pushes in range(1, 4):
        line.channel.push(0)
        assert len(made) <= 2 * pushes
    assert take_all(line) == b"<>\n"


def test_progress_is_noted_when_bytes_leave_and_not_when_they_cannot(line: Line) -> None:
    line.channel.send(short(1), 7)
    assert line.channel.progress == 7
    line.channel.push(NEVER)
    noted = line.channel.progress
    assert noted > 7
    line.channel.send(long(2), noted)
    line.channel.push(NEVER)
    stuck = line.channel.progress
    line.channel.send(short(3), stuck + 1000)
    line.channel.push(NEVER)
    assert line.channel.progress == stuck


def test_requests_and_replies_that_wait_are_in_flight(line: Line) -> None:
    line.channel.requests.append(Asked(line.channel.caller, REQUEST))
    line.channel.send(short(1), 0)
    assert line.channel.in_flight == 2
    assert not line.channel.is_idle
    line.channel.requests.clear()
    line.channel.push(NEVER)
    assert line.channel.in_flight == 0


# --- what is not delivered ---


def test_a_client_that_left_is_lost(line: Line) -> None:
    line.hang_up()
    line.channel.send(short(1), 0)
    with pytest.raises(Lost, match="the client left"):
        line.channel.push(NEVER)
    assert line.channel.undelivered() == [1]


def test_draws_that_were_not_written_in_full_are_undelivered(line: Line) -> None:
    for reply in (short(1), short(0), long(2), short(0), short(3), long(4), stream(5)):
        line.channel.send(reply, 0)
    assert line.channel.undelivered() == [1, 2, 3, 4, 5]
    line.channel.push(NEVER)
    assert line.channel.undelivered() == [2, 3, 4, 5]


def test_a_reply_whose_last_byte_is_missing_is_undelivered(line: Line) -> None:
    line.channel.send(Reply(b"x" * 65535, None, 1), 0)
    line.channel.send(Reply(b"y" * 2 * PAGE, None, 2), 0)
    line.channel.push(NEVER)
    assert line.channel.undelivered() == [2]
    line.read()
    line.channel.push(NEVER)
    assert line.channel.undelivered() == []


def test_replies_to_questions_are_never_undelivered(line: Line) -> None:
    line.channel.send(long(0), 0)
    line.channel.send(short(0), 0)
    line.channel.push(NEVER)
    assert line.channel.undelivered() == []


# --- streams ---


def test_a_stream_is_told_by_what_the_fifo_took_of_it(line: Line) -> None:
    line.channel.send(stream(7), 0)
    line.channel.push(NEVER)
    assert line.channel.is_blocked
    taken = line.read().removeprefix(b"begins\n")
    tally = line.channel.tally
    assert tally is not None
    assert (tally.serial, tally.length) == (7, len(taken))
    assert tally.sha256 == hashlib.sha256(taken).hexdigest()
    assert line.channel.undelivered() == []


def test_a_stream_is_told_without_the_replies_before_it(line: Line) -> None:
    line.channel.send(short(1, b"r" * 30_000), 0)
    line.channel.send(stream(2), 0)
    line.channel.push(NEVER)
    taken = line.read()[30_000:].removeprefix(b"begins\n")
    assert taken
    tally = line.channel.tally
    assert tally is not None
    assert (tally.length, tally.sha256) == (len(taken), hashlib.sha256(taken).hexdigest())


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=12), st.integers(0, 70_000), st.integers(1, 70_000))
def test_a_stream_is_told_however_its_client_reads(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], before: int, first: int
) -> None:
    line = Line(tmp_path_factory.mktemp("line"))
    line.channel.send(short(1, b"r" * before), 0)
    line.channel.send(stream(2, first=b"f" * first), 0)
    found = b""
    for size in sizes:
        line.channel.push(NEVER)
        found += line.read(size)
    while rest := line.read():
        found += rest
    taken = found[before + first :]
    tally = line.channel.tally
    line.close()
    assert (tally.length, tally.sha256) == (len(taken), hashlib.sha256(taken).hexdigest()) if tally else not taken


# --- heavy replies ---


def heavy(serial: int) -> Reply:
    return Reply(b"<", pieces_of(200, 1000), serial, is_heavy=True)


def test_of_one_uid_only_so_many_heavy_replies_are_made_at_once(tmp_path: Path) -> None:
    slots = Slots()
    lines = [Line(tmp_path, slots=slots) for _ in range(Slots.PER_UID + 1)]
    for line in lines:
        line.channel.send(heavy(1), 0)
        line.channel.push(NEVER)
    *first, last = lines
    assert [line.channel.is_held for line in lines] == [False] * len(first) + [True]
    assert last.read() == b""
    assert last.channel.undelivered() == [1]
    assert take_all(first[0]).endswith(b">\n")
    assert take_all(last) == b"<" + b"".join(pieces_of(200, 1000))
    assert not last.channel.is_held
    for line in lines:
        line.close()


def test_heavy_replies_of_others_do_not_wait(tmp_path: Path) -> None:
    slots = Slots()
    for uid in range(5):
        line = Line(tmp_path, uid, slots)
        line.channel.send(heavy(1), 0)
        line.channel.push(NEVER)
        assert line.read()
        line.close()


def test_a_heavy_reply_that_is_given_up_makes_room_for_the_next(tmp_path: Path) -> None:
    slots = Slots()
    lines = [Line(tmp_path, slots=slots) for _ in range(Slots.PER_UID + 1)]
    for line in lines:
        line.channel.send(heavy(1), 0)
        line.channel.push(NEVER)
    lines[0].channel.abandon()
    assert take_all(lines[-1]).endswith(b">\n")
    for line in lines:
        line.close()
