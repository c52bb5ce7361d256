"""Frames of the exercise's protocol: its two C structs as bytes. No I/O.

    struct question { pid_t pid_client; int n; };                   8 bytes, through fifo1
    struct answer { int nb_valeurs; int valeurs[100]; };          404 bytes, through fifo2

Integers are as this machine's C compiler lays them out.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from fifod.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_VALUES = 100
MIN_VALUE, MAX_VALUE = 1, 100

_QUESTION = Struct("@ii")
_ANSWER = Struct(f"@{1 + MAX_VALUES}i")
QUESTION_SIZE = _QUESTION.size
ANSWER_SIZE = _ANSWER.size


class Question(NamedTuple):
    """What a client writes: the process that says it asks, which is a claim, and how many values it wants."""

    pid: int
    n: int


def encode_question(question: Question) -> bytes:
    """A question's bytes; both numbers must be in names.INT32."""
    return _QUESTION.pack(*question)


def decode_question(frame: bytes) -> Question:
    """The question that QUESTION_SIZE bytes hold, whatever its numbers are."""
    return Question(*_QUESTION.unpack(frame))


def encode_answer(values: Sequence[int]) -> bytes:
    """An answer's bytes; none of the places that hold no value holds anything but 0."""
    if len(values) > MAX_VALUES:
        raise ValueError(f"an answer has room for {MAX_VALUES} values, not for {len(values)}")
    return _ANSWER.pack(len(values), *values, *[0] * (MAX_VALUES - len(values)))


def decode_answer(frame: bytes) -> list[int]:
    """The values that an answer holds; raises ProtocolError if it is none."""
    if len(frame) != ANSWER_SIZE:
        raise ProtocolError(f"what came is no answer: it has {len(frame)} bytes, not {ANSWER_SIZE}")
    count, *values = _ANSWER.unpack(frame)
    if not 0 <= count <= MAX_VALUES:
        raise ProtocolError(f"what came is no answer: it says that it holds {count} values, not 0 to {MAX_VALUES}")
    return values[:count]
