"""Whose turn it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fifod.channel import Channel, Slots
from fifod.rota import Rota
from tests.unit.channels import Line


@pytest.fixture
def rota() -> Rota:
    return Rota()


class Crowd:
    """Channels of several uids."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._lines: list[Line] = []

    def of(self, *uids: int) -> list[Channel]:
        lines = [Line(self._place, uid) for uid in uids]
        self._lines += lines
        return [line.channel for line in lines]

    def close(self) -> None:
        for line in self._lines:
            line.close()


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    crowd = Crowd(tmp_path)
    yield crowd
    crowd.close()


def taken(rota: Rota) -> list[Channel]:
    found = []
    while rota:
        found.append(rota.take())
    return found


def test_an_empty_rota_has_no_turns(rota: Rota) -> None:
    assert not rota


def test_channels_of_one_uid_take_turns_in_order(rota: Rota, crowd: Crowd) -> None:
    channels = crowd.of(1, 1, 1)
    for channel in channels:
        rota.add(channel)
    assert taken(rota) == channels


def test_a_channel_that_waits_already_is_not_added_twice(rota: Rota, crowd: Crowd) -> None:
    one, two = crowd.of(1, 1)
    for channel in (one, two, one, two, one):
        rota.add(channel)
    assert taken(rota) == [one, two]


def test_a_uid_with_many_channels_has_no_more_turns_than_one_with_one(rota: Rota, crowd: Crowd) -> None:
    many, [lone] = crowd.of(*[1] * 10), crowd.of(2)
    for channel in (*many, lone):
        rota.add(channel)
    assert taken(rota)[:3] == [many[0], lone, many[1]]


def test_a_busy_uid_never_has_two_turns_while_another_waits(rota: Rota, crowd: Crowd) -> None:
    channels = crowd.of(1, 1, 1, 2, 3)
    for channel in channels:
        rota.add(channel)
    turns: Counter[int] = Counter()
    for _ in range(300):
        channel = rota.take()
        turns[channel.uid] += 1
        rota.add(channel)
    assert turns == {1: 100, 2: 100, 3: 100}


def test_a_removed_channel_has_no_turn(rota: Rota, crowd: Crowd) -> None:
    one, two, three = crowd.of(1, 1, 2)
    for channel in (one, two, three):
        rota.add(channel)
    rota.remove(two)
    rota.remove(two)
    rota.remove(three)
    assert taken(rota) == [one]
    rota.remove(one)


@given(st.lists(st.tuples(st.sampled_from(["add", "take", "remove"]), st.integers(0, 8)), max_size=60))
def test_whatever_happens_each_waiting_channel_has_one_turn(events: list[tuple[str, int]]) -> None:
    channels = [Channel(number, str(number), number % 3, Slots()) for number in range(9)]
    rota, waiting = Rota(), set[Channel]()
    for event, number in events:
        if event == "add":
            rota.add(channels[number])
            waiting.add(channels[number])
        elif event == "remove":
            rota.remove(channels[number])
            waiting.discard(channels[number])
        elif waiting:
            waiting.remove(rota.take())
        assert bool(rota) == bool(waiting)
    rest = taken(rota)
    assert len(rest) == len(waiting)
    assert set(rest) == waiting
