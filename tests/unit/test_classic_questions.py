"""How questions are cut out of what comes, and found again behind stray bytes."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fifod.classic.frames import Question
from fifod.classic.questions import PATIENCE_NS, Questions


def frame(pid: int, n: int) -> bytes:
    return struct.pack("@ii", pid, n)


class Fifo:
    """Bytes that wait, and the processes that have the FIFO open."""

    def __init__(self, data: bytes = b"", askers: tuple[int, ...] = ()) -> None:
        self.data = data
        self.questions = Questions(self.read, askers.__contains__)
        self.now = 0

    def read(self, size: int) -> bytes:
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def all(self) -> list[Question]:
        """Every question that comes now."""
        found = []
        while (question := self.questions.next(self.now)) is not None:
            found.append(question)
        return found


def test_eight_bytes_are_a_question() -> None:
    fifo = Fifo(frame(4242, 5) + frame(4243, 100) + frame(7, 1))
    assert fifo.all() == [(4242, 5), (4243, 100), (7, 1)]
    assert fifo.questions.take_dropped() == 0


def test_no_more_is_read_than_the_next_question_needs() -> None:
    fifo = Fifo(frame(4242, 5) + frame(4243, 6))
    assert fifo.questions.next(0) == (4242, 5)
    assert fifo.data == frame(4243, 6)


@pytest.mark.parametrize("pid", [0, -1, 1, -(2**31), 2**31 - 1])
def test_a_question_may_name_any_process_while_all_is_well(pid: int) -> None:
    assert Fifo(frame(pid, 5)).all() == [(pid, 5)]


@pytest.mark.parametrize("n", [0, -1, 101, 2**31 - 1, -(2**31)])
def test_a_wild_n_is_a_question_of_a_process_that_has_asked(n: int) -> None:
    assert Fifo(frame(4242, n), askers=(4242,)).all() == [(4242, n)]


@pytest.mark.parametrize("n", [0, -1, 101, 2**31 - 1, -(2**31)])
def test_a_wild_n_of_any_other_process_is_dropped(n: int) -> None:
    fifo = Fifo(frame(4242, n) + frame(4243, 5), askers=(4243,))
    assert fifo.all() == [(4243, 5)]
    assert fifo.questions.take_dropped() == 8


@pytest.mark.parametrize("stray", range(1, 8))
@pytest.mark.parametrize("byte", [b"\0", b"\1", b"\n", b"a", b"\xff"])
def test_stray_bytes_cost_no_question_behind_them(stray: int, byte: bytes) -> None:
    pids = (1000, 1001, 30000, 4_000_000)
    fifo = Fifo(byte * stray + b"".join(frame(pid, 5) for pid in pids), askers=pids)
    assert [question.pid for question in fifo.all() if question.pid in pids] == [*pids]


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=20), st.integers(0, 2)), max_size=20), st.randoms())
def test_no_bytes_between_them_cost_more_than_the_next_question(
    parts: list[bytes | int], chance: random.Random
) -> None:
    """Whatever stands between questions: of two in a row from processes that wait, the second is always found."""
    pids, data, seconds = (30001, 30002, 30003), b"", 0
    for part in parts:
        if isinstance(part, bytes):
            data += part
        else:
            data += frame(pids[part], 1 + chance.randrange(100)) + frame(39999, 77)
            seconds += 1
    found = Fifo(data, askers=(*pids, 39999)).all()
    assert found.count(Question(39999, 77)) == seconds


def test_after_a_doubtful_one_only_processes_that_have_asked_are_believed() -> None:
    fifo = Fifo(frame(5, 5) + frame(6, 6) + frame(4242, 7) + frame(6, 6), askers=(4242,))
    assert fifo.questions.next(0) == (5, 5)
    fifo.questions.doubt()
    assert fifo.all() == [(4242, 7), (6, 6)]


def test_four_bytes_too_many_do_not_shift_small_numbers_for_long() -> None:
    """Where processes have numbers like 5, n and pid look alike."""
    askers = (41, 42, 43)
    fifo = Fifo(b"\1\0\0\0" + frame(41, 5) + frame(42, 6) + frame(43, 7), askers)
    assert fifo.questions.next(0) == (1, 41)
    fifo.questions.doubt()
    assert fifo.all() == [(42, 6), (43, 7)]


def test_a_part_of_a_question_is_dropped_when_nothing_follows() -> None:
    fifo = Fifo(frame(4242, 5)[:3])
    assert fifo.questions.next(0) is None
    assert fifo.questions.due() == PATIENCE_NS
    assert fifo.questions.next(PATIENCE_NS - 1) is None
    assert fifo.questions.take_dropped() == 0
    assert fifo.questions.next(PATIENCE_NS) is None
    assert fifo.questions.take_dropped() == 3
    assert fifo.questions.due() is None
    fifo.data = frame(4242, 5)
    assert fifo.questions.next(PATIENCE_NS + 1) == (4242, 5)


def test_a_question_in_two_parts_is_one() -> None:
    fifo = Fifo(frame(4242, 5)[:3])
    assert fifo.questions.next(0) is None
    fifo.data = frame(4242, 5)[3:]
    assert fifo.questions.next(PATIENCE_NS - 1) == (4242, 5)


def test_once_the_fifo_is_empty_the_next_eight_bytes_are_believed_again() -> None:
    fifo = Fifo(b"garbage!" + b"x")
    assert fifo.all() == []
    assert fifo.questions.next(PATIENCE_NS) is None
    assert fifo.questions.take_dropped() == 9
    fifo.data = frame(4242, 5)
    assert fifo.questions.next(PATIENCE_NS) == (4242, 5)
