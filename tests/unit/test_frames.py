"""The exercise's two structs, as its C programs write and read them."""

from __future__ import annotations

import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fifod import names
from fifod.classic import frames
from fifod.classic.frames import Question
from fifod.errors import ProtocolError

INTS = st.integers(names.INT32[0], names.INT32[-1])


def ints(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, sys.byteorder, signed=True) for value in values)


def test_the_frames_have_the_sizes_of_the_structs() -> None:
    assert (frames.QUESTION_SIZE, frames.ANSWER_SIZE) == (8, 404)


def test_a_question_is_a_pid_and_a_count() -> None:
    assert frames.encode_question(Question(4242, 5)) == ints(4242, 5)


@given(INTS, INTS)
def test_every_question_comes_back_whatever_it_claims(pid: int, n: int) -> None:
    assert frames.decode_question(frames.encode_question(Question(pid, n))) == (pid, n)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 10**30])
def test_a_number_that_is_no_int_is_refused(number: int) -> None:
    with pytest.raises(struct.error):
        frames.encode_question(Question(1, number))


def test_a_question_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Question(1, 2).pid = 3  # type: ignore[misc]


def test_an_answer_is_a_count_and_a_hundred_ints() -> None:
    assert frames.encode_answer([7, 100]) == ints(2, 7, 100, *[0] * 98)


@given(st.lists(INTS, max_size=100))
def test_every_answer_comes_back(values: list[int]) -> None:
    frame = frames.encode_answer(values)
    assert (len(frame), frames.decode_answer(frame)) == (404, values)


def test_an_answer_of_no_values_is_all_zeros() -> None:
    assert frames.encode_answer([]) == bytes(404)


def test_more_values_than_an_answer_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="room for 100 values, not for 101"):
        frames.encode_answer([1] * 101)


@pytest.mark.parametrize("count", [-1, 101, -(2**31), 2**31 - 1])
def test_an_answer_with_an_impossible_count_is_refused(count: int) -> None:
    with pytest.raises(ProtocolError, match=f"says that it holds {count} values, not 0 to 100"):
        frames.decode_answer(ints(count, *[1] * 100))


@pytest.mark.parametrize("size", [0, 8, 403, 405, 808])
def test_what_is_not_404_bytes_is_no_answer(size: int) -> None:
    with pytest.raises(ProtocolError, match=f"has {size} bytes, not 404"):
        frames.decode_answer(bytes(size))
